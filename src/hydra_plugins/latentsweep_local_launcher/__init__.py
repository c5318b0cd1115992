"""How Hydra finds the launcher of workers on this machine."""
