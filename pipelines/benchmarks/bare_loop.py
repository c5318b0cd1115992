"""The training loop that anyone would write first: `python -m benchmarks.bare_loop SETTINGS`.

The same network, loss, fused Adam and batch size; images as float32 in memory, a permutation an
epoch, noise of `torch.randn`; nothing is recorded, guarded or saved. The seconds of a training step
come out, as JSON.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from latentsweep.config import TrainConfig
from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import typed
from latentsweep.models.build import build_model
from latentsweep.models.kl_schedules import Pressure


def seconds_per_step(
    config: TrainConfig, images: Tensor, device: torch.device, warm_up: int, steps: int
) -> float:
    """Mean seconds of `steps` steps after `warm_up` ones.

    Args:
        config: model, network, likelihood, optimiser and batch size are taken from it.
        images: float32 (n, c, h, w) on `device`.
        device: where to train.
        warm_up: steps that are not timed.
        steps: steps that are.
    """
    _, channels, height, width = images.shape
    torch.manual_seed(config.seed)
    shape = (channels, height, width)
    model = build_model(config.model, config.network, config.likelihood, shape).to(device)
    settings = config.optimizer
    optimizer = torch.optim.Adam(
        model.parameters(),
        lr=settings.learning_rate,
        betas=(settings.beta1, settings.beta2),
        weight_decay=settings.weight_decay,
        fused=True,
    )
    pressure = Pressure(1.0, None)
    batches = _batches(images, config.batch_size)
    started = 0.0
    for step in range(warm_up + steps):
        if step == warm_up:
            _wait(device)
            started = time.perf_counter()
        x = next(batches)
        noise = torch.randn(len(x), config.model.latent_size, device=device)
        optimizer.zero_grad()
        model(x, noise, pressure).backward()
        optimizer.step()
    _wait(device)
    return (time.perf_counter() - started) / steps


def _batches(images: Tensor, batch_size: int) -> Iterator[Tensor]:
    """Full batches of one epoch after the other."""
    while True:
        order = torch.randperm(len(images), device=images.device)
        for chosen in order.split(batch_size):
            if len(chosen) == batch_size:
                yield images[chosen]


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def main() -> None:
    """Read the settings, train, and say how long a step took."""
    settings = json.loads(sys.argv[1])
    config = typed(compose(CONFIG_DIRECTORY, "train", settings["overrides"]))
    torch.set_num_threads(settings["threads"])
    device = torch.device("cuda" if settings["gpu"] else "cpu")
    images = torch.from_numpy(np.load(Path(settings["images"]))).float().div(255).to(device)
    seconds = seconds_per_step(config, images, device, settings["warm_up"], settings["steps"])
    print(json.dumps({"seconds_per_step": seconds}))


if __name__ == "__main__":
    main()
