"""Each likelihood against torch.distributions, summed over pixels."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, distributions

from latentsweep.models.likelihoods.bernoulli import Bernoulli
from latentsweep.models.likelihoods.continuous_bernoulli import ContinuousBernoulli
from latentsweep.models.likelihoods.gaussian import Gaussian
from latentsweep.models.likelihoods.laplace import Laplace
from latentsweep.models.likelihoods.likelihood import Likelihood

LIKELIHOODS = {
    "bernoulli": Bernoulli(),
    "continuous_bernoulli": ContinuousBernoulli(),
    "gaussian": Gaussian(0.3, learn_variance=False),
    "laplace": Laplace(0.3, learn_scale=True),
}


def oracle(name: str, output: Tensor) -> distributions.Distribution:
    match name:
        case "bernoulli":
            return distributions.Bernoulli(logits=output)
        case "continuous_bernoulli":
            return distributions.ContinuousBernoulli(logits=output)
        case "gaussian":
            return distributions.Normal(output, math.sqrt(0.3))
        case _:
            return distributions.Laplace(output, 0.3)


@pytest.fixture(params=sorted(LIKELIHOODS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def double(name: str) -> Likelihood:
    return LIKELIHOODS[name].double()


def outputs() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return 3 * torch.randn(5, 2, 4, 3, dtype=torch.float64, generator=generator)


def images(name: str) -> Tensor:
    x = torch.rand(outputs().shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return x.round() if name == "bernoulli" else x


def test_log_prob_is_the_sum_of_the_pixels_log_probs(name: str) -> None:
    expected = oracle(name, outputs()).log_prob(images(name)).sum(dim=(1, 2, 3))
    found = double(name).log_prob(outputs(), images(name))
    assert found.shape == (5,)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_twice_the_pixels_are_twice_the_nats(name: str) -> None:
    output, x = outputs(), images(name)
    twice = double(name).log_prob(torch.cat([output, output], 3), torch.cat([x, x], 3))
    torch.testing.assert_close(twice, 2 * double(name).log_prob(output, x))


def test_mean_is_that_of_the_distribution(name: str) -> None:
    torch.testing.assert_close(
        double(name).mean(outputs()), oracle(name, outputs()).mean, rtol=1e-4, atol=1e-6
    )


def test_samples_have_the_mean_and_variance_of_the_distribution(name: str) -> None:
    output = torch.tensor([-4.0, -0.5, 0.0, 0.7, 5.0], dtype=torch.float64)
    many = output.repeat(40_000, 1)
    drawn = double(name).sample(many, torch.Generator().manual_seed(3))
    torch.testing.assert_close(drawn.mean(0), double(name).mean(output), rtol=0, atol=0.012)
    expected = oracle(name, output).variance
    torch.testing.assert_close(drawn.var(0), expected, rtol=0.05, atol=0.003)


def test_samples_depend_on_the_generator_alone(name: str) -> None:
    first = double(name).sample(outputs(), torch.Generator().manual_seed(4))
    again = double(name).sample(outputs(), torch.Generator().manual_seed(4))
    other = double(name).sample(outputs(), torch.Generator().manual_seed(5))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_extreme_outputs_give_finite_values_and_gradients(name: str) -> None:
    output = torch.tensor([-1e4, -100.0, -1e-8, 0.0, 1e-8, 100.0, 1e4], requires_grad=True)
    output_image = output.reshape(1, 1, 1, -1)
    likelihood = LIKELIHOODS[name].float()
    value = likelihood.log_prob(output_image, torch.full_like(output_image, 0.5))
    total = value.sum() + likelihood.mean(output_image).sum()
    (gradient,) = torch.autograd.grad(total, output)
    assert torch.isfinite(total)
    assert torch.isfinite(gradient).all()
    assert torch.isfinite(likelihood.sample(output_image)).all()


@pytest.mark.parametrize("logit", [-30.0, -3.0, -0.201, -0.199, -1e-3, 0.0, 1e-6, 0.199, 0.201, 8])
def test_continuous_bernoulli_agrees_with_numerical_integration(logit: float) -> None:
    nodes, weights = np.polynomial.legendre.leggauss(200)
    x = torch.tensor((nodes + 1) / 2)
    weight = torch.tensor(weights / 2)
    output = torch.tensor(logit, dtype=torch.float64)
    likelihood = ContinuousBernoulli()
    density = likelihood.log_prob(output.expand(200, 1, 1, 1), x.reshape(-1, 1, 1, 1)).exp()
    assert float((weight * density).sum()) == pytest.approx(1, abs=1e-9)
    assert float((weight * density * x).sum()) == pytest.approx(
        float(likelihood.mean(output)), abs=1e-9
    )


def test_continuous_bernoulli_in_single_precision_is_smooth_at_one_half() -> None:
    logits = torch.linspace(-0.5, 0.5, 2001)[:, None, None, None]
    x = torch.full_like(logits, 0.3)
    single = ContinuousBernoulli().log_prob(logits, x)
    exact = ContinuousBernoulli().log_prob(logits.double(), x.double())
    torch.testing.assert_close(single.double(), exact, rtol=0, atol=1e-6)


def test_only_a_learned_variance_is_a_parameter() -> None:
    assert [n for n, _ in Gaussian(1.0, learn_variance=True).named_parameters()] == ["log_variance"]
    assert not list(Gaussian(1.0, learn_variance=False).parameters())
    assert [n for n, _ in Laplace(1.0, learn_scale=True).named_parameters()] == ["log_scale"]
    assert not list(Laplace(1.0, learn_scale=False).parameters())


def test_gradient_of_learned_variance_vanishes_at_the_mean_squared_error() -> None:
    output, x = torch.zeros(1, 1, 1, 4), torch.tensor([1.0, -1.0, 2.0, 0.0]).reshape(1, 1, 1, 4)
    likelihood = Gaussian(1.5, learn_variance=True)
    likelihood.log_prob(output, x).sum().backward()
    assert likelihood.log_variance.grad.item() == pytest.approx(0, abs=1e-6)
