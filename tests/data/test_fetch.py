import errno
import gzip
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from latentsweep.data.checksums import read_verified, verify
from latentsweep.data.fetch import Release, obtain
from latentsweep.data.idx import read_idx_set
from latentsweep.data.writing import make_once, writing
from latentsweep.errors import DataError, StorageError


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_files_are_fetched_once_verified_and_nothing_else_is_left(
    idx_release: Release, tmp_path: Path
) -> None:
    paths = obtain(idx_release, tmp_path / "data", download=True)
    assert sorted(paths) == sorted(file.name for file in idx_release.files)
    assert names_in(tmp_path / "data" / "tiny") == sorted(paths)
    for path in (tmp_path / "upstream").iterdir():
        path.unlink()
    assert obtain(idx_release, tmp_path / "data", download=True) == paths


def test_a_decompressed_file_and_the_system_directory_are_accepted(
    idx_release: Release, tmp_path: Path
) -> None:
    release = replace(idx_release, system_dir=tmp_path / "upstream")
    first = release.files[0]
    (tmp_path / "data" / "tiny").mkdir(parents=True)
    raw = tmp_path / "data" / "tiny" / first.name.removesuffix(".gz")
    raw.write_bytes(gzip.decompress((tmp_path / "upstream" / first.name).read_bytes()))
    paths = obtain(release, tmp_path / "data", download=False)
    assert paths[first.name] == raw
    assert paths[release.files[1].name].parent == tmp_path / "upstream"
    assert len(read_idx_set(release, tmp_path / "data", download=False)) == 9


def test_a_flipped_byte_is_an_error_with_file_and_both_digests(
    idx_release: Release, tmp_path: Path
) -> None:
    file = idx_release.files[0]
    content = bytearray(gzip.decompress((tmp_path / "upstream" / file.name).read_bytes()))
    content[-1] ^= 1
    path = tmp_path / file.name
    path.write_bytes(gzip.compress(bytes(content)))
    for check in (read_verified, verify):
        with pytest.raises(DataError) as caught:
            check(path, file.checksum)
        assert str(path) in str(caught.value)
        assert f"expected: sha256 {file.checksum.value}" in str(caught.value)
        assert "found:    sha256 " in str(caught.value)


def test_a_truncated_gz_file_is_an_error_with_the_file(
    idx_release: Release, tmp_path: Path
) -> None:
    obtain(idx_release, tmp_path / "data", download=True)
    path = tmp_path / "data" / "tiny" / idx_release.files[0].name
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(DataError, match=f"{path} cannot be read"):
        read_idx_set(idx_release, tmp_path / "data", download=True)


def test_a_corrupt_download_never_gets_its_name(idx_release: Release, tmp_path: Path) -> None:
    upstream = tmp_path / "upstream" / idx_release.files[2].name
    upstream.write_bytes(gzip.compress(b"a captive portal's page"))
    with pytest.raises(DataError, match="could not be fetched") as caught:
        obtain(idx_release, tmp_path / "data", download=True)
    assert "has the wrong content" in str(caught.value)
    assert names_in(tmp_path / "data" / "tiny") == []


def test_without_internet_the_error_gives_the_commands(
    idx_release: Release, tmp_path: Path
) -> None:
    url = "http://host.invalid/file.gz"
    files = tuple(replace(file, url=url) for file in idx_release.files)
    release = replace(idx_release, files=files)
    with pytest.raises(DataError) as caught:
        obtain(release, tmp_path / "data", download=True)
    assert f"curl -L --remote-name-all {url}" in str(caught.value)
    assert f"{tmp_path}/data/tiny/" in str(caught.value)


def test_data_download_false_fetches_nothing_and_says_so(
    idx_release: Release, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"data\.download=false"):
        obtain(idx_release, tmp_path / "data", download=False)
    assert not (tmp_path / "data").exists()


def test_an_unwritable_data_directory_is_told_with_a_mend(
    idx_release: Release, tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("a file where the directory should be")
    with pytest.raises(StorageError, match=r"data\.dir"):
        obtain(idx_release, tmp_path / "data", download=True)


def test_a_full_disk_is_told_with_a_mend(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="free some space"), writing(tmp_path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_many_may_fetch_the_same_set_at_once(idx_release: Release, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        sets = list(
            pool.map(lambda _: read_idx_set(idx_release, tmp_path / "data", True), range(16))
        )
    assert len({image_set.digest for image_set in sets}) == 1
    assert len(names_in(tmp_path / "data" / "tiny")) == 4


def test_two_processes_that_make_one_directory_both_find_it_whole(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from latentsweep.data.writing import make_once\n"
        "target = Path(sys.argv[1])\n"
        "def write(made):\n"
        "    (made / 'one').write_text('1'); print('ready', flush=True); sys.stdin.readline()\n"
        "    (made / 'two').write_text('2')\n"
        "make_once(target, write); print(sorted(p.name for p in target.iterdir()))\n"
    )
    target = tmp_path / "data" / "made"
    pipes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(target)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for each in pipes:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    assert not target.exists()
    for each in pipes:
        assert each.communicate("go\n")[0] == "['one', 'two']\n"
        assert each.returncode == 0
    assert names_in(tmp_path / "data") == ["made"]


def test_a_failed_making_leaves_nothing(tmp_path: Path) -> None:
    def fail(made: Path) -> None:
        (made / "half").write_text("")
        raise DataError("the source is corrupt")

    with pytest.raises(DataError, match="corrupt"):
        make_once(tmp_path / "made", fail)
    assert names_in(tmp_path) == []
