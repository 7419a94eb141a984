"""From pairs of texts to calibrated probabilities."""
