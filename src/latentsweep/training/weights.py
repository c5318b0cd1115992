"""A model's weights as one digest, by which two runs tell that they came to the same."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from latentsweep.training.checkpoint_file import read_checkpoint

TAG = "latentsweep.weights_digest"


def weights_digest(state: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, number formats, shapes and every bit of a state's tensors.

    Args:
        state: tensors by name, of any shape, on any device, in any layout.
    """
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        digest.update(f"{name}\0{tensor.dtype}\0{tuple(tensor.shape)}\0".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def checkpoint_weights(path: Path) -> tuple[str, int]:
    """The digest of a checkpoint's weights, and the optimiser step that they are of.

    Raises:
        CheckpointError: it is missing or damaged.
    """
    content = read_checkpoint(path)
    return weights_digest(content["state_dict"]), int(content["global_step"])
