"""A recorded run's validation metrics, computed again from nothing but its exported model."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml
from torch import Tensor

from latentsweep.config.typed import from_values
from latentsweep.data.batches import EvalBatches
from latentsweep.data.splits import load
from latentsweep.errors import DataError
from latentsweep.models.ae import AE
from latentsweep.models.exported import ABOUT, CONFIG, load_model
from latentsweep.models.kl_schedules import build_schedule
from latentsweep.randomness import Stream
from latentsweep.training.evaluation import SplitSums
from latentsweep.training.noise import noise

_IMAGES = 256
# Sums of float32 in another order: nats, and relative.
_ABSOLUTE, _RELATIVE = 1e-3, 1e-5


@dataclass(frozen=True)
class Comparison:
    """One metric, recorded and recomputed.

    Attributes:
        name: with its split.
        recorded: in nats per image, or a number of latents.
        recomputed: likewise.
        tolerance: by how much they may differ.
    """

    name: str
    recorded: float
    recomputed: float
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether they are the same within the tolerance."""
        return abs(self.recorded - self.recomputed) <= self.tolerance


@dataclass(frozen=True)
class Recomputed:
    """What an exported model gives on the validation split of its data.

    Attributes:
        step: the optimiser step that the model is of.
        metrics: by name with the split's.
        images: the split's first images, (n, channels, height, width).
        reconstructions: of those, of the same shape.
    """

    step: int
    metrics: dict[str, float]
    images: Tensor
    reconstructions: Tensor

    def compare(self, recorded: dict[str, float]) -> list[Comparison]:
        """Hold it against what is on record, metric by metric; those on one side only are out."""
        return [
            Comparison(name, value, self.metrics[name], _ABSOLUTE + _RELATIVE * abs(value))
            for name, value in sorted(recorded.items())
            if name in self.metrics
        ]


def recompute(directory: Path) -> Recomputed:
    """Evaluate an exported model on the validation split that its run was evaluated on.

    Args:
        directory: of the exported model.

    Raises:
        CheckpointError: the model cannot be loaded.
        DataError: the data is not there, or is not that of the run.
    """
    model = load_model(directory)
    config = from_values(yaml.safe_load((directory / CONFIG).read_text()))
    about = json.loads((directory / ABOUT).read_text())
    splits = load(config.data, config.seed)
    if splits.digest != about["data_digest"]:
        raise DataError(
            "the data here is not what the run was trained on",
            found=f"data digest {splits.digest[:16]}",
            expected=f"data digest {about['data_digest'][:16]} of data={config.data.name}",
            mend="bring that data back, and give the same command again",
        )
    split = splits.val
    drawn = noise(config.seed, Stream.EVAL_NOISE, 0, len(split), model.noise_size)
    sums = _evaluate(model, EvalBatches(split, config.batch_size), drawn, split.factors)
    pressure = build_schedule(config.kl_schedule)(int(about["step"]))
    metrics = sums.metrics(model, pressure, config.batch_size)
    images = split.images(torch.arange(min(_IMAGES, len(split)))).float()
    with torch.no_grad():
        reconstructions = model.reconstruct(images)
    return Recomputed(
        step=int(about["step"]),
        metrics={f"val/{name}": value for name, value in metrics.items()},
        images=images,
        reconstructions=reconstructions,
    )


@torch.no_grad()
def _evaluate(model: AE, batches: EvalBatches, drawn: Tensor, factors: Tensor | None) -> SplitSums:
    """Sums over the split with one fixed noise an image, as at the end of a training epoch."""
    sums = SplitSums(factors)
    for batch in batches:
        posterior = model.posterior(batch.images)
        rows = drawn[batch.start : batch.start + len(batch.images)].to(batch.images)
        sums.add(model.terms_of(posterior, batch.images, rows), posterior.mean)
    return sums
