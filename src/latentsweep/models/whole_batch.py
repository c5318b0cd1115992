"""What a loss asks of a batch of which it may hold a part only."""

from torch import Tensor


class WholeBatch:
    """A batch that is here as a whole; training on several ranks has its own kind.

    What is said of a part holds for the rows of any tensor (part, ...). The gradients are such that
    their mean over all parts is the gradient of the whole batch's loss.
    """

    def mean(self, values: Tensor) -> Tensor:
        """The mean over the whole batch of a part's values, (part, ...) to (...)."""
        return values.mean(dim=0)

    def rows(self, values: Tensor) -> Tensor:
        """The whole batch's rows of a part's, (part, ...) to (batch, ...), in the batch's order."""
        return values

    def own(self, rows: Tensor) -> Tensor:
        """The part's rows of the whole batch's, (batch, ...) to (part, ...)."""
        return rows


WHOLE = WholeBatch()
