from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from PIL import Image

from latentsweep.config.data import ImageFolderConfig
from latentsweep.data.describe import describe
from latentsweep.data.sources.image_folder import read
from latentsweep.errors import DataError


def config(
    path: Path, image_size: int | None = None, channels: Literal[1, 3] = 3
) -> ImageFolderConfig:
    return ImageFolderConfig(
        dir="unused",
        download=False,
        val_fraction=0.2,
        test_fraction=0.2,
        path=str(path),
        image_size=image_size,
        channels=channels,
    )


def save(path: Path, value: int, size: tuple[int, int] = (6, 4)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, 0, 0)).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for index, name in enumerate(["b/2.png", "a/1.PNG", "b/deep/3.bmp", "a/0.png", "c/4.png"]):
        save(tmp_path / name, 10 * index)
    (tmp_path / "a" / "notes.txt").write_text("not an image")
    save(tmp_path / ".hidden" / "5.png", 0)
    return tmp_path


def test_images_come_in_the_order_of_their_paths_with_their_folders_as_labels(folder: Path) -> None:
    image_set = read(config(folder))
    pixels = image_set.images.batch(torch.arange(5))
    assert pixels.shape == (5, 3, 4, 6)
    assert (pixels[:, 0, 0, 0] * 255).round().tolist() == [30, 10, 0, 20, 40]
    assert image_set.labels is not None
    assert image_set.labels.tolist() == [0, 0, 1, 1, 2]
    description = describe(config(folder))
    assert (description.shape, description.training_images) == ((3, 4, 6), 3)


def test_images_beside_the_subfolders_have_no_label(folder: Path) -> None:
    save(folder / "top.png", 1)
    assert read(config(folder)).labels is None


def test_the_centre_square_is_resized_and_made_grey(tmp_path: Path) -> None:
    pixels = np.zeros((4, 8, 3), np.uint8)
    pixels[:, 2:6] = 200
    for index in range(5):
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
    choice = config(tmp_path, image_size=2, channels=1)
    image_set = read(choice)
    assert describe(choice).shape == image_set.images.shape == (1, 2, 2)
    assert torch.equal(image_set.images.batch(torch.arange(5)), torch.full((5, 1, 2, 2), 200 / 255))


def test_a_photograph_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    for index in range(5):
        Image.new("RGB", (6, 4)).save(tmp_path / f"{index}.jpg", exif=exif)
    assert describe(config(tmp_path)).shape == read(config(tmp_path)).images.shape == (3, 6, 4)


def test_all_unusable_files_are_counted_and_twenty_named(tmp_path: Path) -> None:
    for index in range(30):
        save(tmp_path / f"good{index:02}.png", index)
    for index in range(22):
        (tmp_path / f"text{index:02}.png").write_text("not an image")
    save(tmp_path / "large.png", 0, size=(7, 4))
    Image.fromarray(np.full((4, 6), 40_000, np.uint16)).save(tmp_path / "sixteen.png")
    with pytest.raises(DataError) as caught:
        read(config(tmp_path))
    message = str(caught.value)
    assert "24 of 54 images" in message
    assert "large.png: 4x7 pixels (height x width), not 4x6" in message
    assert "sixteen.png: pixels of more than 8 bits" in message
    assert "text17.png" in message
    assert "text18.png" not in message
    assert "and 4 more" in message


def test_a_folder_without_images_is_refused_before_and_while_reading(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not an image")
    for refused in (describe, read):
        with pytest.raises(DataError, match="holds no images"):
            refused(config(tmp_path))
        with pytest.raises(DataError, match="nothing there"):
            refused(config(tmp_path / "none"))


def test_an_unreadable_first_image_is_told_before_reading(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_text("not an image")
    with pytest.raises(DataError, match=r"broken\.png"):
        describe(config(tmp_path))
