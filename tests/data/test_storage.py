import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from latentsweep.data.storage import (
    ByteImages,
    FloatImages,
    PackedImages,
    tensor_over,
    unpack_by_shifts,
)


@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 3), st.integers(1, 7), st.integers(1, 7)),
    seed=st.integers(0, 2**32 - 1),
)
def test_all_stores_hand_out_the_same_binary_images(
    shape: tuple[int, int, int, int], seed: int
) -> None:
    generator = np.random.default_rng(seed)
    pixels = torch.from_numpy(generator.random(shape) < 0.5)
    indices = torch.from_numpy(generator.integers(0, shape[0], 12))
    stores = (
        ByteImages(pixels, divisor=1),
        ByteImages(pixels.to(torch.uint8) * 255, divisor=255),
        FloatImages(pixels.float()),
        PackedImages.pack(pixels),
    )
    for store in stores:
        assert (len(store), store.shape) == (shape[0], shape[1:])
        batch = store.batch(indices)
        assert batch.dtype == torch.float32
        assert torch.equal(batch, pixels[indices].float())


def test_byte_pixels_are_divided_exactly() -> None:
    pixels = torch.arange(256, dtype=torch.uint8).reshape(256, 1, 1, 1)
    batch = ByteImages(pixels, divisor=255).batch(torch.arange(256))
    assert torch.equal(batch.flatten(), torch.arange(256) / 255)


@given(st.binary(min_size=1, max_size=40))
def test_shifts_unpack_as_numpy_does(content: bytes) -> None:
    bits = np.frombuffer(content, np.uint8)[None].copy()
    unpacked = unpack_by_shifts(torch.from_numpy(bits))
    assert np.array_equal(unpacked.numpy(), np.unpackbits(bits, axis=1))


def test_a_batch_is_a_copy_that_may_be_written() -> None:
    store = FloatImages(torch.zeros(3, 1, 2, 2))
    store.batch(torch.tensor([0, 1])).fill_(1)
    assert store.pixels.sum() == 0


def test_a_memory_map_serves_batches_without_a_warning(tmp_path, recwarn) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 3, 4, 4), dtype=np.uint8)
    np.save(tmp_path / "images.npy", pixels)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    store = ByteImages(tensor_over(mapped), divisor=255)
    indices = torch.tensor([19, 0, 7])
    assert torch.equal(store.batch(indices), torch.from_numpy(pixels[indices]).float() / 255)
    assert not recwarn.list
