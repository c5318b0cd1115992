"""Which run a command goes on with: resume=auto, never, PATH."""

from pathlib import Path

import numpy as np
import pytest
import torch

from latentsweep.errors import CheckpointError, RunBusyError, StorageError
from latentsweep.training import rundir
from latentsweep.training.run import train
from latentsweep.training.same_launch import LAUNCH, Launch

from .conftest import Small


def weights(run: str | Path) -> dict[str, torch.Tensor]:
    content = torch.load(Path(run) / "checkpoints" / "last.ckpt", weights_only=True)
    state: dict[str, torch.Tensor] = content["state_dict"]
    return state


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one | other)


def test_same_command_finds_the_finished_run(small: Small) -> None:
    first = train(small(), [])
    second = train(small(), [])
    assert second.was_finished
    assert second.directory == first.directory
    assert second.validation == first.validation


def test_resume_never_trains_the_same_numbers_in_a_new_run(small: Small) -> None:
    first = train(small(), [])
    second = train(small("resume=never"), [])
    assert second.directory != first.directory
    assert equal(weights(first.directory), weights(second.directory))


def test_resume_never_goes_on_where_its_job_is_queued_again(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(small(), [])
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    first = Path(train(small("resume=never"), []).directory)
    (first / rundir.SUMMARY_FILE).unlink()  # as if it had been killed at its end
    again = Path(train(small("resume=never"), []).directory)
    assert again != first  # a second command of the same job
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    assert Path(train(small("resume=never"), []).directory) == first
    third = Path(train(small("resume=never"), []).directory)
    assert third not in (first, again)
    monkeypatch.setenv("SLURM_JOB_ID", "8")
    assert Path(train(small("resume=never"), []).directory) not in (first, again, third)


def test_resume_never_is_one_run_for_all_ranks_that_a_command_starts(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(small(), [])
    for name, value in ((LAUNCH, "a command"), ("TORCHELASTIC_RUN_ID", "none")):
        monkeypatch.setenv(name, value)
        first = train(small("resume=never"), [])
        assert train(small("resume=never"), []).directory == first.directory
        monkeypatch.delenv(name)
        assert train(small("resume=never"), []).directory != first.directory


@pytest.mark.parametrize("written", [None, 7, "a command", ["x"], {"command": 1}, {}])
def test_run_of_an_unknown_launch_is_no_launchs_own(written: object) -> None:
    begun = Launch.recorded(written)
    for launch in (Launch(), Launch("a command", "7.", 3)):
        assert not launch.goes_on_with(begun, finished=False)


@pytest.mark.parametrize(
    "environment",
    [{"SLURM_JOB_ID": ""}, {"SLURM_RESTART_COUNT": "x"}, {"SLURM_RESTART_COUNT": "2"}],
)
def test_environment_without_a_job_names_none(environment: dict[str, str]) -> None:
    assert not Launch.current(environment).job


def test_another_seed_is_another_run_with_other_numbers(small: Small) -> None:
    first = train(small(), [])
    second = train(small("seed=1"), [])
    assert not equal(weights(first.directory), weights(second.directory))


def test_longer_run_from_a_checkpoint_equals_one_trained_at_a_stretch(small: Small) -> None:
    short = train(small(), [])
    grown = train(small("trainer.max_epochs=4", f"resume={short.directory}"), [])
    whole = train(small("trainer.max_epochs=4", "resume=never"), [])
    assert grown.directory != short.directory
    assert equal(weights(grown.directory), weights(whole.directory))
    again = train(small("trainer.max_epochs=4", f"resume={short.directory}"), [])
    assert again.was_finished
    assert again.directory == whole.directory


def test_checkpoint_of_another_config_is_refused_with_the_keys(small: Small) -> None:
    run = train(small(), [])
    path = f"{run.directory}/checkpoints/last.ckpt"
    with pytest.raises(CheckpointError, match=r"model.beta=4.0(.|\n)*model.beta=2.0"):
        train(small("model.beta=2.0", f"resume={path}"), [])


def test_checkpoint_of_other_data_is_refused(small: Small, tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((300, 8, 8)).astype(np.float32)
    np.save(tmp_path / "a.npy", images)
    np.save(tmp_path / "b.npy", 1 - images)
    run = train(small("data=arrays", f"data.path={tmp_path / 'a.npy'}"), [])
    with pytest.raises(CheckpointError, match="other data"):
        train(
            small("data=arrays", f"data.path={tmp_path / 'b.npy'}", f"resume={run.directory}"), []
        )


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"\x80\x02."])
def test_file_that_is_no_checkpoint_is_refused(
    small: Small, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "some.ckpt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"some\.ckpt"):
        train(small(f"resume={path}"), [])


def test_missing_checkpoint_is_refused(small: Small, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        train(small(f"resume={tmp_path / 'none.ckpt'}"), [])


def test_run_that_another_process_trains_is_refused(small: Small) -> None:
    summary = train(small(), [])
    run = rundir.read(Path(summary.directory))
    assert run
    with run.lock(), pytest.raises(RunBusyError, match="resume=never"):
        train(small(), [])


def test_output_directory_that_cannot_be_made_is_named(small: Small, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="output_dir"):
        train(small(f"output_dir={tmp_path / 'file' / 'runs'}"), [])


def test_damaged_checkpoint_is_refused_although_pytorch_reads_it(small: Small) -> None:
    summary = train(small(), [])
    path = Path(summary.directory) / "checkpoints" / "last.ckpt"
    content = bytearray(path.read_bytes())
    weight = torch.load(path, weights_only=True)["state_dict"]["model.decoder.0.weight"]
    content[content.index(weight.numpy().tobytes()) + 100] ^= 1
    path.write_bytes(content)
    torch.load(path, weights_only=True)
    with pytest.raises(CheckpointError, match="checksum"):
        train(small(f"resume={path}"), [])


@pytest.mark.parametrize("content", ["", "[]", "{}", '"x"', '{"uid": 1, "identity": {"a": 1}}'])
def test_damaged_run_directory_is_an_error_and_not_a_second_run(small: Small, content: str) -> None:
    summary = train(small(), [])
    (Path(summary.directory) / rundir.IDENTITY_FILE).write_text(content)
    with pytest.raises(StorageError, match=r"run\.json"):
        train(small(), [])
    train(small("seed=1"), [])


def test_damaged_summary_is_named(small: Small) -> None:
    summary = train(small(), [])
    (Path(summary.directory) / rundir.SUMMARY_FILE).write_text('{"surprise": 1}')
    with pytest.raises(StorageError, match=r"summary\.json"):
        train(small(), [])


def test_leftovers_of_a_kill_are_removed(small: Small) -> None:
    summary = train(small(), [])
    torn = Path(summary.directory) / "figures" / ".overview.png.1-2.unfinished"
    (torn.parent / ".ipynb_checkpoints").mkdir(parents=True)
    torn.write_bytes(b"half")
    train(small(), [])
    assert [path.name for path in torn.parent.glob(".*")] == [".ipynb_checkpoints"]
