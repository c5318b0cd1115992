"""Schema of `conf/network/`: the shape of encoder and decoder."""

from typing import Annotated, Literal

from pydantic import Field

from latentsweep.config.component import Width, Widths, component

Activation = Literal["relu", "tanh", "gelu", "silu", "leaky_relu"]


@component
class MLPConfig:
    """Fully connected layers; the decoder mirrors the encoder."""

    name: Literal["mlp"] = "mlp"
    """Which network this is."""
    hidden_sizes: Widths
    """Widths of the encoder's hidden layers, from the image inwards."""
    activation: Activation
    """Non-linearity after each hidden layer."""


@component
class ConvConfig:
    """Strided 4x4 convolutions, then one hidden layer (Locatello et al. 2019, table 1)."""

    name: Literal["conv"] = "conv"
    """Which network this is."""
    channels: Widths | None
    """Channels of the convolutions; each halves height and width. null: as many as the image
    halves, 32 channels in the first half of them and 64 in the rest."""
    hidden_size: Width
    """Width of the fully connected layer between convolutions and latents."""
    activation: Activation
    """Non-linearity after each layer."""


@component
class LinearConfig:
    """One affine map each way: the linear VAE, whose optimum is probabilistic PCA."""

    name: Literal["linear"] = "linear"
    """Which network this is."""


NetworkConfig = Annotated[MLPConfig | ConvConfig | LinearConfig, Field(discriminator="name")]
