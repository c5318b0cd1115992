import subprocess
from pathlib import Path

import pytest

from latentsweep.tracking import provenance as subject
from latentsweep.tracking.packages import lock_digest
from latentsweep.tracking.provenance import code_digest, provenance


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    git(root, "init", "-b", "main")
    (root / "model.py").write_text("beta = 1\n")
    git(root, "add", ".")
    git(root, "commit", "-m", "first")
    return root


def test_a_clean_repository_has_a_commit_and_no_diff(repository: Path) -> None:
    found = provenance(repository, torch_build="build", threads=2)
    assert len(found["commit"] or "") == 40
    assert (found["branch"], found["dirty"], found["diff"]) == ("main", False, "")
    assert (found["torch_build"], found["threads"]) == ("build", 2)
    assert found["packages"]["numpy"]


def test_the_diff_restores_changed_and_untracked_sources(repository: Path, tmp_path: Path) -> None:
    git(repository, "clone", ".", str(tmp_path / "clone"))
    (repository / "model.py").write_text("beta = 4\n")
    (repository / "src").mkdir()
    (repository / "src/a name.py").write_text("new = True\n")
    (repository / "src/data.bin").write_bytes(b"\0\1")
    (repository / "secrets.yaml").write_text("password: hunter2\n")
    found = provenance(repository)
    assert found["dirty"] is True
    (tmp_path / "patch").write_text(found["diff"] or "")
    git(tmp_path / "clone", "apply", str(tmp_path / "patch"))
    assert (tmp_path / "clone/model.py").read_text() == "beta = 4\n"
    assert (tmp_path / "clone/src/a name.py").read_text() == "new = True\n"
    assert not (tmp_path / "clone/src/data.bin").exists()
    assert "hunter2" not in (found["diff"] or "")


def test_the_diff_restores_bytes_whatever_git_is_set_to(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repository, "clone", ".", str(tmp_path / "clone"))
    for setting in ("diff.noprefix", "diff.mnemonicPrefix"):
        git(repository, "config", setting, "true")
    monkeypatch.setenv("GIT_DIR", "/nonexistent")  # as in a hook of another repository
    contents = {"model.py": b"beta = 4\r\n# caf\xe9\n", "src/new.py": b"new = 1\r\n#\0\xe9\n"}
    (repository / "src").mkdir()
    for name, content in contents.items():
        (repository / name).write_bytes(content)
    found = provenance(repository)
    monkeypatch.delenv("GIT_DIR")
    patch = (found["diff"] or "").encode(errors="surrogateescape")
    (tmp_path / "patch").write_bytes(patch)
    git(tmp_path / "clone", "apply", str(tmp_path / "patch"))
    for name, content in contents.items():
        assert (tmp_path / "clone" / name).read_bytes() == content


def test_a_copy_inside_of_another_repository_has_no_commit(repository: Path) -> None:
    copy = repository / "copy"
    copy.mkdir()
    (copy / "model.py").write_text("beta = 1\n")
    assert provenance(copy)["commit"] is None


def test_a_long_diff_is_cut_and_says_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "DIFF_LIMIT", 300)
    (repository / "model.py").write_text("x\n" * 1000)
    diff = provenance(repository)["diff"] or ""
    assert "[truncated" in diff
    assert len(diff) < 400


def test_looking_does_not_touch_the_index(repository: Path) -> None:
    before = (repository / ".git/index").read_bytes()
    (repository / "new.py").write_text("x = 1\n")
    provenance(repository)
    assert (repository / ".git/index").read_bytes() == before


def test_outside_a_repository_there_is_no_commit(tmp_path: Path) -> None:
    found = provenance(tmp_path)
    assert (found["commit"], found["branch"], found["dirty"], found["diff"]) == (None,) * 4


def test_without_git_there_is_no_commit(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert provenance(repository)["commit"] is None


def test_the_code_digest_tells_names_and_contents_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "sub/b.py").write_text("y = 2\n")
    first = code_digest(tmp_path)
    (tmp_path / "note.txt").write_text("not code")
    assert code_digest(tmp_path) == first
    (tmp_path / "sub/b.py").write_text("y = 3\n")
    changed = code_digest(tmp_path)
    (tmp_path / "sub/b.py").rename(tmp_path / "b.py")
    assert len({first, changed, code_digest(tmp_path)}) == 3


def test_the_lock_digest_is_none_without_a_lock_file(tmp_path: Path) -> None:
    assert lock_digest(tmp_path) is None
    (tmp_path / "requirements.lock").write_text("numpy==2\n")
    assert len(lock_digest(tmp_path) or "") == 64
