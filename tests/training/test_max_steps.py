"""Training that is told to end after some optimiser steps."""

from dataclasses import replace
from pathlib import Path

import pytest

from latentsweep.tracking.recorded import RecordedRun, read_recorded
from latentsweep.training.run import train
from latentsweep.training.summary import show
from latentsweep.training.weights import TAG, checkpoint_weights

from .conftest import Small


def trained(small: Small, *overrides: str) -> RecordedRun:
    return read_recorded(Path(train(small("resume=never", *overrides), []).directory))


@pytest.fixture
def whole(small: Small) -> RecordedRun:
    return trained(small)


@pytest.mark.parametrize("steps", [1, 5, 11, 15])
def test_its_numbers_are_the_first_of_the_whole_run(
    small: Small, whole: RecordedRun, steps: int
) -> None:
    short = trained(small, f"trainer.max_steps={steps}")
    assert short.last_step == steps
    for name, curve in short.metrics.items():
        expected = {step: v for step, v in whole.metrics[name].items() if step <= steps}
        assert curve == expected, name
    checkpoint = short.file("checkpoints/last.ckpt")
    assert checkpoint
    assert checkpoint_weights(checkpoint) == (short.tags[TAG], steps)


def test_a_run_without_a_whole_epoch_names_no_best_checkpoint(
    small: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = train(small("trainer.max_steps=5"), [])
    show(summary)
    assert "last.ckpt (no epoch was whole)" in capsys.readouterr().out
    assert not (Path(summary.directory) / "checkpoints" / "best.ckpt").exists()


def test_more_steps_than_there_are_change_nothing(small: Small, whole: RecordedRun) -> None:
    same = trained(small, "trainer.max_steps=1000")
    assert same.metrics == whole.metrics
    assert same.tags[TAG] == whole.tags[TAG]


@pytest.mark.parametrize("steps", [5, 11])
def test_a_longer_run_goes_on_from_it_to_the_same_end(
    small: Small, whole: RecordedRun, steps: int
) -> None:
    short = trained(small, f"trainer.max_steps={steps}")
    config = replace(small(), resume=f"{short.directory}/checkpoints/last.ckpt")
    grown = read_recorded(Path(train(config, []).directory))
    assert grown.tags[TAG] == whole.tags[TAG]
