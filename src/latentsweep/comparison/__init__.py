"""Models beside each other: the same network, data and budget, several seeds of each."""
