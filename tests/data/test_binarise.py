import torch

from latentsweep.data.binarise import bernoulli_sample, fixed_sample, thresholded
from latentsweep.data.storage import ByteImages


def test_pixels_are_on_as_often_as_their_grey_value_says() -> None:
    levels = torch.tensor([0, 1, 51, 128, 204, 254, 255], dtype=torch.uint8)
    images = levels.reshape(1, 1, 1, 7).expand(40_000, -1, -1, -1).contiguous()
    share = bernoulli_sample(images, seed=0).mean(dim=0).flatten()
    # Five standard errors of each pixel.
    chance = levels / 255
    assert ((share - chance).abs() <= 5 * (chance * (1 - chance) / 40_000).sqrt()).all()
    assert share[0] == 0
    assert share[-1] == 1


def test_the_second_draw_makes_up_for_the_byte() -> None:
    # Without it a pixel of 254 would be on with 254/256 only: 0.39 % less often.
    images = torch.full((1000, 1, 40, 40), 254, dtype=torch.uint8)
    share = float(bernoulli_sample(images, seed=1).double().mean())
    assert abs(share - 254 / 255) < 5 * (254 / 255 / 255 / images.numel()) ** 0.5


def test_the_fixed_sample_is_the_same_each_time() -> None:
    pixels = torch.full((5000, 1, 4, 4), 128, dtype=torch.uint8)
    one, other = (fixed_sample(ByteImages(pixels, divisor=255)) for _ in range(2))
    assert torch.equal(one.bits, other.bits)
    assert 0.49 < one.batch(torch.arange(5000)).mean() < 0.515


def test_the_threshold_lies_above_one_half() -> None:
    pixels = torch.tensor([0, 127, 128, 255], dtype=torch.uint8).reshape(4, 1, 1, 1)
    on = thresholded(ByteImages(pixels, divisor=255)).batch(torch.arange(4))
    assert on.flatten().tolist() == [0, 0, 1, 1]
