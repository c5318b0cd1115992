"""How well a model's latents agree with factors of variation, or with another seed's latents."""
