"""What the ranks of a run must have in common before it starts."""

import socket
from collections.abc import Mapping

import torch

from latentsweep.config import TrainConfig
from latentsweep.config.checks import check_share
from latentsweep.config.digest import digest
from latentsweep.errors import ConfigError, DataError, LatentsweepError
from latentsweep.training.identity import this_code
from latentsweep.training.ranks.ranks import Ranks


def share_of_batch(config: TrainConfig, ranks: Ranks) -> range:
    """This rank's places in each global batch.

    Raises:
        ConfigError: the batch cannot be shared evenly.
    """
    try:
        check_share(config.batch_size, ranks.size, config.trainer.accumulate_grad_batches)
    except ConfigError as error:
        error.common = True
        raise
    return ranks.share(config.batch_size)


def refuse_too_few(validation_images: int, ranks: Ranks) -> None:
    """Refuse a validation split of which a rank would have nothing.

    Raises:
        ConfigError: that is so.
    """
    if validation_images < ranks.size:
        error = ConfigError(
            "the ranks cannot share the validation split",
            found=f"{validation_images} validation images, {ranks.size} ranks",
            expected="at least one image a rank",
            mend="a larger data.val_fraction, or fewer ranks",
        )
        error.common = True
        raise error


def refuse_mixed_code(config: TrainConfig, ranks: Ranks) -> None:
    """Refuse ranks of which one runs other code, or was given another config.

    Raises:
        ConfigError: that is so.
    """
    code, lock = this_code()
    ours = {
        "code": code,
        "requirements.lock": lock,
        "config": digest(config),
        "PyTorch": torch.__version__,
    }
    mend = "the same checkout, packages and command on all machines"
    _refuse_others(ours, ranks, ConfigError, mend)


def refuse_mixed_data(data: str, ranks: Ranks) -> None:
    """Refuse ranks of which one has read other data.

    Args:
        data: digest of what this rank has read.
        ranks: which train together.

    Raises:
        DataError: that is so.
    """
    _refuse_others({"data": data}, ranks, DataError, "the same files in data.dir on all machines")


def _refuse_others(
    ours: Mapping[str, str], ranks: Ranks, kind: type[LatentsweepError], mend: str
) -> None:
    all_hosts = ranks.of_all((socket.gethostname(), dict(ours)))
    first_host, first = all_hosts[0]
    for rank, (host, theirs) in enumerate(all_hosts):
        for what in ours:
            if theirs[what] != first[what]:
                error = kind(
                    f"the ranks do not have the same {what}",
                    found=f"{theirs[what][:16]} for rank {rank} on {host}",
                    expected=f"{first[what][:16]} as for rank 0 on {first_host}",
                    mend=mend,
                )
                error.common = True
                raise error
