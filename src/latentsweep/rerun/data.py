"""The data of a recorded run: here, and the same, or a refusal."""

from latentsweep.config import TrainConfig
from latentsweep.config.checks import check
from latentsweep.data.describe import describe
from latentsweep.data.splits import load
from latentsweep.errors import DataError
from latentsweep.rerun.record import Record

_STILL = 'ARGS="data.dir=DIR" (or data.path=) names another place; DRY=1 shows all else'


def check_data(record: Record, config: TrainConfig) -> str:
    """Refuse data that is not what the run was trained on.

    Args:
        record: of the run.
        config: of its rerun.

    Returns:
        What there is to say of it.

    Raises:
        DataError: it is gone, or it is other data.
        ConfigError: the config does not fit it.
    """
    recorded = record.origin.get("data") or {}
    expected = str(recorded.get("digest", ""))
    try:
        check(config, describe(config.data))
        found = load(config.data, config.seed).digest
    except DataError as error:
        raise DataError(
            f"the data of {record.run.name} is not here: {error.what}",
            found=error.found,
            expected=f"data={config.data.name} with digest {expected[:16]}, which came from "
            f"{recorded.get('origin', 'an unknown place')}",
            mend="; ".join(filter(None, [error.mend, _STILL])),
        ) from None
    if record.values["data"].get("name") != config.data.name:
        return f"the data is another set, data={config.data.name}, as is wanted"
    if not expected:
        return "no digest of the data is on record: it was not compared"
    if found != expected:
        raise DataError(
            f"the data here is not what {record.run.name} was trained on",
            found=f"data digest {found[:16]} of data={config.data.name}",
            expected=f"data digest {expected[:16]}, from {recorded.get('origin', 'unknown')}",
            mend=f"bring that data back; {_STILL}",
        )
    return f"the data is that on record, with digest {expected[:16]}"
