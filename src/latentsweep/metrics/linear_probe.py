"""How much of the class a linear map can read from the codes."""

import numpy as np
from torch import Tensor

from latentsweep.errors import MetricError


def linear_probe_accuracy(
    train_codes: Tensor, train_labels: Tensor, codes: Tensor, labels: Tensor
) -> float:
    """Share of images whose class a logistic regression on the codes tells (Alain & Bengio 2016).

    The codes are standardised with the training codes' mean and deviation; a latent that does not
    vary there tells nothing. scikit-learn's regression with its default penalty.

    Args:
        train_codes: posterior means of training images, (m, latent).
        train_labels: their classes, int64 (m,).
        codes: posterior means of the images that are judged, (n, latent).
        labels: their classes, int64 (n,).

    Returns:
        A number in [0, 1].

    Raises:
        MetricError: the training images are all of one class.
    """
    if int(train_labels.min()) == int(train_labels.max()):
        raise MetricError(
            "a linear probe needs two classes at least",
            found="training images of one class",
            mend="labels that tell images apart",
        )
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    probe.fit(_array(train_codes), train_labels.cpu().numpy())
    return float(probe.score(_array(codes), labels.cpu().numpy()))


def _array(codes: Tensor) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    return codes.double().cpu().numpy()
