from pathlib import Path

from latentsweep.tracking.packages import installed, needed, off_lock


def test_versions_off_the_lock_are_told_beside_those_it_pins(tmp_path: Path) -> None:
    lock = "# pinned\nnumpy==2.1\ntorch==2.13.0\nruff==1.0 ; python_version > '3'\nabsent==1\n"
    (tmp_path / "requirements.lock").write_text(lock)
    versions = {"NumPy": "2.2", "torch": "2.13.0+cpu", "ruff": "1.0", "own": "3"}
    assert off_lock(tmp_path, versions) == {"NumPy": ["2.2", "2.1"]}


def test_without_a_lock_file_nothing_is_off_it(tmp_path: Path) -> None:
    assert off_lock(tmp_path, {"numpy": "2.2"}) == {}


def test_what_training_needs_is_told_apart_from_tools() -> None:
    names = needed("latentsweep")
    assert {"torch", "numpy", "pytorch-lightning", "typing-extensions"} <= names
    assert not names & {"ruff", "pytest", "mypy"}
    assert needed("no-such-distribution") == set()


def test_of_two_installed_versions_the_one_that_is_imported_counts() -> None:
    found = installed()
    assert found["torch"].startswith("2.13.0")
    assert list(found) == sorted(found, key=str.lower)
