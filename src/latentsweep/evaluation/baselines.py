"""Principal components of a run's training images: what a linear model of its size can do."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from latentsweep.data.splits import Splits
from latentsweep.metrics.ppca import ppca_rate_distortion
from latentsweep.models.ppca import PrincipalComponents

_MOST_NUMBERS = 2**28  # of the images that are looked at, 1 GiB
_AT_ONCE = 4096
_DIRECTIONS = 64
_EXACT_PIXELS = 4096


@dataclass(frozen=True)
class Fitted:
    """Principal components and what they were found from.

    Attributes:
        components: as many as the model has latents.
        spectrum: variances of the training images along all d directions, (d,) float64, falling;
            behind the first 64, or as many as there are latents, each is the mean of the rest.
        images: how many training images they are of.
    """

    components: PrincipalComponents
    spectrum: Tensor
    images: int


def fit_components(splits: Splits, latent_size: int) -> Fitted | None:
    """The principal components of the training images, in the form in which the test images are.

    Where the images are more than 2^28 numbers, of as many as fit, evenly spaced. Of images of more
    than 4,096 numbers the directions are found by a randomised decomposition, not in closed form.

    Args:
        splits: of the data.
        latent_size: how many components.

    Returns:
        None where there are not more directions than components.
    """
    from sklearn.decomposition import PCA

    data = _training_images(splits)
    most = min(data.shape) - 1
    if latent_size > most:
        return None
    found = PCA(
        n_components=min(most, max(latent_size, _DIRECTIONS)),
        # To the last digit where the covariance is a matrix that one can wait for.
        svd_solver="covariance_eigh" if data.shape[1] <= _EXACT_PIXELS else "randomized",
        random_state=0,
    ).fit(data)
    variances = torch.from_numpy(found.explained_variance_.astype(np.float64))
    variances = variances * (len(data) - 1) / len(data)
    pixels = data.shape[1]
    rest = _total_variance(data, found.mean_) - float(variances.sum())
    mean_of_rest = max(0.0, rest) / (pixels - len(variances))
    tail = torch.full((pixels - len(variances),), mean_of_rest, dtype=torch.float64)
    spectrum = torch.cat([variances, tail])
    noise = float(spectrum[latent_size:].mean())
    if noise <= 1e-6 * float(spectrum[latent_size - 1]) or noise <= 0:
        return None
    components = PrincipalComponents(
        mean=torch.from_numpy(found.mean_).float(),
        directions=torch.from_numpy(found.components_[:latent_size]).float(),
        variances=variances[:latent_size].float(),
        noise_variance=noise,
        shape=splits.shape,
    )
    return Fitted(components, spectrum, len(data))


def ppca_curve(fitted: Fitted) -> tuple[list[float], list[float]]:
    """Rates and distortions of pPCA with 1, 2, ... latents on the training images, nats per image.

    Up to 64 latents, or as many as the run has.
    """
    known = int((fitted.spectrum > fitted.spectrum[-1]).sum())
    points = [ppca_rate_distortion(fitted.spectrum, latents) for latents in range(1, known)]
    return [rate for rate, _ in points], [distortion for _, distortion in points]


def _training_images(splits: Splits) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    rows = splits.train.indices
    step = -(-len(rows) * int(np.prod(splits.shape)) // _MOST_NUMBERS)
    # Not the training split's own store: that may be grey where models see binary images.
    images = splits.test.image_set.images
    parts = torch.split(rows[::step], _AT_ONCE)
    return torch.cat([images.batch(part).float().cpu().flatten(1) for part in parts]).numpy()


def _total_variance(
    data: "np.ndarray[tuple[int, int], np.dtype[np.float32]]",
    mean: "np.ndarray[tuple[int], np.dtype[np.float32]]",
) -> float:
    """Sum of the variances of all pixels, a part of the images at a time."""
    parts = (data[start : start + _AT_ONCE] - mean for start in range(0, len(data), _AT_ONCE))
    return sum(float(np.square(part, dtype=np.float64).sum()) for part in parts) / len(data)
