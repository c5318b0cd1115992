"""The FactorVAE: its loss, what is shuffled, and two gradients that keep apart."""

import pytest
import torch
from torch import nn

from latentsweep.config.model import FactorVAEConfig
from latentsweep.models.factor_vae import FactorVAE, shuffled
from latentsweep.models.kl_schedules import Pressure
from latentsweep.models.terms import Terms, given
from latentsweep.models.whole_batch import WHOLE

from .small_models import FULL, batch, built, vae_loss


def factor_vae(gamma: float) -> FactorVAE:
    model = built(FactorVAEConfig(latent_size=3, gamma=gamma, discriminator_learning_rate=1e-4))
    assert isinstance(model, FactorVAE)
    return model


def log_ratio(model: FactorVAE, z: torch.Tensor) -> torch.Tensor:
    """By plain modules: six hidden layers of 1000, leaky ReLU, and the two logits' difference."""
    layers: list[nn.Module] = []
    for layer in model.discriminator.layers:
        layers += [layer, nn.LeakyReLU(0.2)]
    logits = nn.Sequential(*layers[:-1])(z)
    assert [tuple(each.weight.shape) for each in model.discriminator.layers] == [
        (1000, 3), *([(1000, 1000)] * 5), (2, 1000)
    ]  # fmt: skip
    return logits.log_softmax(1)[:, 0] - logits.log_softmax(1)[:, 1]


def parts(model: FactorVAE) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    own, theirs = (group["params"] for group in model.parameter_groups())
    return own, theirs


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_value_of_the_loss_is_the_vaes_alone(weight: float) -> None:
    model = factor_vae(10.0)
    terms = model.terms(*batch(model))
    told = float(log_ratio(model, given(terms.z)).detach().mean())
    expected = -float(terms.log_likelihood.mean())
    expected += weight * (float(terms.kl.sum(1).mean()) + 10 * told)
    assert float(model.loss(terms, Pressure(weight, None))) == pytest.approx(expected, rel=1e-9)


def test_gamma_zero_is_a_vae_whose_discriminator_learns_all_the_same() -> None:
    model = factor_vae(0.0)
    loss = model(*batch(model), FULL)
    torch.testing.assert_close(loss, vae_loss())
    loss.backward()
    assert all(each.grad is not None and each.grad.any() for each in parts(model)[1])


def test_each_part_gets_the_gradient_of_its_own_loss_alone() -> None:
    model = factor_vae(10.0)
    own, theirs = parts(model)
    x, noise = batch(model)
    model(x, noise, FULL).backward()

    terms = model.terms(x, noise)
    z = given(terms.z)
    of_vae = -terms.elbo.mean() + 10 * log_ratio(model, z).mean()
    expected = torch.autograd.grad(of_vae, own, retain_graph=True)
    for parameter, gradient in zip(own, expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)

    fake = shuffled(z, noise[:, 3:])
    classes = nn.functional.binary_cross_entropy_with_logits
    ratios = torch.cat([log_ratio(model, z), log_ratio(model, fake)])
    labels = torch.cat([torch.ones(6), torch.zeros(6)]).double()
    expected = torch.autograd.grad(classes(ratios, labels), theirs)
    for parameter, gradient in zip(theirs, expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_shuffling_moves_each_latent_by_itself_and_loses_no_value() -> None:
    codes = torch.arange(24.0).reshape(8, 3)
    generator = torch.Generator().manual_seed(0)
    found = shuffled(codes, torch.randn(8, 3, generator=generator))
    assert torch.equal(found.sort(dim=0).values, codes)
    images = (found // 3).long()
    assert any(len(set(row.tolist())) > 1 for row in images)


def test_every_order_of_the_images_is_equally_likely() -> None:
    draws = torch.randn(6000, 3, 1, generator=torch.Generator().manual_seed(0))
    orders = [tuple(each.argsort(0)[:, 0].tolist()) for each in draws]
    counts = [orders.count(order) for order in set(orders)]
    assert len(counts) == 6
    assert max(abs(count - 1000) for count in counts) < 120  # four deviations


def test_shuffling_has_numbers_of_its_own() -> None:
    model = factor_vae(10.0)
    x, noise = batch(model)
    other = noise.clone()
    other[:, 3:] = other[:, 3:].flip(0)
    one, changed = model.terms(x, noise), model.terms(x, other)
    assert torch.equal(given(one.z), given(changed.z))
    assert model.discrimination(one, WHOLE) != model.discrimination(changed, WHOLE)


def test_discriminator_has_adam_settings_of_its_own_and_no_parameter_is_left_out() -> None:
    model = factor_vae(10.0)
    own, theirs = model.parameter_groups()
    assert {key: theirs[key] for key in ("lr", "betas", "weight_decay")} == {
        "lr": 1e-4, "betas": (0.5, 0.9), "weight_decay": 0.0
    }  # fmt: skip
    assert list(own) == ["params"]
    assert len(own["params"]) + len(theirs["params"]) == len(list(model.parameters()))


def test_trained_discriminator_tells_correlated_codes_from_shuffled_ones() -> None:
    model = factor_vae(10.0).float()
    optimizer = torch.optim.Adam(parts(model)[1], lr=1e-4, betas=(0.5, 0.9), fused=True)
    generator = torch.Generator().manual_seed(0)
    entropies = []
    for _ in range(12):
        codes = torch.randn(64, 1, generator=generator).expand(64, 3)
        nothing = torch.zeros(64)
        draws = torch.randn(64, 3, generator=generator)
        terms = Terms(nothing, nothing[:, None], z=codes, draws=draws)
        optimizer.zero_grad()
        entropy = model.discrimination(terms, WHOLE)
        entropy.backward()
        optimizer.step()
        entropies.append(float(entropy.detach()))
    assert entropies[-1] < 0.5 < 0.6 < entropies[0]
