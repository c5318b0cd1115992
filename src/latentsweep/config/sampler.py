"""Schema of `conf/sampler/`: how a trial's parameters are chosen; arguments by Optuna's names."""

from typing import Annotated, Any, Literal

from pydantic import Field, StrictFloat

from latentsweep.config.component import (
    Name,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    Switch,
    component,
)

Probability = Annotated[StrictFloat, Field(ge=0, le=1)]
PopulationSize = Annotated[PositiveInt, Field(ge=2)]


@component
class TPESamplerConfig:
    """Tree-structured Parzen estimator (Bergstra et al. 2011)."""

    name: Literal["tpe"] = "tpe"
    """Which sampler this is."""
    n_startup_trials: NonNegativeInt = 10
    """Finished trials before which parameters are random."""
    n_ei_candidates: PositiveInt = 24
    """Candidates among which the most promising is taken."""
    multivariate: Switch | None = None
    """Whether parameters are chosen together; null: with one objective."""
    group: Switch = False
    """With `multivariate`, whether parameters under different conditions form groups."""
    constant_liar: Switch = True
    """Whether to keep away from the parameters of trials that run."""
    prior_weight: PositiveFloat | None = None
    """Weight of the prior; null: 1. Deprecated by Optuna."""
    consider_magic_clip: Switch | None = None
    """Whether the estimator's smallest variances are bounded; null: they are. Deprecated."""
    consider_endpoints: Switch | None = None
    """Whether a variance may come from an interval's end; null: it may not. Deprecated."""


@component
class GPSamplerConfig:
    """A Gaussian process; it learns from complete trials alone."""

    name: Literal["gp"] = "gp"
    """Which sampler this is."""
    n_startup_trials: NonNegativeInt = 10
    """Complete trials before which parameters are random."""
    deterministic_objective: Switch = False
    """Whether the same parameters always give the same value."""


@component
class CMAESSamplerConfig:
    """CMA-ES (Hansen 2016): numbers only, one objective."""

    name: Literal["cma_es"] = "cma_es"
    """Which sampler this is."""
    n_startup_trials: NonNegativeInt = 1
    """Complete trials before which parameters are random."""
    consider_pruned_trials: Switch = False
    """Whether it learns from pruned trials, by their last value."""
    popsize: PopulationSize | None = None
    """Trials of a generation; null: 4 + floor(3 ln(number of parameters))."""
    use_separable_cma: Switch = False
    """Whether the covariance is kept diagonal."""
    with_margin: Switch = False
    """Whether whole numbers keep a least probability to change (Hamano et al. 2022)."""
    lr_adapt: Switch = False
    """Whether the learning rate adapts (Nomura et al. 2023)."""
    x0: dict[Name, Any] | None = None
    """Where to start, by key; null: in the middle. Deprecated by Optuna."""
    sigma0: PositiveFloat | None = None
    """First step size; null: a sixth of the narrowest side. Deprecated by Optuna."""


@component
class NSGAIISamplerConfig:
    """NSGA-II (Deb et al. 2002); it learns from complete trials alone."""

    name: Literal["nsga_ii"] = "nsga_ii"
    """Which sampler this is."""
    population_size: PopulationSize = 50
    """Trials of a generation."""
    mutation_prob: Probability | None = None
    """Probability that a parameter mutates; null: 1 / number of parameters."""
    crossover_prob: Probability = 0.9
    """Probability that a child has two parents."""
    swapping_prob: Probability = 0.5
    """Probability that a parameter comes from the second parent."""


@component
class QMCSamplerConfig:
    """A low-discrepancy sequence; it learns nothing."""

    name: Literal["qmc"] = "qmc"
    """Which sampler this is."""
    qmc_type: Literal["sobol", "halton"] = "sobol"
    """Which sequence."""
    scramble: Switch = False
    """Whether the sequence is scrambled, by the seed."""


@component
class RandomSamplerConfig:
    """Independent random values."""

    name: Literal["random"] = "random"
    """Which sampler this is."""


@component
class GridSamplerConfig:
    """Every combination of the values once, in an order that the seed shuffles."""

    name: Literal["grid"] = "grid"
    """Which sampler this is."""


SamplerConfig = Annotated[
    TPESamplerConfig
    | GPSamplerConfig
    | CMAESSamplerConfig
    | NSGAIISamplerConfig
    | QMCSamplerConfig
    | RandomSamplerConfig
    | GridSamplerConfig,
    Field(discriminator="name"),
]
