"""What each latent unit of a model encodes, and how distinct the units are."""

from dataclasses import dataclass

import torch
from torch import Tensor

from latentsweep.data.splits import Split
from latentsweep.evaluation.measuring import Measured
from latentsweep.metrics.units import correlation_ratio, effects, overlap, variance_shares
from latentsweep.models.ae import AE

MOST_UNITS = 16


@dataclass(frozen=True)
class Units:
    """The units that carry most, by falling importance.

    Attributes:
        latents: which of the model's latents they are.
        importance: mean KL in nats per image; without a prior, the variance of the codes.
        alone: share of the decoded images' variance that a unit has by itself.
        together: share that it has in all, together with others.
        factors: names of what the units are held against.
        related: share of a unit's variance between the values of each factor or between classes,
            eta squared, (units, factors): it sees factors without an order, and circular ones, too.
        overlap: cosine between what two units move in the image, (units, units).
    """

    latents: list[int]
    importance: list[float]
    alone: list[float]
    together: list[float]
    factors: list[str]
    related: Tensor
    overlap: Tensor

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Headings and rows, numbers with all their digits."""
        names = [f"z{latent}" for latent in self.latents]
        headings = ["unit", "importance", "share_alone", "share_together"]
        headings += [f"eta_squared_{name}" for name in self.factors]
        headings += [f"overlap_{name}" for name in names]
        columns = zip(
            self.importance,
            self.alone,
            self.together,
            self.related.tolist(),
            self.overlap.tolist(),
            strict=True,
        )
        rows = [
            [name, *map(repr, (carried, alone, together, *related, *overlap))]
            for name, (carried, alone, together, related, overlap) in zip(
                names, columns, strict=True
            )
        ]
        return headings, rows


def find_units(model: AE, measured: Measured, test: Split, seed: int) -> Units:
    """Describe the units of a model.

    Args:
        model: on the CPU.
        measured: what was found of it.
        test: the images.
        seed: of what is drawn.
    """
    importance = measured.carried
    order = importance.argsort(descending=True, stable=True)[:MOST_UNITS]
    means = measured.encoded.means
    middle = means.mean(dim=0)

    def decode(chosen: Tensor) -> Tensor:
        z = middle.repeat(len(chosen), 1)
        z[:, order] = chosen
        return model.decode(z)

    codes = means[:, order]
    alone, together = variance_shares(decode, codes, seed)
    names, related = _related(codes, test)
    return Units(
        latents=order.tolist(),
        importance=importance[order].tolist(),
        alone=alone.tolist(),
        together=together.tolist(),
        factors=names,
        related=related,
        overlap=overlap(effects(decode, codes)),
    )


def _related(codes: Tensor, test: Split) -> tuple[list[str], Tensor]:
    """What the units have to do with the factors, or with the classes."""
    if test.factors is not None:
        ratios = [correlation_ratio(codes, factor) for factor in test.factors.T]
        return factor_names(test), torch.stack(ratios, dim=1)
    if test.labels is not None:
        return ["class"], correlation_ratio(codes, test.labels).unsqueeze(1)
    return [], torch.empty(len(codes[0]), 0)


def factor_names(test: Split) -> list[str]:
    """Of the factors that the data knows; by number where they have none."""
    factors = test.factors
    assert factors is not None
    return list(test.image_set.factor_names) or [f"factor {j}" for j in range(factors.shape[1])]
