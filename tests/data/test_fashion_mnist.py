"""The real set, found or fetched the way a user's first run finds it."""

from pathlib import Path

import pytest
import torch

from latentsweep.config.data import FashionMNISTConfig
from latentsweep.data.describe import describe
from latentsweep.data.sources.fashion_mnist import RELEASE
from latentsweep.data.splits import load
from latentsweep.data.ways import unpack_debian


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> FashionMNISTConfig:
    directory = tmp_path_factory.mktemp("data")
    return FashionMNISTConfig(dir=str(directory), download=True, val_fraction=0.1)


def test_fashion_mnist_is_found_and_complete(config: FashionMNISTConfig) -> None:
    splits = load(config, seed=0)
    assert [len(s) for s in (splits.train, splits.val, splits.test)] == [54_000, 6_000, 10_000]
    assert describe(config).shape == splits.shape == (1, 28, 28)
    assert splits.digest == load(config, seed=1).digest
    labels = splits.test.labels
    assert labels is not None
    assert labels.bincount().tolist() == [1000] * 10
    # The mean grey value of the test images, known as 0.2868 in the literature's normalisations.
    assert splits.test.images(torch.arange(10_000)).mean().item() == pytest.approx(0.2868, abs=1e-3)


def test_the_debian_package_is_fetched_on_a_machine_with_empty_package_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lists" / "partial").mkdir(parents=True)
    (tmp_path / "apt.conf").write_text(f'Dir::State::Lists "{tmp_path}/lists";\n')
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    names = {file.name for file in RELEASE.files}
    unpack_debian(RELEASE.debian_package, names, tmp_path)
    assert names <= {path.name for path in tmp_path.iterdir()}
