"""Points whose factors are known: every combination of values equally often, in mixed order."""

import torch
from torch import Tensor


def factor_grid(*sizes: int, repeats: int = 1, seed: int = 0) -> Tensor:
    """Factors, int64 (n, factor)."""
    grid = torch.cartesian_prod(*(torch.arange(size) for size in sizes)).reshape(-1, len(sizes))
    grid = grid.repeat(repeats, 1)
    return grid[torch.randperm(len(grid), generator=torch.Generator().manual_seed(seed))]


def turned(codes: Tensor) -> Tensor:
    """The first two latents, standardised, turned by 45 degrees."""
    codes = (codes - codes.mean(dim=0)) / codes.std(dim=0)
    turn = torch.eye(codes.shape[1])
    turn[:2, :2] = torch.tensor([[1.0, -1.0], [1.0, 1.0]]) / 2**0.5
    return codes @ turn


def noise(n: int, latents: int, seed: int = 1) -> Tensor:
    """Codes that tell nothing, (n, latents)."""
    return torch.randn(n, latents, generator=torch.Generator().manual_seed(seed))
