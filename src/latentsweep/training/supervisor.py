"""What a run is part of: nothing, for one run by itself; a sweep's trial overrides it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from latentsweep.config import TrainConfig
from latentsweep.config.tracking import TrackingConfig
from latentsweep.data.splits import Splits, load, place
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.session import Shipping
from latentsweep.tracking.sync import ship_leftovers
from latentsweep.training.interruption import Interruption


class Supervisor:
    """Gives a run what it needs, hears how it goes, and may end it.

    Attributes:
        exports_model: whether the run's own end is the time to export its best model.
    """

    exports_model = True

    def __init__(self) -> None:
        self.interruption = Interruption()

    def splits(self, config: TrainConfig, device: torch.device) -> Splits:
        """The run's data, on the device where it fits."""
        return place(load(config.data, config.seed), device)

    def ship_leftovers(self, config: TrainConfig, run_dir: Path) -> None:
        """Have shipped what earlier runs could not ship."""
        if config.tracking.uri:
            ship_leftovers(Path(config.output_dir), config.tracking.uri, run_dir.absolute())

    def shipper(self, run_dir: Path, tracking: TrackingConfig) -> Shipping | None:
        """What ships the run's record; None: a process of the run's own."""
        return None

    def began(self, run_dir: Path) -> dict[str, str]:
        """Hear where the run is kept.

        Returns:
            Tags for its record.
        """
        return {}

    def validated(self, epoch: int, metrics: Mapping[str, float]) -> bool:
        """Hear of a validation.

        Args:
            epoch: how many epochs have ended.
            metrics: of the validation split, by name without the split's.

        Returns:
            Whether the run is to end here.
        """
        return False

    def interrupted(self, signal_number: int | None) -> RunStatus:
        """Hear that training was asked to stop.

        Args:
            signal_number: the signal that asked; None: this run is to be left alone.

        Returns:
            How the run stands now.
        """
        return RunStatus.INTERRUPTED

    def ended(self, *, stopped: bool) -> dict[str, str]:
        """Hear that training has ended, on demand of `validated` if `stopped`.

        Returns:
            Tags for the record.
        """
        return {}

    def failed(self, error: Exception) -> dict[str, str]:
        """Hear that training failed.

        Returns:
            Tags for the record.
        """
        return {}
