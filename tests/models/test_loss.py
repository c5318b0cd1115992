"""What the loss is made of, in nats per image."""

import pytest
import torch

from latentsweep.config.likelihood import BernoulliConfig
from latentsweep.config.model import AEConfig, BetaVAEConfig, ModelConfig, VAEConfig
from latentsweep.config.network import MLPConfig
from latentsweep.models.ae import AE
from latentsweep.models.build import build_model
from latentsweep.models.kl_schedules import Pressure
from latentsweep.models.terms import Terms

FULL = Pressure(1.0, None)
TERMS = Terms(
    log_likelihood=torch.tensor([-10.0, -20.0]),
    kl=torch.tensor([[1.0, 0.0, 4.0], [3.0, 0.2, 2.0]]),
)
RATE = 2.0 + 0.1 + 3.0


def model(config: ModelConfig) -> AE:
    torch.manual_seed(0)
    network = MLPConfig(hidden_sizes=(8,), activation="tanh")
    return build_model(config, network, BernoulliConfig(), (1, 4, 4))


def beta_vae(beta: float, free_bits: float = 0.0) -> AE:
    return model(BetaVAEConfig(latent_size=3, beta=beta, free_bits=free_bits))


def test_elbo_has_weight_one_whatever_was_trained() -> None:
    torch.testing.assert_close(TERMS.elbo, torch.tensor([-15.0, -25.2]))


def test_loss_of_a_vae_is_the_negative_mean_elbo() -> None:
    loss = model(VAEConfig(latent_size=3)).loss(TERMS, FULL)
    torch.testing.assert_close(loss, -TERMS.elbo.mean())


@pytest.mark.parametrize(
    ("beta", "pressure", "penalty"),
    [
        (4.0, FULL, 4 * RATE),
        (4.0, Pressure(0.25, None), RATE),
        (0.0, FULL, 0.0),
        (10.0, Pressure(1.0, 3.1), 10 * 2.0),
        (10.0, Pressure(1.0, 7.1), 10 * 2.0),
        (10.0, Pressure(1.0, 0.0), 10 * RATE),
    ],
)
def test_weight_beta_and_capacity_make_the_penalty(beta, pressure, penalty) -> None:
    assert float(beta_vae(beta).loss(TERMS, pressure)) == pytest.approx(15 + penalty, rel=1e-6)


def test_free_bits_floor_each_latents_batch_mean_kl() -> None:
    assert float(beta_vae(2.0, 0.5).loss(TERMS, FULL)) == pytest.approx(15 + 2 * (2 + 0.5 + 3))
    with_capacity = beta_vae(2.0, 0.5).loss(TERMS, Pressure(1.0, 6.0))
    assert float(with_capacity) == pytest.approx(15 + 2 * 0.5)


def test_free_bits_leave_a_latent_below_the_floor_alone() -> None:
    kl = TERMS.kl.clone().requires_grad_()
    beta_vae(2.0, 0.5).loss(Terms(TERMS.log_likelihood, kl), FULL).backward()
    assert kl.grad is not None
    assert kl.grad.sum(0).tolist() == [2.0, 0.0, 2.0]


def test_autoencoder_has_no_kl_no_variance_and_ignores_noise() -> None:
    ae = model(AEConfig(latent_size=3))
    x = torch.rand(5, 1, 4, 4)
    first, second = ae.terms(x, torch.randn(5, 3)), ae.terms(x, torch.randn(5, 3))
    assert not ae.has_prior
    assert first.kl.shape == (5, 3)
    assert not first.kl.any()
    assert not ae.encode(x)[1].any()
    assert torch.equal(first.log_likelihood, second.log_likelihood)
    assert torch.equal(ae.loss(first, FULL), ae.loss(first, Pressure(0.0, 3.0)))
    assert torch.equal(ae.posterior(x).sample(torch.randn(5, 3)), ae.encode(x)[0])


def test_zero_noise_reconstructs_from_the_posterior_mean() -> None:
    vae = model(VAEConfig(latent_size=3))
    x = torch.rand(5, 1, 4, 4)
    mean, variance = vae.encode(x)
    assert vae.has_prior
    assert (variance > 0).all()
    assert torch.equal(vae.reconstruct(x), vae.decode(mean))
    expected = vae.likelihood.log_prob(vae.decoder(mean), x)
    torch.testing.assert_close(vae.terms(x, torch.zeros(5, 3)).log_likelihood, expected)
