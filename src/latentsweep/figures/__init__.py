"""Pictures of models: arrays in, pictures out."""
