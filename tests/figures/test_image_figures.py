import io
from statistics import NormalDist

import numpy as np
import pytest
import torch
from PIL import Image

from latentsweep.figures.image_rows import image_rows
from latentsweep.figures.interpolations import interpolations
from latentsweep.figures.manifold import manifold
from latentsweep.figures.tiles import tile
from latentsweep.figures.traversals import traversals
from tests.figures.linear_model import LinearModel
from tests.figures.table import read

SHAPES = [(1, 8, 8), (3, 8, 8), (1, 28, 28), (3, 64, 64)]


def pixels(rows, shape) -> torch.Tensor:
    names = [name for name in rows[0] if name.startswith("c0y0")]
    assert len(names) == shape[2]
    size = shape[0] * shape[1] * shape[2]
    return torch.tensor([list(row.values())[-size:] for row in rows]).reshape(-1, *shape)


def assert_drawn(axes, number: int, images: torch.Tensor, beside: int = 0) -> None:
    """Rounding to four digits moves a pixel of the picture by one of its 255 levels at most."""
    shown = np.asarray(axes.images[number].get_array()).astype(int)
    assert np.abs(shown - tile(images, beside).astype(int)).max() <= 1


@pytest.mark.parametrize("shape", SHAPES)
def test_table_of_traversals_holds_the_images_drawn(shape) -> None:
    model = LinearModel(shape, 3)
    drawn = traversals(model, torch.rand(shape), torch.tensor([0.1, 3.0, 2.0]), steps=5)
    rows = read(drawn)
    assert [row["latent"] for row in rows[::5]] == [1, 2, 0]
    assert [row["value"] for row in rows[:5]] == [-3.0, -1.5, 0.0, 1.5, 3.0]
    assert_drawn(drawn.figure.axes[0], 0, pixels(rows, shape).reshape(3, 5, *shape))


def test_traversals_are_named_by_falling_kl_with_unknown_ones_at_the_end() -> None:
    kl = torch.tensor([0.1, float("nan"), 2.406])
    drawn = traversals(LinearModel((1, 8, 8), 3), torch.rand(1, 8, 8), kl)
    names = [label.get_text() for label in drawn.figure.axes[0].get_yticklabels()]
    assert names == ["z2  2.41 nats", "z0  0.10 nats", "z1  nan nats"]


def test_traversals_say_whose_they_are_and_where_they_start() -> None:
    model, image = LinearModel((1, 8, 8), 2), torch.rand(1, 8, 8)
    drawn = traversals(model, image, torch.ones(2), name="vae", start="test image 7")
    title = drawn.figure.axes[0].get_title(loc="left")
    assert title.startswith("vae: one latent moved at a time from the code of test image 7")
    assert drawn.told == (
        "Images as 2 latents of vae are moved one by one from the code of test image 7."
    )


def test_traversals_of_a_hundred_latents_say_how_many_are_shown() -> None:
    drawn = traversals(LinearModel((1, 16, 16), 100), torch.rand(1, 16, 16), torch.rand(100))
    axes = drawn.figure.axes[0]
    assert axes.get_title(loc="left").endswith("(16 of 100)")
    assert len(axes.get_yticks()) == 16
    assert {row["latent"] for row in read(drawn)} == set(torch.tensor(drawn.rows)[:, 0].tolist())


def test_ticks_of_traversals_stand_under_the_images_of_those_values() -> None:
    drawn = traversals(LinearModel((1, 8, 8), 1), torch.rand(1, 8, 8), torch.ones(1))
    axes = drawn.figure.axes[0]
    left, right, _, _ = axes.images[0].get_extent()
    columns = (axes.get_xticks() - left) / (right - left) * 13 - 0.5
    assert columns == pytest.approx([0, 2, 4, 6, 8, 10, 12])


