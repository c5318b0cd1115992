"""What a rerun is going to do: with which code, packages, config and ranks, and how far."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch

from latentsweep.config import TrainConfig
from latentsweep.config.checks import check_share
from latentsweep.config.digest import digest_of, identity_of
from latentsweep.config.earlier import migrated
from latentsweep.config.typed import from_values
from latentsweep.errors import ConfigError
from latentsweep.rerun.facts import CODE_FACTS, NUMERICS, Difference, differences, facts
from latentsweep.rerun.record import Record
from latentsweep.rerun.variation import varied
from latentsweep.rerun.wish import Source, Wish
from latentsweep.tracking.destination import Destination, read_destination
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.uri import resolve_uri
from latentsweep.training.device import choose_device
from latentsweep.training.identity import this_code
from latentsweep.training.numerics import Numerics
from latentsweep.training.origin import run_origin

_FEWEST = 2  # steps of which numbers prove something


@dataclass(frozen=True)
class RerunPlan:
    """What is going to be done.

    Attributes:
        record: of the run.
        code: whose code trains.
        packages: in which versions.
        values: the config as that code reads it, nested, but for where the run lies.
        config: the same as this code has it.
        ranks: how many processes train.
        until: the last step that is compared; None: none, since other numbers are wanted.
        known: facts of the record.
        found: what differs between the record and this place.
        added: keys that the record's version of the schema did not have.
    """

    record: Record
    code: Source
    packages: Source
    values: dict[str, Any]
    config: TrainConfig
    ranks: int
    until: int | None
    known: Mapping[str, str]
    found: list[Difference]
    added: list[str]

    @property
    def request(self) -> dict[str, object]:
        """What tells a rerun of this plan from others of the same run."""
        origin = self.record.origin
        code, lock = this_code()
        return {
            "of": self.record.run.uid,
            "code": origin.get("code", origin.get("commit")) if self.code == "recorded" else code,
            "packages": origin.get("lock") if self.packages == "recorded" else lock,
            "ranks": self.ranks,
            "config": digest_of(self.values),
        }

    def brings_back(self, difference: Difference) -> bool:
        """Whether a difference is none to this rerun, since it has the recorded side."""
        if difference.is_variable:
            return self.packages == "recorded"
        if difference.is_package:
            return self.packages == "recorded" and bool(difference.first)
        return self.code == "recorded" and difference.name in CODE_FACTS


def make_plan(record: Record, wish: Wish, *, to_compare: bool = True) -> RerunPlan:
    """Hold a record against this place and a wish; the data is looked for later.

    Args:
        record: of the run.
        wish: what is asked for.
        to_compare: whether the numbers on record are wanted again; False: a run of full length.

    Raises:
        ConfigError: the config cannot be read, the changes do not fit, or nothing is on record.
    """
    _, added = record.config()
    code = wish.code or ("recorded" if record.commit else "current")
    ranks = wish.ranks or record.ranks
    before = values = _as_it_ran(record, ranks)
    if wish.changes:
        values = varied(before, wish.changes)
    to_compare = to_compare and identity_of(values) == identity_of(before)
    until = _end(record, wish, to_compare=to_compare)
    stop = _stop(record, until) if to_compare else wish.steps
    if stop and code == "recorded" and "trainer.max_steps" in added:
        if wish.steps:
            raise ConfigError(
                "the recorded code cannot be told to stop after some steps",
                found=f"STEPS={wish.steps}, and code of before there was trainer.max_steps",
                mend="leave STEPS out, or CODE=current",
            )
    elif stop:
        values["trainer"]["max_steps"] = stop
    config = from_values(values)
    check_share(config.batch_size, ranks, config.trainer.accumulate_grad_batches)
    if config.tracking.uri:
        resolve_uri(config.tracking.uri)
    known = record.facts
    here = _facts_here(record, config, values, ranks)
    return RerunPlan(
        record=record,
        code=code,
        packages=wish.packages or code,
        values=_for_its_code(values, added, wish.changes) if code == "recorded" else values,
        config=config,
        ranks=ranks,
        until=until,
        known=known,
        found=differences({n: v for n, v in known.items() if n != "data"}, here),
        added=added,
    )


def _as_it_ran(record: Record, ranks: int) -> dict[str, Any]:
    """The recorded config with nothing left open, to be recorded beside the first."""
    values, _ = migrated(record.values)
    trainer, tracking = values["trainer"], values["tracking"]
    numerics = record.origin.get("numerics") or {}
    trainer |= {
        name: numerics[name] for name in NUMERICS if trainer[name] == "auto" and name in numerics
    }
    if ranks > 1:
        trainer["name"] = "ddp"
    elif record.device == "cpu":
        trainer["name"] = "cpu"
    else:
        trainer["name"] = "gpu" if torch.cuda.is_available() else "auto"
    trainer["threads"] = record.origin.get("threads") or 0 if ranks == record.ranks else 0
    trainer["progress_bar"] = sys.stderr.isatty()
    values["resume"] = "auto"
    destination = _destination(record)
    if destination:
        tracking |= {"uri": destination.uri, "experiment": destination.experiment}
    else:
        tracking |= {"name": "off", "uri": None}
    return values


def _destination(record: Record) -> Destination | None:
    """The store that the first run is recorded in."""
    run = record.run
    noted = read_destination(run.directory) if run.directory else None
    if noted or not run.identity:
        return noted
    return Destination(run.identity.uri, record.values["tracking"]["experiment"])


def _end(record: Record, wish: Wish, *, to_compare: bool) -> int | None:
    """The last step that is compared; None: other numbers are wanted.

    Raises:
        ConfigError: there is none on record.
    """
    last = record.run.last_step
    if not last:
        raise ConfigError(
            f"nothing is on record of {record.run.reference} to compare with",
            found=f"a run that is {record.run.status.value}, without any step",
            mend="the command that began it: see files/overrides.txt in its directory",
        )
    if not to_compare:
        return None
    if not wish.steps or wish.steps >= last:
        return last
    steps = {step for curve in record.run.metrics.values() for step in curve}
    until = max((step for step in steps if step <= wish.steps), default=0)
    if until < _FEWEST and until < last:
        # The first step's numbers are those of weights that nothing has changed yet.
        fewest = min(step for step in steps if step >= _FEWEST)
        raise ConfigError(
            f"STEPS={wish.steps} proves nothing of this run",
            found=f"up to step {wish.steps} only step 1 is on record, before anything was learnt",
            expected=f"STEPS={fewest} or more (tracking.every_n_steps of the run)",
            mend=f"STEPS={fewest}",
        )
    return until


def _stop(record: Record, until: int | None) -> int | None:
    """The step at which training is told to end, for numbers up to one; None: at its own end."""
    if until is None or (until == record.run.last_step and record.is_whole):
        return None
    if record.run.status is RunStatus.FAILED and until == record.run.last_step:
        # It is to fail again: within the next steps, or there would be more on record.
        return until + int(record.values["tracking"].get("every_n_steps", 1))
    return until


def _for_its_code(
    values: dict[str, Any], added: list[str], changes: tuple[str, ...]
) -> dict[str, Any]:
    """A config without the keys that the recorded code does not know, unless a person gave them."""
    given = {text.partition("=")[0].lstrip("+") for text in changes}
    whole = deepcopy(values)
    for key in added:
        group, _, name = key.partition(".")
        if not given & {key, group}:
            whole[group].pop(name, None)
    return whole


def _facts_here(
    record: Record, config: TrainConfig, values: Mapping[str, Any], ranks: int
) -> dict[str, str]:
    """The facts of a run that this place would train, apart from its data."""
    on_cpu = record.device == "cpu" and config.trainer.name in ("cpu", "ddp")
    device = torch.device("cpu") if on_cpu else choose_device(config.trainer)
    numerics = Numerics.choose(config, device)
    origin = run_origin(config, numerics, device, ranks)
    if config.trainer.threads:
        origin["threads"] = config.trainer.threads
    else:
        del origin["threads"]  # each rank finds its own
    return facts(origin, values, origin["diff"] or "")
