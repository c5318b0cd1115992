"""dSprites, 3D Shapes and CelebA in their published formats, a few images each."""

import hashlib
import io
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from PIL import Image

from latentsweep.config.data import CelebAConfig, DSpritesConfig, Shapes3DConfig
from latentsweep.data.checksums import Checksum
from latentsweep.data.converted import Conversion, converted
from latentsweep.data.fetch import Release, RemoteFile
from latentsweep.data.sources import celeba, dsprites, shapes3d
from latentsweep.errors import DataError

GENERATOR = np.random.default_rng(0)


def release(name: str, path: Path) -> Release:
    checksum = Checksum("md5", hashlib.md5(path.read_bytes()).hexdigest())
    return Release(name, (RemoteFile(path.name, checksum, path.as_uri()),))


def unsplit(directory: Path) -> dict[str, object]:
    return {"dir": str(directory), "download": True, "val_fraction": 0.1, "test_fraction": 0.1}


def test_dsprites_are_packed_without_opening_their_pickle(tmp_path: Path) -> None:
    images = (GENERATOR.random((30, 64, 64)) < 0.5).astype(np.uint8)
    classes = np.concatenate([np.zeros((30, 1), int), GENERATOR.integers(0, 3, (30, 5))], axis=1)
    path = tmp_path / "tiny.npz"
    metadata = np.array({"a": "pickle"}, dtype=object)
    np.savez_compressed(path, metadata=metadata, imgs=images, latents_classes=classes)
    config = DSpritesConfig(**unsplit(tmp_path / "data"))
    image_set = dsprites.read(config, release("dsprites", path))
    assert image_set.images.nbytes == 30 * 512
    batch = image_set.images.batch(torch.arange(30))
    assert np.array_equal(batch[:, 0].numpy(), images)
    assert image_set.factors is not None
    assert np.array_equal(image_set.factors.numpy(), classes[:, 1:])

    # Converted once: the fetched file is not asked for again.
    (tmp_path / "data" / "dsprites" / "tiny.npz").unlink()
    path.unlink()
    offline = Release("dsprites", (RemoteFile("tiny.npz", Checksum("md5", "0")),))
    again = dsprites.read(config, offline)
    assert again.digest == image_set.digest


def test_shapes3d_are_mapped_channel_first_with_their_factors_as_indices(tmp_path: Path) -> None:
    images = GENERATOR.integers(0, 256, (24, 64, 64, 3), dtype=np.uint8)
    indices = np.stack([np.arange(24) % 4, np.arange(24) // 4], axis=1)
    path = tmp_path / "tiny.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("images", data=images, compression="gzip")
        file.create_dataset("labels", data=indices * 0.25 - 1.0)
    config = Shapes3DConfig(**unsplit(tmp_path / "data"))
    image_set = shapes3d.read(config, release("shapes3d", path))
    batch = image_set.images.batch(torch.arange(24))
    assert np.array_equal(batch.numpy(), images.transpose(0, 3, 1, 2) / np.float32(255))
    assert image_set.factors is not None
    assert np.array_equal(image_set.factors.numpy(), indices)


def test_a_corrupt_source_is_refused_and_not_converted(tmp_path: Path) -> None:
    placed = tmp_path / "shapes3d" / "tiny.h5"
    placed.parent.mkdir()
    placed.write_bytes(b"not what was published")
    upstream = Release("shapes3d", (RemoteFile("tiny.h5", Checksum("md5", "0" * 32)),))
    with pytest.raises(DataError, match=f"expected: md5 {'0' * 32}") as caught:
        shapes3d.read(Shapes3DConfig(**unsplit(tmp_path)), upstream)
    assert str(placed) in str(caught.value)
    assert list(placed.parent.iterdir()) == [placed]


def celeba_zip(path: Path, count: int) -> celeba.Archive:
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count, 0, -1):
            stream = io.BytesIO()
            Image.new("RGB", (178, 218), (number, 0, 0)).save(stream, "jpeg", quality=100)
            archive.writestr(f"img_align_celeba/{number:06}.jpg", stream.getvalue())
    checksum = Checksum("md5", hashlib.md5(path.read_bytes()).hexdigest())
    return celeba.Archive(checksum, first_test=count - 3)


def test_celeba_is_cropped_resized_and_divided_by_number(tmp_path: Path) -> None:
    archive = celeba_zip(tmp_path / "celeba" / "img_align_celeba.zip", 9)
    config = CelebAConfig(dir=str(tmp_path), download=True, val_fraction=0.1, image_size=16)
    image_set = celeba.read(config, archive)
    assert image_set.images.shape == (3, 16, 16)
    assert image_set.test is not None
    assert image_set.test.tolist() == [6, 7, 8]
    red = image_set.images.batch(torch.arange(9))[:, 0, 8, 8] * 255
    assert torch.allclose(red, torch.arange(1.0, 10.0), atol=1.0)


def test_missing_celeba_says_where_to_put_the_zip_file(tmp_path: Path) -> None:
    config = CelebAConfig(dir=str(tmp_path), download=True, val_fraction=0.1, image_size=16)
    with pytest.raises(DataError, match="cannot be fetched") as caught:
        celeba.read(config)
    assert f"{tmp_path}/celeba/" in str(caught.value)


def test_a_damaged_conversion_is_named_with_the_mend(tmp_path: Path) -> None:
    pixels = np.zeros((3, 1, 2, 2), np.uint8)
    directory = tmp_path / "converted"
    converted(directory, lambda: Conversion(pixels.shape, [pixels[:2], pixels[2:]]))
    images = directory / "images.npy"
    images.write_bytes(images.read_bytes()[:-1])
    with pytest.raises(DataError, match=f"delete {directory}"):
        converted(directory, lambda: Conversion(pixels.shape, [pixels]))
