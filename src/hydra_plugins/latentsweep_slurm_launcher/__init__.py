"""Hydra finds the launcher `latentsweep_slurm` here."""
