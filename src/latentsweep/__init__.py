"""latentsweep: how large a latent space does this data need, and how hard should the KL press?"""

__version__ = "0.1.0"
