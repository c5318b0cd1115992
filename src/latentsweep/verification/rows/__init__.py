"""The claims, a module a family; each has its own in `CLAIMS`."""
