"""How a run computes, where the config leaves that to what was measured for its device."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import nn

from latentsweep.config import TrainConfig
from latentsweep.config.network import ConvConfig
from latentsweep.config.trainer import Precision
from latentsweep.errors import ConfigError

# What PyTorch calls: for the CPU, and beside Triton for a GPU.
_COMPILERS = {"cpu": ("g++", "c++", "clang++"), "cuda": ("gcc", "cc", "clang")}
_NAMED_BY = {"cpu": "CXX", "cuda": "CC"}
LightningPrecision = Literal["32-true", "64-true", "bf16-mixed", "16-mixed"]


@dataclass(frozen=True)
class Numerics:
    """Settings that change speed and last digits, with nothing left open.

    Attributes:
        precision: Lightning's name of the number format.
        channels_last: whether convolutions hold their channels in the innermost dimension.
    """

    precision: LightningPrecision
    channels_last: bool

    @classmethod
    def choose(cls, config: TrainConfig, device: torch.device) -> Numerics:
        """What the config says; where it says `auto`, what is fastest for network and device."""
        trainer, on_cpu = config.trainer, device.type == "cpu"
        convolutions = isinstance(config.network, ConvConfig)
        precision: Precision = trainer.precision
        if precision == "auto":
            # bfloat16 without instructions of the processor's own takes ten times as long.
            fast = on_cpu and has_bfloat16()
            precision = "bf16-mixed" if fast else "32-true"
        layout = trainer.channels_last
        return cls(
            precision=precision,
            channels_last=on_cpu and convolutions if layout == "auto" else layout,
        )

    def as_before(self, config: TrainConfig, known: Mapping[str, Any]) -> Numerics:
        """These, with what the config leaves open as it was in an earlier attempt.

        Args:
            config: the run's.
            known: of the earlier attempt, as `values` gave it; empty where it is not known.
        """
        trainer = config.trainer
        kept = {
            "precision": trainer.precision == "auto",
            "channels_last": trainer.channels_last == "auto",
        }
        values = self.values()
        values |= {name: known[name] for name, is_open in kept.items() if is_open and name in known}
        return Numerics(**values)

    def values(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    def lay_out(self, model: nn.Module) -> None:
        """Give a model's convolutions the layout that was chosen."""
        if self.channels_last:
            model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


PLAIN = Numerics(precision="32-true", channels_last=False)


def prepare_device(config: TrainConfig, device: torch.device) -> None:
    """Set what PyTorch keeps for a whole process.

    Raises:
        ConfigError: models are to be compiled and there is no compiler.
    """
    if device.type == "cuda":
        torch.set_float32_matmul_precision(config.trainer.float32_matmul_precision)
        torch.backends.cudnn.allow_tf32 = config.trainer.float32_matmul_precision != "highest"
    if config.trainer.compile != "off" and not has_compiler(device.type):
        names = _COMPILERS[device.type]
        raise ConfigError(
            "compiling a model needs a compiler",
            found=f"none of {', '.join(names)}",
            expected=f"one of them, for trainer.compile={config.trainer.compile}",
            mend=f"apt-get install {names[0]}, or trainer.compile=off",
        )


def has_compiler(device_type: str) -> bool:
    """Whether models can be compiled here for devices of a type, `cpu` or `cuda`."""
    names = (*_COMPILERS[device_type], os.environ.get(_NAMED_BY[device_type], ""))
    return any(shutil.which(name) for name in names if name)


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself."""
    with open("/proc/cpuinfo") as file:  # noqa: PTH123 - one line of it will do
        flags = next((line.split() for line in file if line.startswith("flags")), [])
    return "avx512_bf16" in flags or "amx_bf16" in flags
