"""The typed schema of `conf/`: one dataclass a choice, cross-field checks, the digest."""

from latentsweep.config.root import TrainConfig

__all__ = ["TrainConfig"]
