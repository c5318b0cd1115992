"""What each latent does to the images, and what it has to do with classes."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

_ROWS = 1024
_AT_ONCE = 256


@torch.no_grad()
def variance_shares(
    decode: Callable[[Tensor], Tensor], codes: Tensor, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Shares of the decoded images' variance that latents have: Sobol's indices, over all pixels.

    Alone, the first-order index Var(E[g(z)|z_j]) / Var(g(z)), and with all that latent j does
    together with others, the total index E[Var(g(z)|z_-j)] / Var(g(z)), by the symmetric estimators
    of Azzini, Mara & Rosati 2021: the first is never more than the second, both are exactly 0 for a
    latent that does nothing, and for a linear decoder they are the same and add up to about 1.
    Latents are drawn from their own values, each by itself, as if they were independent.

    Args:
        decode: latents (batch, latent) to mean images (batch, channels, height, width).
        codes: posterior means, (n, latent).
        seed: of the draws.

    Returns:
        Both (latent,) float64; NaN where the images do not vary.
    """
    generator = torch.Generator().manual_seed(seed)
    rows = min(_ROWS, 8 * len(codes))
    first, second = (_independent(codes.cpu(), rows, generator) for _ in range(2))
    alone, together = [], []
    images, others = (_decoded(decode, z, codes) for z in (first, second))
    variance = float(torch.cat([images, others]).var(dim=0, correction=0).sum())
    for j in range(codes.shape[1]):
        # What the latent's other value changes, with the other latents of either draw.
        in_first = images - _decoded(decode, _exchanged(first, second, j), codes)
        in_second = _decoded(decode, _exchanged(second, first, j), codes) - others
        alone.append(0.5 * _mean_product(in_first, in_second))
        both = _mean_product(in_first, in_first) + _mean_product(in_second, in_second)
        together.append(0.25 * both)
    shares = torch.tensor([alone, together], dtype=torch.float64) / variance
    return shares[0].clamp(min=0.0), shares[1]


@torch.no_grad()
def effects(decode: Callable[[Tensor], Tensor], codes: Tensor, steps: int = 21) -> Tensor:
    """Where in the image each latent moves something: the deviation of each pixel's mean.

    One latent at a time goes over the middle 95 % of its values, the others stay at their medians.

    Args:
        decode: latents (batch, latent) to mean images (batch, channels, height, width).
        codes: posterior means, (n, latent).
        steps: values of each latent.

    Returns:
        (latent, channels, height, width).
    """
    middle = codes.median(dim=0).values
    low, high = codes.quantile(0.025, dim=0), codes.quantile(0.975, dim=0)
    found = []
    for j in range(codes.shape[1]):
        z = middle.repeat(steps, 1)
        z[:, j] = torch.linspace(0, 1, steps, device=z.device) * (high[j] - low[j]) + low[j]
        found.append(decode(z).std(dim=0, correction=0))
    return torch.stack(found)


def overlap(moved: Tensor) -> Tensor:
    """How far latents move the same pixels: the cosine between their effects, (latent, latent).

    0 where two move no pixel in common, 1 where they move the same ones equally much; 0 beside a
    latent that moves none.

    Args:
        moved: what `effects` gave.
    """
    flat = moved.double().flatten(1)
    length = flat.norm(dim=1, keepdim=True)
    unit: Tensor = (flat / length).nan_to_num(0.0)
    cosine: Tensor = unit @ unit.T
    return cosine


def correlation_ratio(codes: Tensor, labels: Tensor) -> Tensor:
    """Share of each latent's variance that lies between classes: eta squared (Fisher 1925).

    Args:
        codes: posterior means, (n, latent).
        labels: class of each image, int64 (n,).

    Returns:
        (latent,) float64 in [0, 1]; 0 for a latent that does not vary.
    """
    codes = codes.double()
    centred = codes - codes.mean(dim=0)
    within = torch.zeros(codes.shape[1], dtype=torch.float64)
    for label in range(int(labels.max()) + 1):
        own = codes[labels == label]
        if len(own):
            within += ((own - own.mean(dim=0)) ** 2).sum(dim=0)
    whole = (centred**2).sum(dim=0)
    return (1 - within / whole).nan_to_num(0.0).clamp(0.0, 1.0)


def _independent(codes: Tensor, rows: int, generator: torch.Generator) -> Tensor:
    """Rows whose latents are drawn from their own values, each by itself."""
    drawn = torch.randint(len(codes), (rows, codes.shape[1]), generator=generator)
    return codes.gather(0, drawn)


def _decoded(decode: Callable[[Tensor], Tensor], z: Tensor, like: Tensor) -> Tensor:
    return torch.cat(list(_parts(decode, z.to(like))))


def _parts(decode: Callable[[Tensor], Tensor], z: Tensor) -> Iterator[Tensor]:
    for part in torch.split(z, _AT_ONCE):
        yield decode(part).flatten(1).cpu()


def _exchanged(codes: Tensor, others: Tensor, latent: int) -> Tensor:
    codes = codes.clone()
    codes[:, latent] = others[:, latent]
    return codes


def _mean_product(first: Tensor, second: Tensor) -> float:
    return float((first.double() * second.double()).sum(dim=1).mean())
