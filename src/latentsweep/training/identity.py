"""What makes a run this run: config, code, lock file and data, and nothing else."""

import hashlib
from dataclasses import dataclass
from functools import cache

from latentsweep.config import TrainConfig
from latentsweep.config.digest import digest
from latentsweep.config.model import WEIGHTS, weights_of
from latentsweep.config.project import PACKAGE, ROOT
from latentsweep.tracking.packages import lock_digest
from latentsweep.tracking.provenance import code_digest


@dataclass(frozen=True)
class RunIdentity:
    """The digests that two attempts at one run share.

    Attributes:
        config: of the config's keys that decide numbers.
        code: of the package's source.
        lock: of `requirements.lock`.
        data: of the data set's content.
    """

    config: str
    code: str
    lock: str
    data: str

    @property
    def digest(self) -> str:
        """All four as one hexadecimal SHA-256."""
        parts = "\n".join((self.config, self.code, self.lock, self.data))
        return hashlib.sha256(parts.encode()).hexdigest()

    def same_work(self, other: "RunIdentity") -> bool:
        """Whether the same config is trained on the same data, by whatever code."""
        return (self.config, self.data) == (other.config, other.data)


def identify(config: TrainConfig, data: str) -> RunIdentity:
    """The identity of training `config` with this code and these packages.

    Args:
        config: the run's config.
        data: digest of the data set's content.
    """
    code, lock = this_code()
    return RunIdentity(config=digest(config), code=code, lock=lock, data=data)


@cache
def this_code() -> tuple[str, str]:
    """Digests of code and lock file: once a process, which goes on with the code it has loaded."""
    return code_digest(PACKAGE), lock_digest(ROOT) or ""


def readable_name(config: TrainConfig, identity: RunIdentity) -> str:
    """Name of a run's directory and of its MLflow run: what a person looks for, then the digest."""
    model = config.model
    weights = "".join(f"-{WEIGHTS[key]}{value:g}" for key, value in weights_of(model).items())
    parts = f"{config.data.name}-{model.name}-z{model.latent_size}{weights}-s{config.seed}"
    return f"{parts}-{identity.digest[:8]}"
