"""Schema of `conf/optimizer/`."""

from typing import Annotated, Literal

from pydantic import Field, StrictFloat

from latentsweep.config.component import NonNegativeFloat, PositiveFloat, component

Decay = Annotated[StrictFloat, Field(ge=0, lt=1)]


@component
class AdamConfig:
    """Adam (Kingma & Ba 2015) on the loss in nats per image."""

    name: Literal["adam"] = "adam"
    """Which optimiser this is."""
    learning_rate: PositiveFloat
    """Step size."""
    beta1: Decay
    """Decay of the running mean of the gradient."""
    beta2: Decay
    """Decay of the running mean of its square."""
    weight_decay: NonNegativeFloat
    """L2 penalty added to the gradient."""


OptimizerConfig = AdamConfig
