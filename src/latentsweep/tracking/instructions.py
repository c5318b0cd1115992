"""What a trainer tells the synchroniser: which runs begin and which have ended, a line each."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Begin:
    """A run is at work: ship what its journal gets, as it comes."""

    run_dir: Path


@dataclass(frozen=True)
class End:
    """A run's trainer has left: ship its journal's first `size` bytes and how the run ended."""

    run_dir: Path
    size: int


Instruction = Begin | End


def to_line(instruction: Instruction) -> bytes:
    """The instruction's line, newline included: `{"begin": DIR}` or `{"end": DIR, "size": N}`."""
    directory = str(instruction.run_dir)
    if isinstance(instruction, Begin):
        return json.dumps({"begin": directory}).encode() + b"\n"
    return json.dumps({"end": directory, "size": instruction.size}).encode() + b"\n"


def from_line(line: bytes) -> Instruction:
    """The instruction of a line.

    Raises:
        ValueError: if the line is none.
    """
    try:
        fields = json.loads(line)
        if "begin" in fields:
            return Begin(Path(fields["begin"]))
        return End(Path(fields["end"]), int(fields["size"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"no instruction: {line[:80]!r}") from error
