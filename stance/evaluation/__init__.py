"""Metrics, calibration and evaluation reports (extra: train)."""
