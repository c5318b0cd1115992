"""Tensors on their way from the host to the device."""

import torch
from torch import Tensor


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on `device`; on the way to a GPU the host goes on at once.

    From memory that the system may move, as all is that is not pinned, PyTorch copies while the
    host waits for all that the GPU has still to do. (`make benchmark PART=gpu` will measure it.)
    """
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)
