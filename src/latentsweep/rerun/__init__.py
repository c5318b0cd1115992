"""Recorded runs and sweeps again: brought back, checked, trained, and compared with the record."""
