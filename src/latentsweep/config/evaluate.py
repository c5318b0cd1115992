"""Schema of `conf/evaluate.yaml`: how a recorded run is measured."""

from typing import Annotated, Literal

from pydantic import Field, StrictInt

from latentsweep.config.component import PositiveFloat, Seed, Switch, Text, component

# Beyond it, the sum of so many float64 numbers is nobody's wish.
_MOST_SAMPLES = 10**6
Where = Literal["auto", "always", "never"]


@component
class EvaluateConfig:
    """What is measured, and how exactly."""

    importance_samples: Annotated[StrictInt, Field(ge=1, le=_MOST_SAMPLES)]
    """k of the importance-weighted NLL (Burda et al. 2016)."""
    quadrature: Where
    """log p(x) by quadrature; auto: with up to 3 latents."""
    quadrature_tolerance: PositiveFloat
    """By how many nats two rules may differ for an image."""
    disentanglement: Where
    """Scores against the factors of the data; auto: where it knows them."""
    baselines: Switch
    """Whether PCA and probabilistic PCA of the same latent size are measured beside the run."""
    seed: Seed
    """Of the noise, and of what the scores draw."""
    data_dir: Text | None
    """Where the data lies now; null: where it lay in training."""
    data_path: Text | None
    """The same of the file or folder of data=arrays and data=image_folder."""
