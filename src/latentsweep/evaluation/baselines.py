"""Principal components of a run's training images: what a linear model of its size can do."""

from dataclasses import dataclass

import numpy as np
import torch

from latentsweep.data.splits import Splits
from latentsweep.models.ppca import PrincipalComponents

_MOST_NUMBERS = 2**28  # of the images that are looked at, 1 GiB


@dataclass(frozen=True)
class Fitted:
    """Principal components and what they were found from.

    Attributes:
        components: the components.
        images: how many training images they are of.
    """

    components: PrincipalComponents
    images: int


def fit_components(splits: Splits, latent_size: int) -> Fitted | None:
    """The principal components of the training images, in the form in which the test images are.

    Where the images are more than 2^28 numbers, of as many as fit, evenly spaced.

    Args:
        splits: of the data.
        latent_size: how many components.

    Returns:
        None where there are not more directions than components.
    """
    from sklearn.decomposition import PCA

    rows = splits.train.indices
    pixels = int(np.prod(splits.shape))
    step = -(-len(rows) * pixels // _MOST_NUMBERS)
    rows = rows[::step]
    # Not the training split's own store: that may be grey where models see binary images.
    images = splits.test.image_set.images
    chunks = [images.batch(part).float().cpu().flatten(1) for part in torch.split(rows, 4096)]
    data = torch.cat(chunks).numpy()
    if latent_size >= min(data.shape):
        return None
    whole = float(data.var(axis=0, dtype=np.float64).sum())
    found = PCA(n_components=latent_size, random_state=0).fit(data)
    variances = found.explained_variance_.astype(np.float64) * (len(data) - 1) / len(data)
    left = (whole - float(variances.sum())) / (pixels - latent_size)
    if left <= 1e-6 * float(variances[-1]) or variances[-1] <= 0:
        return None
    return Fitted(
        PrincipalComponents(
            mean=torch.from_numpy(found.mean_).float(),
            directions=torch.from_numpy(found.components_).float(),
            variances=torch.from_numpy(variances).float(),
            noise_variance=left,
            shape=splits.shape,
        ),
        len(data),
    )
