"""Autoencoders in plain PyTorch: networks, likelihoods, priors, KL schedules."""
