"""Options that change speed: what they leave as it is, and what `auto` chooses."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from latentsweep.errors import ConfigError
from latentsweep.tracking.journal import JOURNAL_NAME, read_journal
from latentsweep.tracking.records import Metrics
from latentsweep.training import numerics
from latentsweep.training.numerics import Numerics, prepare_device
from latentsweep.training.run import train

from .conftest import Small

CPU = torch.device("cpu")
CONV = ("network=conv", "network.hidden_size=16")


def losses(small: Small, directory: Path, *overrides: str) -> list[float]:
    """The loss of each step, and the last validation ELBO."""
    place = f"output_dir={directory / '-'.join(overrides).replace('=', '-') / 'runs'}"
    summary = train(small(*overrides, place), [])
    records = [record for record, _ in read_journal(Path(summary.directory) / JOURNAL_NAME)]
    steps = [each.values for each in records if isinstance(each, Metrics)]
    found = [values["train/loss"] for values in steps if "train/loss" in values]
    assert len(found) == 22
    return [*found, summary.validation["elbo"]]


@pytest.mark.parametrize(
    ("common", "option", "tolerance"),
    [
        ((), "trainer.accumulate_grad_batches=4", 1e-5),
        (CONV, "trainer.channels_last=false", 1e-5),
        ((), "trainer.gradient_clip_val=1e9", 0.0),
        ((), "trainer.compile=default", 1e-4),
        (CONV, "trainer.precision=bf16-mixed", 0.02),
    ],
    ids=["in parts", "layout", "clipped nowhere", "compiled", "bfloat16"],
)
def test_option_for_speed_or_memory_keeps_the_losses(
    small: Small, tmp_path: Path, common: Sequence[str], option: str, tolerance: float
) -> None:
    plain = losses(small, tmp_path, *common)
    assert losses(small, tmp_path, *common, option) == pytest.approx(plain, rel=tolerance)


@pytest.mark.parametrize("precision", ["32-true", "64-true", "bf16-mixed"])
def test_clipping_changes_the_weights_way(small: Small, tmp_path: Path, precision: str) -> None:
    common = f"trainer.precision={precision}"
    plain = losses(small, tmp_path, common)
    clipped = losses(small, tmp_path, common, "trainer.gradient_clip_val=1.0")
    assert clipped[0] == plain[0]
    assert clipped[-1] != plain[-1]


@pytest.mark.parametrize(
    ("overrides", "bfloat16", "expected"),
    [
        ((), False, Numerics("32-true", channels_last=False)),
        ((), True, Numerics("bf16-mixed", channels_last=False)),
        (("network=conv",), False, Numerics("32-true", channels_last=True)),
        (("network=conv",), True, Numerics("bf16-mixed", channels_last=True)),
        (
            ("network=conv", "trainer.precision=64-true", "trainer.channels_last=false"),
            True,
            Numerics("64-true", channels_last=False),
        ),
    ],
)
def test_auto_is_what_is_fast_for_network_and_processor(
    small: Small,
    monkeypatch: pytest.MonkeyPatch,
    overrides: Sequence[str],
    bfloat16: bool,
    expected: Numerics,
) -> None:
    monkeypatch.setattr(numerics, "has_bfloat16", lambda: bfloat16)
    assert Numerics.choose(small("trainer.precision=auto", *overrides), CPU) == expected


def test_run_that_goes_on_computes_as_before_where_that_was_left_open(small: Small) -> None:
    known = {"precision": "bf16-mixed", "channels_last": True}
    here, left_open = Numerics("32-true", channels_last=False), small("trainer.precision=auto")
    assert here.as_before(left_open, known) == Numerics("bf16-mixed", channels_last=True)
    given = small("trainer.precision=32-true", "trainer.channels_last=false")
    assert here.as_before(given, known) == here
    assert here.as_before(left_open, {}) == here


def test_compiling_without_a_compiler_is_refused(
    small: Small, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="needs a compiler"):
        prepare_device(small("trainer.compile=default"), CPU)
