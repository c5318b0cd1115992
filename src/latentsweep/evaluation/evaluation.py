"""What an evaluation came to, and how it is written down."""

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from latentsweep.config.evaluate import EvaluateConfig
from latentsweep.evaluation.baselines import Fitted
from latentsweep.evaluation.measuring import Measured, per_image
from latentsweep.evaluation.units import Units
from latentsweep.figures.drawn import table
from latentsweep.metrics.disentanglement.scores import score_versions
from latentsweep.models.ae import AE
from latentsweep.training.identity import this_code

SCORES = "test/scores.json"
_FORMAT = 1
# What says where the numbers lay and not what they are.
_PLACES = ("data_dir", "data_path")


@dataclass(frozen=True)
class Evaluation:
    """A run's model and its baselines, measured on the test split.

    Attributes:
        model: the run's, on the CPU.
        measured: what was found of it.
        linear: pPCA and what was found of it; None where it was not measured.
        fitted: the principal components; None where none were looked for.
        units: what the model's units encode.
        linear_units: what those of pPCA encode.
        metrics: all numbers by name, those of baselines with `ppca/` or `pca/` before theirs.
        step: optimiser step of the model.
        images: how many were measured.
        about: what else is to be known of the numbers, as JSON holds it.
        notes: what a reader has to be told.
    """

    model: AE
    measured: Measured
    linear: tuple[AE, Measured] | None
    fitted: Fitted | None
    units: Units
    linear_units: Units | None
    metrics: dict[str, float]
    step: int
    images: int
    about: dict[str, Any]
    notes: list[str] = field(default_factory=list)

    def scores(self) -> dict[str, Any]:
        """What is compared with an evaluation on record."""
        return {
            "format": _FORMAT,
            "step": self.step,
            "images": self.images,
            **self.about,
            "metrics": self.metrics,
            "notes": self.notes,
        }

    def scores_text(self) -> str:
        """The scores as JSON."""
        return json.dumps(self.scores(), indent=2) + "\n"

    def _units(self) -> dict[str, Units]:
        linear = {"ppca_units": self.linear_units} if self.linear_units else {}
        return {"units": self.units, **linear}

    def recorded_metrics(self) -> dict[str, float]:
        """The metrics by the names that they are recorded by."""
        return {f"test/{name}": value for name, value in self.metrics.items()}

    def tables(self) -> dict[str, str]:
        """CSV files by name: a row a latent, a row an image, a row a unit."""
        found = self.measured.statistics
        kl = self.measured.encoded.kl.mean(dim=0)
        known = torch.stack([kl, found.mean, found.variance, found.variance_of_means], dim=1)
        latents = [(j, *map(repr, row)) for j, row in enumerate(known.tolist())]
        columns = per_image(self.measured)
        numbers = zip(*(values.tolist() for values in columns.values()), strict=True)
        images = [(i, *map(repr, row)) for i, row in enumerate(numbers)]
        return {
            "test/latents.csv": table(
                ("latent", "kl", "mean", "variance", "variance_of_means"), latents
            ),
            "test/images.csv": table(("image", *columns), images),
            **{f"test/{name}.csv": table(*each.table()) for name, each in self._units().items()},
        }


def about_numbers(settings: EvaluateConfig, device: torch.device) -> dict[str, Any]:
    """What decides the numbers of an evaluation beside model and data."""
    kept = {name: value for name, value in asdict(settings).items() if name not in _PLACES}
    return {
        "settings": kept,
        "code": this_code()[0],
        "versions": {"torch": str(torch.__version__), **score_versions()},
        "machine": {
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
            "threads": torch.get_num_threads(),
            "processor": platform.machine(),
        },
    }


def differing(scores: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """The metrics that two evaluations do not have in common to the bit, by name."""
    mine, other = scores["metrics"], before.get("metrics", {})
    return [
        name
        for name in sorted({*mine, *other})
        if repr(mine.get(name)) != repr(other.get(name))  # NaN equals itself here
    ]
