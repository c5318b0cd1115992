"""A likelihood by the name in the config."""

from typing import assert_never

from latentsweep.config.likelihood import (
    BernoulliConfig,
    ContinuousBernoulliConfig,
    GaussianConfig,
    LaplaceConfig,
    LikelihoodConfig,
)
from latentsweep.models.likelihoods.bernoulli import Bernoulli
from latentsweep.models.likelihoods.continuous_bernoulli import ContinuousBernoulli
from latentsweep.models.likelihoods.gaussian import Gaussian
from latentsweep.models.likelihoods.laplace import Laplace
from latentsweep.models.likelihoods.likelihood import Likelihood


def build_likelihood(config: LikelihoodConfig) -> Likelihood:
    """The likelihood that `config` names."""
    match config:
        case BernoulliConfig():
            return Bernoulli()
        case ContinuousBernoulliConfig():
            return ContinuousBernoulli()
        case GaussianConfig():
            return Gaussian(config.variance, learn_variance=config.learn_variance)
        case LaplaceConfig():
            return Laplace(config.scale, learn_scale=config.learn_scale)
        case _:
            assert_never(config)
