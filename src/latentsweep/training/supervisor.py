"""What a run is part of: nothing, for one run by itself; a sweep's trial overrides it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch

from latentsweep.config import TrainConfig
from latentsweep.config.tracking import TrackingConfig
from latentsweep.config.trainer import TrainerConfig
from latentsweep.data.splits import Splits, load, place
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.session import Shipping
from latentsweep.tracking.sync import ship_leftovers
from latentsweep.training.given_tags import given_tags
from latentsweep.training.interruption import Interruption
from latentsweep.training.ranks.data import one_copy_a_machine
from latentsweep.training.ranks.opening import open_ranks, until_done
from latentsweep.training.ranks.ranks import Ranks
from latentsweep.training.slurm import preempted


class Supervisor:
    """Gives a run what it needs, hears how it goes, and may end it.

    Attributes:
        exports_model: whether the run's own end is the time to export its best model.
    """

    exports_model = True

    def __init__(self) -> None:
        self.interruption = Interruption()

    @contextmanager
    def ranks(self, trainer: TrainerConfig) -> Iterator[Ranks]:
        """The ranks that train the run, within the context.

        Raises:
            LatentsweepError: they cannot meet, or one of them failed.
        """
        ranks = open_ranks(trainer)
        if not ranks.alone:
            # A launcher of ranks sends its signal again, beside the terminal's own.
            self.interruption.patient = True
            self.interruption.listen()
        with until_done(ranks):
            yield ranks

    def splits(self, config: TrainConfig, device: torch.device, ranks: Ranks) -> Splits:
        """The run's data, on the device where it fits, and once in the host's memory."""
        splits = one_copy_a_machine(ranks, lambda: load(config.data, config.seed))
        return place(splits, device)

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
            Tags for its record: what the process that started this one wants there.
        """
        return given_tags()

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
        """Tell a scheduler's pre-emption from everything else that asks to stop.

        Args:
            signal_number: the signal that asked; None: this run is to be left alone.

        Returns:
            How the run stands now.
        """
        if signal_number is None:
            return RunStatus.INTERRUPTED
        taken = self.interruption.is_warning(signal_number) or preempted()
        return RunStatus.PREEMPTED if taken else RunStatus.INTERRUPTED

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
