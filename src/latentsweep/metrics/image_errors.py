"""How far reconstructions are from their images: by pixels, and as the eye sees it."""

from torch import Tensor

_REACH = 5  # pixels from the middle of the window to its edge


def mean_squared_error(images: Tensor, reconstructions: Tensor) -> Tensor:
    """Mean over pixels and channels of the squared difference: (n,), no nats.

    The one number here that is a mean over pixels: so the field defines it.

    Args:
        images: (n, channels, height, width).
        reconstructions: of the same shape.
    """
    return (images - reconstructions).double().square().mean(dim=(1, 2, 3))


def structural_similarity(images: Tensor, reconstructions: Tensor, span: float) -> Tensor:
    """SSIM (Wang et al. 2004) of each image: (n,), 1 for equal ones.

    torchmetrics' function: a normal window of deviation 1.5, K1 = 0.01, K2 = 0.03, mean over
    channels and window positions.

    Args:
        images: (n, channels, height, width), 6 pixels high and wide at least.
        reconstructions: of the same shape.
        span: of the values that pixels may have.

    Raises:
        ValueError: the images are smaller than half a window.
    """
    if min(images.shape[2:]) <= _REACH:
        raise ValueError(f"images of {images.shape[2]}x{images.shape[3]} pixels have no SSIM")
    from torchmetrics.functional.image import structural_similarity_index_measure

    found = structural_similarity_index_measure(
        reconstructions, images, reduction="none", data_range=span
    )
    assert isinstance(found, Tensor)  # with other arguments it is a tuple
    return found.double().reshape(len(images))
