"""Encoders, images -> (batch, outputs), and decoders, (batch, latent) -> images."""
