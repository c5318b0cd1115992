import numpy as np
import pytest
import torch

from latentsweep.config.data import SpritesRenderedConfig
from latentsweep.data.describe import describe
from latentsweep.data.image_set import ImageSet
from latentsweep.data.sources.sprites_rendered import FACTOR_SIZES, read
from latentsweep.data.sprite_outlines import ellipse_crossings, heart, polygon_crossings

CONFIG = SpritesRenderedConfig(dir="unused", download=False, val_fraction=0.01, test_fraction=0.01)


@pytest.fixture(scope="module")
def sprites() -> ImageSet:
    return read(CONFIG)


def frame(sprites: ImageSet, *factors: int) -> np.ndarray:
    index = int(np.ravel_multi_index(factors, FACTOR_SIZES))
    return sprites.images.batch(torch.tensor([index]))[0, 0].numpy().astype(int)


def test_every_combination_of_factors_occurs_once(sprites: ImageSet) -> None:
    assert len(sprites) == 737_280 == np.prod(FACTOR_SIZES)
    assert sprites.factors is not None
    for column, size in zip(sprites.factors.T, FACTOR_SIZES, strict=True):
        assert column.long().bincount().tolist() == [737_280 // size] * size
    flat = np.ravel_multi_index(tuple(sprites.factors.numpy().T.astype(int)), FACTOR_SIZES)
    assert np.array_equal(flat, np.arange(737_280))
    assert sprites.images.nbytes == 377_487_360


def test_the_last_orientation_is_the_first(sprites: ImageSet) -> None:
    assert sprites.factor_periods == (0, 0, 39, 0, 0)
    bits = sprites.images.bits.reshape(*FACTOR_SIZES, -1)
    assert torch.equal(bits[:, :, 0], bits[:, :, 39])
    assert not torch.equal(bits[:, :, 0], bits[:, :, 20])


def test_an_upright_square_is_on_in_exactly_the_pixels_whose_centres_it_covers(
    sprites: ImageSet,
) -> None:
    # Scale 1 at x index 31, y index 0: centre (48, 16), half side 9.6.
    centre = np.arange(64) + 0.5
    inside_y, inside_x = np.abs(centre - 16) < 9.6, np.abs(centre - 48) < 9.6
    oracle = np.outer(inside_y, inside_x).astype(int)
    assert np.array_equal(frame(sprites, 0, 5, 0, 31, 0), oracle)


@pytest.mark.parametrize("scale", range(6))
def test_areas_follow_the_scale(scale: int, sprites: ImageSet) -> None:
    size = 0.5 + 0.1 * scale
    bits = sprites.images.bits.numpy().reshape(*FACTOR_SIZES, -1)[:, scale]
    areas = [np.unpackbits(shape[::4, ::3, ::3]).sum() / (10 * 11 * 11) for shape in bits]
    corners = heart()
    x, y = corners.T
    shoelace = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
    true = np.array([19.2**2, np.pi * 12.76 * 7.22, shoelace]) * size**2
    assert np.allclose(areas, true, rtol=0.01)


def test_a_heart_has_its_tip_at_the_bottom_and_is_symmetric(sprites: ImageSet) -> None:
    image = frame(sprites, 2, 5, 0, 0, 0)  # centre (16, 16)
    assert np.array_equal(image[:, :32], image[:, :32][:, ::-1])
    rows = np.flatnonzero(image.any(axis=1))
    assert image[rows[-1]].sum() <= 2 < image[rows[0]].sum()
    # From 16 - 9.34 on; downwards until the tip is too narrow for the pixels beside it.
    assert (rows[0], rows[-1]) == (7, 23)


def test_orientation_turns_counter_clockwise_on_screen(sprites: ImageSet) -> None:
    upright, turned = (frame(sprites, 2, 5, angle, 0, 0) for angle in (0, 10))
    assert upright[:16].sum() > 1.2 * upright[16:].sum()  # the lobes are above the centre
    assert turned[:, :16].sum() > 1.2 * turned[:, 16:].sum()  # and then left of it


@pytest.mark.parametrize("angle", [0.0, 0.4, 2.0])
def test_ellipse_and_polygon_crossings_agree(angle: float) -> None:
    around = np.linspace(0, 2 * np.pi, 4000, endpoint=False)
    fine = np.stack([12.76 * np.cos(around), 7.22 * np.sin(around)], axis=1)
    heights = np.linspace(-14, 14, 57)
    exact = ellipse_crossings(1.0, angle, heights)
    approximate = polygon_crossings(fine, angle, heights)
    both = np.isfinite(exact)
    assert np.array_equal(both, np.isfinite(approximate))
    assert np.allclose(exact[both], approximate[both], atol=0.05)


def test_describe_announces_the_rendered_set() -> None:
    description = describe(CONFIG)
    assert (description.shape, description.training_images) == (
        (1, 64, 64),
        737_280 - 7_373 - 7_299,
    )
