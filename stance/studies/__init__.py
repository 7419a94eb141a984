"""Trainings around the embedded checkpoint that say how far its scores can be trusted (extra: train)."""
