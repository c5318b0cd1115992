"""A recorded run as a rerun needs it: its config, and where its numbers came from."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from latentsweep.config import TrainConfig
from latentsweep.config.earlier import migrated
from latentsweep.config.typed import first_line, from_values
from latentsweep.errors import CheckpointError, ConfigError
from latentsweep.rerun.facts import Difference, Effect, differences, facts
from latentsweep.rerun.recorded_origin import wrong_part
from latentsweep.tracking.recorded import RecordedRun
from latentsweep.tracking.recorder import RunStatus
from latentsweep.training import rundir
from latentsweep.training.checkpoint_file import LAST
from latentsweep.training.weights import TAG as WEIGHTS_TAG
from latentsweep.training.weights import checkpoint_weights

CONFIG_FILE = "config.yaml"


@dataclass(frozen=True)
class Record:
    """What a rerun goes by.

    Attributes:
        run: what is on record.
        values: the resolved config as it was recorded, nested.
        origins: where the numbers came from, by attempt.
        diff: the uncommitted changes that the last attempt ran with; empty: none.
    """

    run: RecordedRun
    values: Mapping[str, Any]
    origins: list[Mapping[str, Any]]
    diff: str

    @property
    def origin(self) -> Mapping[str, Any]:
        """Where the last attempt's numbers came from."""
        return self.origins[-1]

    @property
    def commit(self) -> str:
        """The code's; empty where it is not on record."""
        return self.origin.get("commit") or ""

    @property
    def ranks(self) -> int:
        """How many trained it when it ended."""
        return int(self.origin.get("ranks", 1))

    @property
    def device(self) -> str:
        """`cpu` or `cuda`."""
        known = self.origin.get("device")
        if known:
            return str(known)
        on_cpu = not self.origin.get("gpu") or self.values["trainer"]["name"] == "cpu"
        return "cpu" if on_cpu else "cuda"

    @property
    def is_whole(self) -> bool:
        """Whether it was trained to the end that its config names."""
        return self.run.status is RunStatus.FINISHED

    @property
    def is_cut(self) -> bool:
        """Whether it may have ended within its last step, with a part of it on record."""
        return self.run.status not in (RunStatus.FINISHED, RunStatus.PRUNED)

    @property
    def first_step(self) -> int:
        """Where its record begins: later than at 0 where it took up another run's checkpoint."""
        if not self.origins[0].get("resumed_from"):
            return 0
        return min((min(curve) for curve in self.run.metrics.values() if curve), default=0)

    @property
    def facts(self) -> dict[str, str]:
        """What may have changed its numbers, fact by fact."""
        return facts(self.origin, self.values, self.diff)

    def along_attempts(self) -> list[Difference]:
        """What differed between its last attempt and earlier ones, and changed numbers."""
        last = facts(self.origin, self.values, "")
        found = (
            replace(each, name=f"{each.name} of attempt {number}")
            for number, origin in enumerate(self.origins[:-1], 1)
            for each in differences(facts(origin, self.values, ""), last)
        )
        return [each for each in found if each.effect is not Effect.NOTHING]

    def config(self) -> tuple[TrainConfig, list[str]]:
        """The config as this version of the schema has it, and the keys that were added for that.

        Raises:
            ConfigError: this version cannot read it.
        """
        values, added = migrated(self.values)
        try:
            return from_values(values), added
        except ConfigError as error:
            raise ConfigError(
                f"the config of {self.run.reference} is of another version of this code",
                found=": ".join(filter(None, [first_line(error), error.found])),
                expected="a config that this version can read, or bring up to date",
                mend="check out the code that recorded it"
                + (f": git checkout {self.commit[:12]}" if self.commit else ""),
            ) from None

    def weights(self) -> tuple[str, int] | None:
        """The digest of its last weights and the step that they are of; None: not on record."""
        known = self.run.tags.get(WEIGHTS_TAG)
        if known:
            return known, self.run.last_step
        checkpoint = self.run.file(f"checkpoints/{LAST}")
        try:
            return checkpoint_weights(checkpoint) if checkpoint else None
        except CheckpointError:
            return None


def differences_of(first: Record, second: Record) -> list[Difference]:
    """What differs between where two runs' numbers come from."""
    return differences(first.facts, second.facts)


def read_record(run: RecordedRun) -> Record:
    """What a rerun of a run goes by.

    Raises:
        ConfigError: a part of it is not on record.
    """
    text = run.text(CONFIG_FILE)
    if text is None:
        raise _lacks(run, CONFIG_FILE, "the resolved config")
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError:
        values = None
    if not isinstance(values, dict):
        raise _lacks(run, CONFIG_FILE, "a mapping: the resolved config")
    for part in ("data", "model", "trainer", "tracking"):
        if not isinstance(values.get(part), dict):
            raise _lacks(run, f"{part} in {CONFIG_FILE}", "the resolved config, whole")
    if not isinstance(values.get("seed"), int) or not _has_text_keys(values):
        raise _lacks(run, f"seed, a whole number, or keys that are text in {CONFIG_FILE}",
                     "the resolved config, whole")  # fmt: skip
    origins = _origins(run)
    if not origins:
        raise _lacks(run, "provenance-1.json", "code, packages and machine of its first attempt")
    for number, origin in enumerate(origins, 1):
        part = wrong_part(origin)
        if part:
            raise _lacks(run, f"{part} of its right type in provenance-{number}.json",
                         "where the run's numbers came from")  # fmt: skip
    origins[-1] = {**_identity(run), **origins[-1]}
    # A diff is on record where there was something uncommitted.
    number = origins[-1].get("attempt", len(origins))
    return Record(run, values, origins, run.text(f"uncommitted-{number}.diff") or "")


def _has_text_keys(values: Mapping[Any, Any]) -> bool:
    parts = (value for value in values.values() if isinstance(value, dict))
    return all(isinstance(key, str) for key in values) and all(map(_has_text_keys, parts))


def _identity(run: RecordedRun) -> dict[str, str]:
    """What the run's directory tells of its code, where its provenance does not yet."""
    own = rundir.read(run.directory) if run.directory else None
    return {"code": own.identity.code, "lock": own.identity.lock} if own else {}


def _origins(run: RecordedRun) -> list[Mapping[str, Any]]:
    """Where the numbers came from, by attempt; one that cannot be read is passed over."""
    origins: list[Mapping[str, Any]] = []
    for number in itertools.count(1):
        text = run.text(f"provenance-{number}.json")
        if text is None:
            return origins
        try:
            origin = json.loads(text)
        except ValueError:
            continue
        if isinstance(origin, dict):
            origins.append(origin)
    raise AssertionError("unreachable")


def _lacks(run: RecordedRun, missing: str, expected: str) -> ConfigError:
    version = run.tags.get("latentsweep.schema", "unknown")
    return ConfigError(
        f"the record of {run.reference} is not whole",
        found=f"no {missing} (schema {version}, {len(run.metrics)} metrics on record)",
        expected=expected,
        mend="its metrics can still be read: make export, make dashboard",
    )
