"""Mistakes of a person who evaluates: one message each, and nothing on record."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from latentsweep.errors import (
    CheckpointError,
    ConfigError,
    DataError,
    RunBusyError,
    StorageError,
)
from latentsweep.tracking.journal import JOURNAL_NAME
from latentsweep.tracking.journal_recorder import JournalRecorder

from .conftest import evaluated, settings, trained

Runs = Callable[..., Path]


def test_no_samples_are_refused() -> None:
    with pytest.raises(ConfigError, match="importance_samples is wrong"):
        settings("importance_samples=0")


def test_an_unknown_setting_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean importance_samples"):
        settings("importance_sample=5")


def test_scores_of_factors_need_factors(runs: Runs) -> None:
    with pytest.raises(ConfigError, match="does not know the factors") as caught:
        evaluated(runs(), "disentanglement=always")
    assert "UDR" in str(caught.value)


def test_quadrature_over_ten_latents_says_why_not_and_what_instead(runs: Runs) -> None:
    with pytest.raises(ConfigError, match="282,475,249 nodes") as caught:
        evaluated(runs("model.latent_size=10", "trainer.max_epochs=1"), "quadrature=always")
    assert "importance_samples=5000" in str(caught.value)


def test_quadrature_of_an_autoencoder_is_refused(runs: Runs) -> None:
    with pytest.raises(ConfigError, match="no p"):
        evaluated(runs("model=ae", "trainer.max_epochs=1"), "quadrature=always")


@pytest.fixture
def copied(runs: Runs, tmp_path: Path) -> Path:
    """A copy of a run, for whatever is done to it."""
    return Path(shutil.copytree(runs(), tmp_path / "copy" / runs().name))


def test_a_run_without_its_checkpoint_is_refused(copied: Path) -> None:
    (copied / "checkpoints/best.ckpt").unlink()
    with pytest.raises(CheckpointError, match="has no best model"):
        evaluated(copied)


def test_a_damaged_checkpoint_is_refused(copied: Path) -> None:
    path = copied / "checkpoints/best.ckpt"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(CheckpointError, match="cannot read the checkpoint"):
        evaluated(copied)


def test_a_checkpoint_of_another_config_is_refused(runs: Runs, copied: Path) -> None:
    other = runs("model.latent_size=2", "trainer.max_epochs=1")
    shutil.copy(other / "checkpoints/best.ckpt", copied / "checkpoints/best.ckpt")
    with pytest.raises(CheckpointError, match="of another config"):
        evaluated(copied)


def test_other_data_is_refused_with_both_digests(copied: Path) -> None:
    path = copied / "checkpoints/best.ckpt"
    content = torch.load(path, weights_only=True)
    content["latentsweep"]["data_digest"] = "f" * 64
    torch.save(content, path)
    with pytest.raises(DataError, match="not what") as caught:
        evaluated(copied)
    assert "ffffffffffffffff" in str(caught.value)


def test_a_run_at_work_is_left_alone(copied: Path) -> None:
    recorder = JournalRecorder(copied)
    try:
        with pytest.raises(RunBusyError, match="being trained"):
            evaluated(copied)
    finally:
        recorder.close()


def test_a_record_without_a_config_is_refused(tmp_path: Path) -> None:
    JournalRecorder(tmp_path / "sweep").close()
    with pytest.raises(ConfigError, match="no config on record"):
        evaluated(tmp_path / "sweep")


def test_a_path_for_data_without_one_is_refused(runs: Runs) -> None:
    with pytest.raises(ConfigError, match="has no path"):
        evaluated(runs(), "data_path=elsewhere")


def test_nothing_is_recorded_where_something_is_refused(runs: Runs) -> None:
    before = (runs() / JOURNAL_NAME).stat().st_size
    with pytest.raises(ConfigError):
        evaluated(runs(), "disentanglement=always")
    assert (runs() / JOURNAL_NAME).stat().st_size == before


def test_factors_that_support_no_score_are_a_note_unless_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "one.npz"
    images = np.random.default_rng(0).integers(0, 255, (300, 8, 8), np.uint8)
    np.savez(path, data=images, factors=np.arange(300)[:, None] % 3)
    run_dir = trained(tmp_path, "data=arrays", f"data.path={path}", "trainer.max_epochs=1")
    scores = evaluated(run_dir)
    assert any("no scores against factors" in note for note in scores["notes"])
    assert "mig" not in scores["metrics"]


def test_weights_that_are_not_finite_are_told(copied: Path) -> None:
    path = copied / "checkpoints/best.ckpt"
    content = torch.load(path, weights_only=True)
    for value in content["state_dict"].values():
        value.fill_(torch.nan)
    torch.save(content, path)
    with pytest.raises(CheckpointError, match="does not give finite numbers"):
        evaluated(copied)


def test_weights_that_are_huge_are_no_traceback(copied: Path) -> None:
    path = copied / "checkpoints/best.ckpt"
    content = torch.load(path, weights_only=True)
    for value in content["state_dict"].values():
        value.mul_(1e4)
    torch.save(content, path)
    assert evaluated(copied)["metrics"]["mse"] > 0


@pytest.mark.parametrize("text", ["{", "[]", '{"metrics": null}', '{"metrics": "abc"}'])
def test_scores_that_are_torn_are_written_anew(copied: Path, text: str) -> None:
    path = copied / "files/test/scores.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    assert evaluated(copied, "baselines=false", "quadrature=never")["metrics"]["elbo"] < 0


def test_a_full_disk_is_an_error_and_the_same_command_makes_it_whole(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StorageError("cannot write", found="No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(JournalRecorder, "metrics", full)
        with pytest.raises(StorageError, match="No space left"):
            evaluated(copied, "baselines=false")
    assert evaluated(copied, "baselines=false")["metrics"]["elbo"] < 0
    assert "test/elbo" in (copied / JOURNAL_NAME).read_text()


def arrays(tmp_path: Path, count: int, **more: np.ndarray) -> tuple[str, str]:
    path = tmp_path / "images.npz"
    images = np.random.default_rng(0).integers(0, 255, (count, 8, 8), np.uint8)
    np.savez(path, data=images, **more)
    return "data=arrays", f"data.path={path}"


def test_labels_of_one_class_are_a_note(tmp_path: Path) -> None:
    data = arrays(tmp_path, 300, labels=np.zeros(300, np.int64))
    scores = evaluated(trained(tmp_path, *data, "trainer.max_epochs=1"))
    assert "no linear probe: training images of one class" in scores["notes"]


def test_a_single_test_image_is_enough(tmp_path: Path) -> None:
    run_dir = trained(tmp_path, *arrays(tmp_path, 10), "batch_size=2", "trainer.max_epochs=1")
    scores = evaluated(run_dir)
    assert scores["images"] == 1
    assert any("not finite" in note and "mse_standard_error" in note for note in scores["notes"])
