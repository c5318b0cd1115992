import torch

from latentsweep.data.binarise import bernoulli_sample, fixed_sample, thresholded
from latentsweep.data.storage import ByteImages


def test_pixels_are_on_as_often_as_their_grey_value_says() -> None:
    grey = torch.linspace(0, 1, 11).reshape(1, 1, 1, 11).expand(20_000, -1, -1, -1)
    share = bernoulli_sample(grey, seed=0).mean(dim=0).flatten()
    # Five standard errors of the least certain pixel.
    assert torch.allclose(share, torch.linspace(0, 1, 11), atol=5 * 0.5 / 20_000**0.5)
    assert share[0] == 0
    assert share[-1] == 1


def test_the_fixed_sample_is_the_same_each_time() -> None:
    pixels = torch.full((5000, 1, 4, 4), 128, dtype=torch.uint8)
    one, other = (fixed_sample(ByteImages(pixels, divisor=255)) for _ in range(2))
    assert torch.equal(one.bits, other.bits)
    assert 0.49 < one.batch(torch.arange(5000)).mean() < 0.515


def test_the_threshold_lies_above_one_half() -> None:
    pixels = torch.tensor([0, 127, 128, 255], dtype=torch.uint8).reshape(4, 1, 1, 1)
    on = thresholded(ByteImages(pixels, divisor=255)).batch(torch.arange(4))
    assert on.flatten().tolist() == [0, 0, 1, 1]