@pytest.mark.parametrize("shape", SHAPES)
def test_manifold_lies_at_the_quantiles_of_the_prior_with_z1_upwards(shape) -> None:
    drawn = manifold(LinearModel(shape, 2), torch.rand(4, *shape), steps=4)
    rows = read(drawn)
    quantiles = [NormalDist().inv_cdf(p) for p in (0.125, 0.375, 0.625, 0.875)]
    assert [row["z0"] for row in rows[:4]] == quantiles
    assert [row["z1"] for row in rows[::4]] == quantiles[::-1]
    assert_drawn(drawn.figure.axes[0], 0, pixels(rows, shape).reshape(4, 4, *shape))


@pytest.mark.parametrize("latent_size", [1, 3])
def test_manifold_of_other_than_two_latents_is_refused(latent_size) -> None:
    with pytest.raises(ValueError, match=f"2 latents, and this model has {latent_size}"):
        manifold(LinearModel((1, 8, 8), latent_size), torch.rand(4, 1, 8, 8))


@pytest.mark.parametrize("shape", SHAPES)
def test_interpolations_go_from_reconstruction_to_reconstruction_between_the_data(shape) -> None:
    model = LinearModel(shape, 3)
    starts, ends = torch.rand(2, *shape), torch.rand(2, *shape)
    drawn = interpolations(model, starts, ends, steps=3)
    rows = read(drawn)
    assert [row["way"] for row in rows[:5]] == [0, 0, 0.5, 1, 1]
    assert [row["whose"] for row in rows[:5]] == ["data", "model", "model", "model", "data"]
    images = pixels(rows, shape).reshape(2, 5, *shape)
    codes = [model.encode(side)[0] for side in (starts, ends)]
    expected = [starts, model.decode(codes[0]), model.decode((codes[0] + codes[1]) / 2)]
    expected += [model.decode(codes[1]), ends]
    assert torch.allclose(images, torch.stack(expected, dim=1), atol=1e-4)
    axes = drawn.figure.axes[0]
    for number, part in enumerate((images[:, :1], images[:, 1:4], images[:, 4:])):
        assert_drawn(axes, number, part, beside=5 - part.shape[1])


@pytest.mark.parametrize("ends", ["", "data"])
def test_rows_of_each_name_stand_apart_and_are_in_the_table(ends) -> None:
    shape = (1, 8, 8)
    rows = {"ae": torch.rand(2, 4, *shape), "vae": torch.rand(2, 4, *shape)}
    drawn = image_rows(rows, "title", ends=ends)
    table = read(drawn)
    images = pixels(table, shape).reshape(4, 4, *shape)
    assert torch.allclose(images, torch.cat(list(rows.values())), atol=1e-4)
    whose = [ends or "vae", "vae", "vae", ends or "vae"]
    assert [row["whose"] for row in table[-4:]] == whose
    axes = drawn.figure.axes[0]
    spans = sorted({(image.get_extent()[3], image.get_extent()[2]) for image in axes.images})
    assert spans == [(0, 2), (2.25, 4.25)]
    assert list(axes.get_yticks()) == [1, 3.25]
    assert len(axes.images) == (6 if ends else 2)
    assert_drawn(axes, 1, images[:2, 1:3] if ends else images[2:], beside=2 if ends else 0)


def test_image_that_is_nan_is_drawn_grey_and_told_in_the_table() -> None:
    image = torch.rand(1, 8, 8)
    image[0, 0, 0] = float("nan")
    drawn = traversals(LinearModel((1, 8, 8), 2), image, torch.tensor([1.0, 2.0]), steps=3)
    shown = np.asarray(drawn.figure.axes[0].images[0].get_array())
    row = shown.shape[0] // 4
    assert (shown[:row] == 190).all()
    assert all(np.isnan(row["c0y3x3"]) for row in read(drawn)[:3])


def test_figures_of_images_are_900_pixels_wide() -> None:
    model = LinearModel((3, 32, 24), 2)
    images = torch.rand(8, 3, 32, 24)
    for drawn in (
        traversals(model, images[0], torch.ones(2)),
        manifold(model, images),
        interpolations(model, images[:4], images[4:]),
    ):
        picture = Image.open(io.BytesIO(drawn.png()))
        assert picture.width == 900
        assert 200 <= picture.height <= 1200
