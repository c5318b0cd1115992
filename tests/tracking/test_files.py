"""Directories that take no run: found out before anything is made."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from latentsweep.errors import StorageError
from latentsweep.tracking.files import check_writable

NOBODY = 65534


@contextmanager
def anyone_but_root() -> Iterator[None]:
    """Root may write everywhere, and tests may be run by root."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_directory_still_to_be_made_is_fine_and_not_made(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "runs")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("below", ["", "runs", "new/runs"])
def test_a_directory_that_may_not_be_written_is_refused(below: str) -> None:
    with TemporaryDirectory() as made:  # pytest's own directories are closed to all others
        directory = Path(made)
        directory.chmod(0o777)
        with anyone_but_root():
            check_writable(directory / below)
        directory.chmod(0o555)
        with anyone_but_root(), pytest.raises(StorageError) as caught:
            check_writable(directory / below)
        directory.chmod(0o700)
    assert caught.value.found == "Permission denied"
    assert "a directory that you may write" in caught.value.mend


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(StorageError) as caught:
        check_writable(tmp_path / "runs" / "mine")
    assert caught.value.found == "Not a directory"
    assert "move away the file" in caught.value.mend
