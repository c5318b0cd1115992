"""Numbers about models: pure functions on tensors."""
