"""A search over training runs: study, queue, leases, workers, pruning, report."""
