"""The noise that losses are made with, as a function of (seed, stream, counter, position)."""

import torch
from torch import Tensor

from latentsweep.randomness import Stream, seed_of


def noise(seed: int, stream: Stream, counter: int, batch_size: int, columns: int) -> Tensor:
    """Standard normal noise of a whole global batch.

    A rank takes the rows of its own positions. The whole batch is always drawn, on the CPU: PyTorch
    promises equal rows neither for fewer of them nor on another device.

    Args:
        seed: the run's seed.
        stream: what the noise is for.
        counter: the optimiser step in training, 0 in evaluation.
        batch_size: images of the global batch; of the whole split in evaluation.
        columns: numbers for each image, a model's `noise_size`.

    Returns:
        (batch_size, columns) float32 on the CPU.
    """
    generator = torch.Generator().manual_seed(seed_of(seed, stream, counter))
    return torch.randn(batch_size, columns, generator=generator)
