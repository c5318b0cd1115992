"""Schema of `conf/sweep.yaml`'s own part: what is searched, how, by how many, where it is kept."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictFloat

from latentsweep.config.component import (
    Name,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    Seed,
    Text,
    component,
)

Direction = Literal["minimize", "maximize"]
# null in conf/, where Hydra would let nobody add to an empty mapping.
When = Annotated[dict[Name, dict[Name, Any]], BeforeValidator(lambda given: given or {})]
# Also the name of a directory, and part of shell commands.
StudyName = Annotated[Text, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
Port = Annotated[NonNegativeInt, Field(ge=1, le=65535)]


@component
class JournalStorageConfig:
    """A file that all workers append to: no server; for one machine or a shared disk."""

    name: Literal["journal"] = "journal"
    """Which storage this is."""
    path: Name | None
    """The file; null: `study.log` in the sweep's directory."""


@component
class SQLiteStorageConfig:
    """An sqlite database: for one worker only, since several lose trials."""

    name: Literal["sqlite"] = "sqlite"
    """Which storage this is."""
    path: Name | None
    """The file; null: `study.db` in the sweep's directory."""


@component
class PostgreSQLStorageConfig:
    """A PostgreSQL database: for clusters."""

    name: Literal["postgresql"] = "postgresql"
    """Which storage this is."""
    url: Name | None
    """Its address; null: that of the environment variable LATENTSWEEP_STORAGE_URL."""


@component
class GrpcStorageConfig:
    """Optuna's gRPC proxy in front of a database: for very many workers."""

    name: Literal["grpc"] = "grpc"
    """Which storage this is."""
    host: Name
    """Where `make sweep-proxy` runs."""
    port: Port
    """Its port."""


StorageConfig = Annotated[
    JournalStorageConfig | SQLiteStorageConfig | PostgreSQLStorageConfig | GrpcStorageConfig,
    Field(discriminator="name"),
]


@component
class SweepConfig:
    """A search over the keys of a training run."""

    study: StudyName | None
    """Name of the study; null: one made of data, model and a digest of what is searched."""
    directory: Text
    """Directory that holds the sweeps' directories."""
    n_trials: PositiveInt
    """Trials that end complete or pruned, over all workers and restarts."""
    workers: NonNegativeInt
    """Processes that run trials at once; 0: one a GPU or, without any, one a core."""
    ranks: PositiveInt
    """Processes that train each trial together, one a device (`trainer=ddp`)."""
    objective: Name | Annotated[tuple[Name, ...], Field(min_length=1)]
    """The metric to optimise, or several: the Pareto front is searched then."""
    direction: Direction | Annotated[tuple[Direction, ...], Field(min_length=1)] | None
    """minimize or maximize, one an objective; null: what is natural for each metric."""
    seed: Seed
    """Seed of the sampler."""
    search_space: dict[Name, Text]
    """Hydra sweep expressions by key, such as `range(2,32)` or `tag(log,interval(0.1,32))`."""
    when: When
    """Conditions by key, such as `{network: conv}` or `{network: [conv, mlp]}`: the key is searched
    only in trials in which each named key or group has that value, or one of those."""
    enqueue: tuple[dict[Name, Any], ...]
    """Values by key of trials to try first."""
    warm_start: Name | None
    """An earlier study in `sweep.directory` whose finished trials the sampler learns from."""
    lease_seconds: PositiveFloat
    """A trial whose worker gives no sign of life for so long is taken up by another."""
    max_resumptions: NonNegativeInt
    """How often a trial whose worker died is taken up before it counts as failed."""
    max_failure_rate: Annotated[StrictFloat, Field(ge=0, le=1)]
    """Share of failed trials above which the sweep stops."""
    sampler: dict[Name, Any]
    """`name` of the sampler, and its arguments by Optuna's names."""
    pruner: dict[Name, Any]
    """`name` of the pruner, and its arguments by Optuna's names."""
    storage: StorageConfig
    """Where the study is kept."""

    @property
    def objectives(self) -> tuple[str, ...]:
        """The metrics, one or several."""
        return (self.objective,) if isinstance(self.objective, str) else self.objective
