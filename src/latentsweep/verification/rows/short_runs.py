"""Short runs with known results, on real images."""

from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from latentsweep.evaluation.baselines import fit_components
from latentsweep.evaluation.images import images_of
from latentsweep.evaluation.measuring import Effort, measure
from latentsweep.evaluation.subject import Subject
from latentsweep.metrics.ppca import ppca_log_likelihood
from latentsweep.models.ae import AE
from latentsweep.models.ppca import ppca_model
from latentsweep.training.ranks.ranks import ALONE
from latentsweep.verification.claim import Claim, Found, Tolerance, within
from latentsweep.verification.trained import last_state, scores, trained

FAMILY = "Short runs with known results"
# As nearly all images as there can be validation beside; PyTorch's example has none.
MNIST_VAE = ("experiment=mnist_vae", "data.val_fraction=0.001", "trainer.precision=32-true")
LINEAR_DIGITS = (
    *("data=digits", "model=vae", "network=linear", "likelihood=gaussian", "batch_size=128"),
    *("optimizer.learning_rate=3e-3", "trainer.max_epochs=500", "trainer.precision=32-true"),
)
_LATENTS = 10
_SAMPLES = 64  # of each image's noise
_CPU = torch.device("cpu")


def _mnist_vae(directory: Path) -> Found:
    metrics = scores(trained(directory, MNIST_VAE), ["importance_samples=1"])
    return Found(
        -metrics["elbo"],
        standard_error=metrics["elbo_standard_error"],
        note="trained on 59,940 of the 60,000 images, in whole batches only; the loss of one noise "
        "sample an image on the 10,000 test images, after the last epoch",
    )


@cache
def _linear_digits(directory: Path) -> Subject:
    return last_state(trained(directory, (*LINEAR_DIGITS, f"model.latent_size={_LATENTS}")))


def _linear_vae(directory: Path) -> Found:
    subject = _linear_digits(directory.parent / "linear_digits")
    return Found(_elbo(subject.model, subject), _log_likelihood(subject))


def _ppca(directory: Path) -> Found:
    subject = _linear_digits(directory.parent / "linear_digits")
    fitted = fit_components(subject.splits, _LATENTS)
    assert fitted is not None
    return Found(_elbo(ppca_model(fitted.components), subject), _log_likelihood(subject))


def _elbo(model: AE, subject: Subject) -> float:
    """Of the training images, nats per image."""
    images = images_of(subject.splits.train, ALONE, _CPU)
    found = measure(model, images, Effort(_SAMPLES, None, seed=0), subject.span, ALONE)
    assert found is not None
    return found.metrics["elbo"]


def _log_likelihood(subject: Subject) -> float:
    """Of pPCA on the training images, from their covariance alone."""
    rows = _training_images(subject).double().flatten(1)
    eigenvalues = torch.linalg.eigvalsh(torch.cov(rows.T, correction=0))
    return ppca_log_likelihood(eigenvalues, _LATENTS)


def _training_images(subject: Subject) -> Tensor:
    train = subject.splits.train
    return train.images(torch.arange(len(train)))


CLAIMS = (
    Claim(
        name="mnist_vae",
        family=FAMILY,
        claim="784-400-z20, grey MNIST, BCE + KL, 10 epochs: test loss, nats",
        source="PyTorch's VAE example (third-party logs)",
        expected=105.6,
        tolerance=within(1.0),
        measure=_mnist_vae,
    ),
    Claim(
        name="linear_vae_on_digits",
        family=FAMILY,
        claim="a linear VAE trained by Adam comes to pPCA's log likelihood, nats",
        source="Lucas et al. 2019",
        tolerance=Tolerance(below=0.5, above=0.05),
        measure=_linear_vae,
    ),
    Claim(
        name="ppca_on_digits",
        family=FAMILY,
        claim="pPCA as a model, evaluated as models are, has that log likelihood, nats",
        source="Tipping & Bishop 1999, eq. 4",
        tolerance=within(0.02),
        measure=_ppca,
    ),
)
