import pytest

from latentsweep.config.conv_sizes import conv_channels
from latentsweep.errors import ConfigError


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (64, 64, (32, 32, 64, 64)),
        (28, 28, (32, 64)),
        (32, 32, (32, 32, 64)),
        (8, 8, (32,)),
        (64, 16, (32, 64)),
        (12, 20, (32,)),
    ],
)
def test_channels_are_derived_from_the_size(height, width, expected) -> None:
    assert conv_channels(None, height, width) == expected


@pytest.mark.parametrize(("height", "width"), [(7, 28), (28, 27), (6, 6), (4, 64)])
def test_images_that_cannot_be_halved_are_refused(height, width) -> None:
    with pytest.raises(ConfigError, match=f"{height}x{width}"):
        conv_channels(None, height, width)


def test_given_channels_are_kept_where_they_fit() -> None:
    assert conv_channels((5, 6, 7), 8, 8) == (5, 6, 7)


def test_too_many_layers_are_refused_with_the_size_at_which_halving_stops() -> None:
    with pytest.raises(ConfigError, match=r"7x7.*odd") as caught:
        conv_channels((32, 32, 64, 64), 28, 28)
    assert "at most 2" in caught.value.mend
