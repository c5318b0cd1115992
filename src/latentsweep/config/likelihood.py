"""Schema of `conf/likelihood/`: p(x|z), always summed over pixels, in nats per image."""

from typing import Annotated, Literal

from pydantic import Field

from latentsweep.config.component import PositiveFloat, Switch, component


@component
class BernoulliConfig:
    """Independent Bernoulli pixels; on grey values in [0, 1] it is the binary cross-entropy."""

    name: Literal["bernoulli"] = "bernoulli"
    """Which likelihood this is."""


@component
class ContinuousBernoulliConfig:
    """A normalised density on [0, 1] (Loaiza-Ganem & Cunningham 2019)."""

    name: Literal["continuous_bernoulli"] = "continuous_bernoulli"
    """Which likelihood this is."""


@component
class GaussianConfig:
    """Normal pixels with one variance for all of them."""

    name: Literal["gaussian"] = "gaussian"
    """Which likelihood this is."""
    variance: PositiveFloat
    """Variance of a pixel; its starting value where it is learned."""
    learn_variance: Switch
    """Whether the variance is a parameter."""


@component
class LaplaceConfig:
    """Laplace pixels with one scale for all of them."""

    name: Literal["laplace"] = "laplace"
    """Which likelihood this is."""
    scale: PositiveFloat
    """Scale of a pixel; its starting value where it is learned."""
    learn_scale: Switch
    """Whether the scale is a parameter."""


LikelihoodConfig = Annotated[
    BernoulliConfig | ContinuousBernoulliConfig | GaussianConfig | LaplaceConfig,
    Field(discriminator="name"),
]


def is_density(config: LikelihoodConfig) -> bool:
    """Whether p(x|z) is a density, and not a probability of binary pixels.

    Nats of the one are no nats of the other.
    """
    return not isinstance(config, BernoulliConfig)
