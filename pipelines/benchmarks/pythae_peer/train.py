"""What the benchmark compares with: pythae's own trainer and VAE, with the same layers.

python train.py IMAGES.npy SETTINGS: the seconds of a training step come out, as JSON. The images
are (n, c, h, w) with values up to 255; no evaluation set is given, so pythae evaluates nothing.
"""

import contextlib
import json
import sys
import tempfile
import time

import numpy as np
import torch
from layers import Decoder, Encoder
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VAEConfig
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from pythae.trainers.training_callbacks import TrainingCallback


class Ended(Exception):  # noqa: N818
    """As many steps as were asked for have been timed: pythae knows epochs only."""


class StepTimes(TrainingCallback):
    """Times each step but the first of an epoch: what comes between two epochs is no step.

    Args:
        steps: after so many training ends.
    """

    def __init__(self, steps: int) -> None:
        self.seconds: list[float] = []
        self._steps = steps
        self._before: float | None = None

    def on_train_step_begin(self, training_config: BaseTrainerConfig, **_: object) -> None:
        """Called once an epoch, whatever its name says."""
        self._before = None

    def on_train_step_end(self, training_config: BaseTrainerConfig, **_: object) -> None:
        """Called after each batch."""
        now = time.perf_counter()
        if self._before is not None:
            self.seconds.append(now - self._before)
        self._before = now
        if len(self.seconds) == self._steps:
            raise Ended


def main() -> None:
    """Train for some steps and say how long they took."""
    images, settings = np.load(sys.argv[1]), json.loads(sys.argv[2])
    torch.set_num_threads(settings["threads"])
    data = torch.from_numpy(images).float() / 255
    config = VAEConfig(
        input_dim=tuple(data.shape[1:]),
        latent_dim=settings["latent_size"],
        reconstruction_loss="bce",
    )
    model = VAE(config, Encoder(settings), Decoder(settings))
    times = StepTimes(settings["warm_up"] + settings["steps"])
    with tempfile.TemporaryDirectory() as directory:
        trainer = BaseTrainer(
            model,
            train_dataset=BaseDataset(data, torch.zeros(len(data))),
            training_config=BaseTrainerConfig(
                output_dir=directory,
                num_epochs=10**6,
                per_device_train_batch_size=settings["batch_size"],
                optimizer_cls="Adam",
                optimizer_params={"fused": True},
                learning_rate=1e-3,
                no_cuda=not settings["gpu"],
            ),
            callbacks=[times],
        )
        with contextlib.suppress(Ended):
            trainer.train()
    timed = times.seconds[settings["warm_up"] :]
    print(json.dumps({"seconds_per_step": sum(timed) / len(timed)}))


if __name__ == "__main__":
    main()
