"""How well the classes can be read from a model's codes by a linear map."""

import torch
from torch import Tensor

from latentsweep.data.splits import Split, Splits
from latentsweep.evaluation.images import SplitImages
from latentsweep.metrics.linear_probe import linear_probe_accuracy
from latentsweep.models.ae import AE

_TRAINING_IMAGES = 10_000


@torch.no_grad()
def probe_accuracy(model: AE, splits: Splits, codes: Tensor) -> float:
    """Share of the test images whose class a logistic regression reads from their codes.

    It learns from 10,000 training images at most, evenly spaced, in the form in which the test
    images are.

    Args:
        model: on its device.
        splits: of data with labels.
        codes: posterior means of the test images, (n, latent).
    """
    rows = splits.train.indices
    rows = rows[:: -(-len(rows) // _TRAINING_IMAGES)]
    # Not the training split's own images: those may be grey where models see binary ones.
    train = Split(splits.test.image_set, rows)
    device = next(model.parameters()).device
    chunks = SplitImages(train, range(len(train)), device).chunks()
    learned = torch.cat([model.posterior(images).mean.cpu() for images, _ in chunks])
    labels, judged = train.labels, splits.test.labels
    assert labels is not None
    assert judged is not None
    return linear_probe_accuracy(learned, labels, codes, judged)
