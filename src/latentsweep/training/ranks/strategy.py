"""Lightning's side of ranks that something else started and that have met already."""

from typing import Any

import torch
from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
from pytorch_lightning.strategies import DDPStrategy

from latentsweep.training.ranks.ranks import Ranks


class RanksEnvironment(ClusterEnvironment):
    """Answers Lightning's questions about the ranks.

    Args:
        ranks: of this process.
    """

    def __init__(self, ranks: Ranks) -> None:
        self._ranks = ranks

    @property
    def creates_processes_externally(self) -> bool:
        """They are there."""
        return True

    @property
    def main_address(self) -> str:
        """Unused: they have met."""
        return ""

    @property
    def main_port(self) -> int:
        """Unused: they have met."""
        return 0

    @staticmethod
    def detect() -> bool:
        """It is never guessed."""
        return False

    def world_size(self) -> int:
        """Number of ranks."""
        return self._ranks.size

    def set_world_size(self, size: int) -> None:
        """It is known."""

    def global_rank(self) -> int:
        """Of this process."""
        return self._ranks.rank

    def set_global_rank(self, rank: int) -> None:
        """It is known."""

    def local_rank(self) -> int:
        """Of this process among those of its machine."""
        return self._ranks.local_rank

    def node_rank(self) -> int:
        """Unused: only global ranks count."""
        return 0


class RanksStrategy(DDPStrategy):
    """PyTorch's DDP on one device, whose ranks meet in gradients and agreements only.

    Args:
        device: of this rank.
    """

    def __init__(self, device: torch.device) -> None:
        super().__init__(broadcast_buffers=False, gradient_as_bucket_view=True)
        self._device = device

    def configure_ddp(self) -> None:
        """Wrap the model, and let DDP see the way of its gradients.

        After its first step DDP groups gradients anew, by the order in which they came, and adds
        them up in another order from then on: a resumed run would differ from an undisturbed one
        in its first step. `find_unused_parameters` keeps it from that, for a quarter of a step.
        """
        super().configure_ddp()
        assert self.model is not None
        self.model().backward()
        for parameter in self.model.parameters():
            parameter.grad = None

    @property
    def root_device(self) -> torch.device:
        """The one device."""
        return self._device

    def _configure_launcher(self) -> None:
        """None: Lightning's would set the number of threads anew."""

    def barrier(self, *_: Any, **__: Any) -> None:
        """Pass: Lightning has ranks wait for each other where only rank 0 does something."""
