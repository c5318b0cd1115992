"""How Hydra finds the sweeper."""
