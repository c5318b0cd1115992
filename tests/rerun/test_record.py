"""A record whose attempts were not alike, names for folders, changes, and exit codes."""

import json
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml

from latentsweep.config.compose import compose
from latentsweep.config.digest import resolved
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import typed
from latentsweep.errors import ConfigError, LatentsweepError, StorageError
from latentsweep.rerun.errors import RerunFailedError, RerunStoppedError, told_apart_from_a_verdict
from latentsweep.rerun.folder import rerun_folder
from latentsweep.rerun.plan import make_plan
from latentsweep.rerun.record import Record, read_record
from latentsweep.rerun.training import checked
from latentsweep.rerun.variation import varied
from latentsweep.rerun.wish import Wish
from latentsweep.tracking.recorded import RecordedRun
from latentsweep.tracking.recorder import RunStatus

VALUES = resolved(typed(compose(CONFIG_DIRECTORY, "train", ["data=digits"])))


def record(
    *origins: Mapping[str, object],
    values: object = VALUES,
    steps: Sequence[int] = (1, 10, 20),
    checkpoint: Path | None = None,
) -> Record:
    texts = {"config.yaml": yaml.safe_dump(values)}
    for number, origin in enumerate(origins, 1):
        texts[f"provenance-{number}.json"] = json.dumps({"attempt": number, **origin})
    run = RecordedRun(
        name="run",
        uid="uid",
        status=RunStatus.FINISHED,
        tags={},
        metrics={"train/loss": dict.fromkeys(steps, 1.0)},
        text=texts.get,
        file=lambda _: checkpoint,
    )
    return read_record(run)


def test_attempts_that_were_not_alike_are_reasons() -> None:
    found = record({"ranks": 2, "code": "a", "lock": "b"}, {"ranks": 1, "code": "a"})
    (difference,) = found.along_attempts()
    assert (difference.name, difference.first, difference.second) == (
        "ranks of attempt 1",
        "2",
        "1",
    )
    assert record({"ranks": 1}, {"ranks": 1}).along_attempts() == []


def test_a_damaged_provenance_is_passed_over_and_none_at_all_is_told() -> None:
    assert record({"ranks": 3}).ranks == 3
    with pytest.raises(ConfigError, match=r"no provenance-1\.json"):
        record()


@pytest.mark.parametrize(
    "origin",
    [
        {"packages": [1]},
        {"packages": None},
        {"data": "x"},
        {"ranks": "x"},
        {"ranks": None},
        {"numerics": "x"},
        {"environment": ["x"]},
        {"environment": {"OMP_NUM_THREADS": 3}},
        {"commit": 5},
    ],
)
def test_a_provenance_of_wrong_types_is_told(origin: Mapping[str, object]) -> None:
    (name,) = origin
    with pytest.raises(ConfigError, match=rf"no {name}.* of its right type in provenance-1\.json"):
        record(origin)


@pytest.mark.parametrize(
    "values",
    [
        {**VALUES, "trainer": "x"},
        {**VALUES, "trainer": None},
        {**VALUES, 1: 2},
        {**VALUES, "seed": "abc"},
        {name: value for name, value in VALUES.items() if name != "data"},
        ["x"],
        "x",
    ],
)
def test_a_config_of_wrong_types_is_told(values: object) -> None:
    with pytest.raises(ConfigError, match="is not whole"):
        record({}, values=values)


def test_a_damaged_checkpoint_leaves_the_weights_uncompared(tmp_path: Path) -> None:
    (tmp_path / "last.ckpt").write_bytes(b"garbage")
    assert record({}, checkpoint=tmp_path / "last.ckpt").weights() is None


@pytest.mark.parametrize(("steps", "until"), [(10, 10), (15, 10), (20, 20), (500, 20)])
def test_the_first_steps_are_those_on_record(steps: int, until: int) -> None:
    assert make_plan(record({}), Wish(steps=steps)).until == until


def test_first_steps_that_prove_nothing_are_refused() -> None:
    with pytest.raises(ConfigError, match="STEPS=9 proves nothing") as error:
        make_plan(record({}), Wish(steps=9))
    assert error.value.mend == "STEPS=10"


def test_ranks_that_cannot_share_a_batch_are_refused() -> None:
    with pytest.raises(ConfigError):
        make_plan(record({}), Wish(ranks=2_000_000))


@pytest.mark.parametrize("name", ["a/b", "../../etc/x", "/tmp/x y", "trial 3: beta=0.1", "...", ""])
def test_names_from_mlflow_make_no_paths(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with rerun_folder(name, {}) as folder:
        assert folder.path.parent == Path("reruns")
        assert folder.path.is_dir()


def test_a_folder_at_work_or_done_is_not_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with rerun_folder("run", {"of": "1"}) as first, rerun_folder("run", {"of": "1"}) as second:
        assert first.path != second.path
        second.finish({})
    with rerun_folder("run", {"of": "1"}) as again:
        assert again.path == first.path
    with rerun_folder("run", {"of": "2"}) as other:
        assert other.path not in (first.path, second.path)


def test_changes_of_keys_and_groups() -> None:
    changed = varied(VALUES, ["network=conv", "seed=3", "network.hidden_size=16"])
    assert changed["network"]["name"] == "conv"
    assert (changed["network"]["hidden_size"], changed["seed"]) == (16, 3)
    assert {**changed, "network": 0, "seed": 0} == {**VALUES, "network": 0, "seed": 0}


@pytest.mark.parametrize(
    "override",
    [
        *("resume=never", "output_dir=x", "tracking.every_n_steps=1", "nonsense=1"),
        *("network=nonsense", "trainer={max_steps:3}", "hydra.run.dir=x", "+trainer.max_steps=3"),
    ],
)
def test_changes_that_cannot_be(override: str) -> None:
    with pytest.raises(ConfigError):
        varied(VALUES, [override])


def test_only_a_signal_that_asks_to_stop_is_one() -> None:
    assert checked(0) == 0
    assert checked(1) == 1
    for code in (128 + signal.SIGINT, 128 + signal.SIGTERM, 75):
        with pytest.raises(RerunStoppedError) as stopped:
            checked(code)
        assert stopped.value.exit_code == code
    for code in (128 + signal.SIGKILL, 128 + signal.SIGSEGV):
        with pytest.raises(RerunFailedError, match=f"signal {code - 128}"):
            checked(code)


def test_a_full_disk_does_not_end_as_a_verdict_does() -> None:
    with pytest.raises(LatentsweepError) as error, told_apart_from_a_verdict():
        raise StorageError("full")
    assert error.value.exit_code == 2


def test_a_signal_ends_with_its_own_code_and_a_message() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(RerunStoppedError) as stopped, told_apart_from_a_verdict():
        signal.raise_signal(signal.SIGTERM)
    assert stopped.value.exit_code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before
