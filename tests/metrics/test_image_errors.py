import pytest
import torch

from latentsweep.metrics.image_errors import mean_squared_error, structural_similarity


def test_squared_error_is_a_mean_over_pixels() -> None:
    images = torch.zeros(2, 1, 2, 2)
    seen = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]], [[[2.0, 2.0], [2.0, 2.0]]]])
    assert mean_squared_error(images, seen).tolist() == [0.25, 4.0]


@pytest.mark.parametrize(("channels", "side"), [(1, 28), (3, 8), (1, 6)])
def test_equal_images_have_similarity_one(channels: int, side: int) -> None:
    images = torch.rand(5, channels, side, side, generator=torch.Generator().manual_seed(0))
    found = structural_similarity(images, images, span=1.0)
    assert found.shape == (5,)
    torch.testing.assert_close(found, torch.ones(5, dtype=torch.float64), rtol=0, atol=1e-5)


def test_similarity_of_plain_images_is_that_of_the_formula() -> None:
    """Of two constant images only the term of the means is left (Wang et al. 2004, eq. 6)."""
    first, second = torch.full((1, 1, 20, 20), 0.3), torch.full((1, 1, 20, 20), 0.6)
    constant = 0.01**2
    expected = (2 * 0.3 * 0.6 + constant) / (0.3**2 + 0.6**2 + constant)
    found = float(structural_similarity(first, second, span=1.0))
    assert found == pytest.approx(expected, rel=5e-4)  # float32 variances of 0 are not quite 0


def test_the_span_of_values_scales_it() -> None:
    images = torch.rand(3, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    seen = images * 0.7
    one = structural_similarity(images, seen, span=1.0)
    many = structural_similarity(images * 255, seen * 255, span=255.0)
    torch.testing.assert_close(one, many, rtol=1e-4, atol=0)


def test_images_smaller_than_half_a_window_are_refused() -> None:
    with pytest.raises(ValueError, match="no SSIM"):
        structural_similarity(torch.zeros(1, 1, 5, 9), torch.zeros(1, 1, 5, 9), span=1.0)
