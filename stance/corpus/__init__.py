"""Labelled pairs: stand-off annotations, building, public sources, mixtures."""
