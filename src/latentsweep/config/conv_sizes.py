"""How often a convolutional network halves an image: known before any layer is built."""

from latentsweep.errors import ConfigError

_SMALLEST = 4
_NARROW, _WIDE = 32, 64


def conv_channels(channels: tuple[int, ...] | None, height: int, width: int) -> tuple[int, ...]:
    """Channels of the strided convolutions for an image of `height` x `width` pixels.

    Without `channels` the image is halved while both sides are even and stay at least 4; the first
    half of the layers (rounded up) has 32 channels, the rest 64. At 64x64 that is 32, 32, 64, 64,
    as in disentanglement_lib (Locatello et al. 2019, table 1).

    Raises:
        ConfigError: a side cannot be halved exactly as often as there are layers, so that the
            decoder could not return to the image's size; or not even once.
    """
    possible = _halvings(height, width, smallest=_SMALLEST if channels is None else 1)
    if channels is None:
        if possible:
            narrow = (possible + 1) // 2
            return (_NARROW,) * narrow + (_WIDE,) * (possible - narrow)
        raise ConfigError(
            "network=conv cannot halve these images",
            found=f"{height}x{width} pixels",
            expected=f"even sides, at least {2 * _SMALLEST}",
            mend="network=mlp takes images of any size",
        )
    if len(channels) > possible:
        stuck = f"{height >> possible}x{width >> possible}"
        mend = f"give network.channels at most {possible} numbers, or null to derive them"
        raise ConfigError(
            "network.channels has more layers than the images can be halved",
            found=f"{len(channels)} layers, but {height}x{width} stops at {stuck}, which is odd",
            expected="even height and width before each layer",
            mend=mend if possible else "network=mlp takes images of any size",
        )
    return channels


def _halvings(height: int, width: int, *, smallest: int) -> int:
    count = 0
    while height % 2 == 0 and width % 2 == 0 and min(height, width) // 2 >= smallest:
        height, width, count = height // 2, width // 2, count + 1
    return count
