import numpy as np
import pytest
import torch
from torch import Tensor

from latentsweep.figures.grids import prior_grid, reconstruction_grid, traversal_grid
from latentsweep.figures.tiles import pixel_limits, scaled, tile


class Echo:
    """Codes are the first pixels of an image; an image is filled with its code's sum."""

    def __init__(self, shape: tuple[int, int, int], latent_size: int) -> None:
        self.shape, self.latent_size = shape, latent_size

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean = x.flatten(1)[:, : self.latent_size]
        return mean, torch.ones_like(mean)

    def decode(self, z: Tensor) -> Tensor:
        return z.sum(1).reshape(-1, 1, 1, 1).expand(-1, *self.shape)

    def sample(self, noise: Tensor) -> Tensor:
        return self.decode(noise)


@pytest.mark.parametrize("size", [8, 28, 32, 64, 100])
@pytest.mark.parametrize(("channels", "depth"), [(1, ()), (2, ()), (3, (3,)), (5, (3,))])
def test_pictures_are_grey_or_colour_and_of_legible_width(size, channels, depth) -> None:
    model = Echo((channels, size, size), 4)
    images = torch.rand(60, channels, size, size)
    pictures = [
        reconstruction_grid(model, images),
        prior_grid(model, torch.randn(96, 4)),
        traversal_grid(model, images[0], [3, 1, 0, 2]),
    ]
    for picture in pictures:
        assert picture.dtype == np.uint8
        assert picture.shape[2:] == depth
        assert 600 <= picture.shape[1] <= 900


def test_images_stand_in_their_rows_and_columns() -> None:
    values = torch.tensor([[0.0, 0.2, 0.4], [0.6, 0.8, 1.0]])
    picture = tile(values[:, :, None, None, None].expand(2, 3, 1, 5, 4))
    high, wide = picture.shape
    centres = picture[[high // 4, 3 * high // 4]][:, [wide // 6, wide // 2, 5 * wide // 6]]
    assert centres.tolist() == [[0, 51, 102], [153, 204, 255]]


def test_colours_are_not_mixed_up() -> None:
    red = torch.tensor([1.0, 0.0, 0.5]).reshape(1, 1, 3, 1, 1).expand(1, 1, 3, 6, 6)
    assert tile(red)[3, 3].tolist() == [255, 0, 128]


def test_originals_stand_above_their_reconstructions() -> None:
    model = Echo((1, 28, 28), 1)
    images = torch.linspace(0, 1, 24).reshape(-1, 1, 1, 1).expand(-1, 1, 28, 28)
    picture = reconstruction_grid(model, images)
    quarter = picture.shape[0] // 8
    assert np.array_equal(picture[quarter], picture[3 * quarter])
    assert not np.array_equal(picture[quarter], picture[5 * quarter])


def test_traversal_moves_the_latents_in_the_order_given() -> None:
    model = Echo((1, 28, 28), 2)
    image = torch.zeros(1, 28, 28)
    image[0, 0, 0] = 1.0
    picture = traversal_grid(model, image, [1, 0], span=1.0)
    row = picture.shape[0] // 4
    middle = picture.shape[1] // 2
    # Latent 1 is moved about code (1, 0), then latent 0: in mid-journey the sums are 1 and 0.
    assert picture[row, middle] == 255
    assert picture[3 * row, middle] == 0


def test_at_most_sixteen_latents_are_traversed() -> None:
    image = torch.rand(1, 28, 28)
    picture = traversal_grid(Echo((1, 28, 28), 40), image, range(40))
    sixteen = traversal_grid(Echo((1, 28, 28), 40), image, range(16))
    assert np.array_equal(picture, sixteen)


def test_values_beyond_zero_and_one_are_scaled_by_the_originals() -> None:
    images = torch.tensor([-2.0, 2.0]).reshape(2, 1, 1, 1)
    assert pixel_limits(images) == (-2.0, 2.0)
    assert scaled(torch.tensor([-9.0, 0.0, 9.0]), (-2.0, 2.0)).tolist() == [0.0, 0.5, 1.0]
    assert pixel_limits(torch.tensor([0.2, 0.7])) == (0.0, 1.0)


def test_few_images_make_a_small_picture() -> None:
    model = Echo((1, 28, 28), 2)
    assert reconstruction_grid(model, torch.rand(1, 1, 28, 28)).size
    assert prior_grid(model, torch.randn(3, 2)).size
