import math

import pytest
import torch

from latentsweep.metrics.mutual_information import binned, mutual_information
from latentsweep.metrics.mutual_information_gap import mutual_information_gap

# Two factors of 2 and of 4 values, and three latents: the second factor, its greater half, the
# first factor. Nothing is square or symmetric, so that no transpose passes unseen.
FACTORS = torch.cartesian_prod(torch.arange(2), torch.arange(4))
CODES = torch.stack([FACTORS[:, 1], FACTORS[:, 1] // 2, FACTORS[:, 0]], dim=1).float()


def test_information_is_that_of_each_latent_about_the_factor() -> None:
    bins = binned(CODES)
    information, entropy = mutual_information(bins, FACTORS[:, 0])
    assert entropy == pytest.approx(math.log(2))
    assert information.tolist() == pytest.approx([0, 0, math.log(2)])
    information, entropy = mutual_information(bins, FACTORS[:, 1])
    assert entropy == pytest.approx(math.log(4))
    assert information.tolist() == pytest.approx([math.log(4), math.log(2), 0])


def test_the_gap_is_taken_over_latents_not_over_factors() -> None:
    # disentangling-vae takes `.view` for a transpose. First factor: 1; second: 1 - 1/2.
    assert mutual_information_gap(CODES, FACTORS) == pytest.approx(0.75)


def test_bins_have_equal_width_and_are_numbered_through() -> None:
    codes = torch.tensor([[0.0, 5.0], [0.049, 5.0], [0.051, 5.0], [1.0, 5.0]])
    assert binned(codes).tolist() == [[0, 0, 1, 19], [20, 20, 20, 20]]
