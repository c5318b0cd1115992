"""Whether a directory of artifacts can be written, before anything is."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from latentsweep.errors import TrackingError
from latentsweep.tracking.files import why_unwritable


def check_directory(directory: Path, uri: str) -> None:
    """Refuse a directory in which this user could make no file.

    Args:
        directory: where artifacts go; need not exist yet.
        uri: address of the store, for the message.

    Raises:
        TrackingError: it cannot be written.
    """
    refusal = why_unwritable(directory)
    if refusal:
        raise _unwritable(directory, uri, f"{refusal.filename}: {refusal.strerror}")


def local_directory(location: str) -> Path | None:
    """The directory on this machine that an artifact location names; None for any other place."""
    parts = urlsplit(location)
    if parts.scheme not in ("", "file") or parts.netloc not in ("", "localhost"):
        return None
    return Path(unquote(parts.path))


def _unwritable(directory: Path, uri: str, found: str) -> TrackingError:
    return TrackingError(
        "the store's artifacts cannot be written",
        found=found,
        expected=f"a directory {directory} that pictures, checkpoints and models can be put into "
        f"(the artifacts of {uri})",
        mend="mend its permissions, or take another store: tracking.uri=sqlite:///FILE",
    )
