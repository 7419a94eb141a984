"""Training, calibration and export of checkpoints (extra: train)."""
