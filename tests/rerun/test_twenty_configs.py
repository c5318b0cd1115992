"""Twenty runs drawn from all that can be chosen, each trained again: identical to the bit."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image

from latentsweep.config import TrainConfig
from latentsweep.config.checks import check
from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import typed
from latentsweep.data.describe import describe
from latentsweep.errors import ConfigError
from latentsweep.rerun.rerun import rerun
from latentsweep.rerun.wish import Wish
from latentsweep.tracking.recorded import read_recorded
from latentsweep.training.run import train

RUNS = 20
CHOICES = {
    "model": ("ae", "vae", "beta_vae"),
    "network": ("mlp", "conv", "linear"),
    "likelihood": ("bernoulli", "continuous_bernoulli", "gaussian", "laplace"),
    "kl_schedule": ("constant", "warmup", "cyclic", "capacity"),
    "data": ("digits", "fashion_mnist", "sprites_rendered", "arrays", "image_folder"),
    "model.latent_size": ("2", "5", "10"),
    "batch_size": ("130", "160"),
    "seed": ("0", "7", "123456"),
    "trainer.precision": ("32-true", "bf16-mixed", "64-true"),
    "trainer.threads": ("1", "2"),
    "trainer.accumulate_grad_batches": ("1", "2"),
    "trainer.gradient_clip_val": ("null", "5.0"),
}
FIXED = (
    "trainer=cpu",
    "trainer.max_steps=12",
    "trainer.max_epochs=3",
    "trainer.progress_bar=false",
    "tracking=off",
    "tracking.every_n_steps=1",
    "tracking.images_every_n_epochs=0",
    "tracking.system_metrics_every_seconds=0",
)
OWN = {
    "arrays": ("data.path=images.npy",),
    "image_folder": ("data.path=pictures", "data.image_size=16"),
    "sprites_rendered": ("data.val_fraction=0.002",),
}


def draw(random: Random) -> TrainConfig:
    """A config that can be trained."""
    while True:
        chosen = {key: random.choice(values) for key, values in CHOICES.items()}
        if chosen["network"] == "conv" and chosen["data"] == "sprites_rendered":
            continue  # twelve steps of a minute
        overrides = [f"{key}={value}" for key, value in chosen.items()]
        try:
            own = OWN.get(chosen["data"], ())
            config = typed(compose(CONFIG_DIRECTORY, "train", [*overrides, *FIXED, *own]))
            check(config, describe(config.data))
        except ConfigError:
            continue
        return config


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with images of a person's own."""
    directory = tmp_path_factory.mktemp("place")
    pixels = np.random.default_rng(0).integers(0, 255, (400, 16, 16), dtype=np.uint8)
    np.save(directory / "images.npy", pixels)
    (directory / "pictures").mkdir()
    for number, picture in enumerate(pixels):
        Image.fromarray(picture).save(directory / "pictures" / f"{number:03d}.png")
    return directory


@pytest.mark.parametrize("number", range(RUNS))
def test_a_run_of_any_config_is_identical_again(
    place: Path,
    number: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(place)
    config = draw(Random(number))
    summary = train(config, [])
    assert rerun(summary.directory, "", Wish(code="current")) == 0
    told = capsys.readouterr().out
    assert "IDENTICAL" in told, told
    # An epoch of the two large data sets has more than twelve steps.
    ends_an_epoch = config.data.name not in ("fashion_mnist", "sprites_rendered")
    metrics = read_recorded(Path(summary.directory)).metrics
    assert ("val/reconstruction" in metrics) == ends_an_epoch
    assert "and the last weights" in told, told


def test_the_twenty_have_all_that_can_be_chosen(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    configs = [draw(Random(number)) for number in range(RUNS)]
    for group in ("model", "network", "likelihood", "kl_schedule", "data"):
        assert {getattr(config, group).name for config in configs} == set(CHOICES[group])
