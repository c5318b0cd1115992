"""Where a team's server listens, and by which names it may be asked."""

import errno
import ipaddress
import re
import socket
from collections.abc import Sequence

from latentsweep.errors import ConfigError

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_EVERYWHERE = ("0.0.0.0", "::")
_NAME = re.compile(r"(\[[0-9a-fA-F:]+\]|[\w.*-]+)(:(\d+|\*))?")


def check_listening(host: str, port: int, allowed: Sequence[str]) -> None:
    """Refuse an address that cannot be listened on, or that is open to others by any name.

    Args:
        host: to listen on.
        port: to listen on.
        allowed: names by which others may ask for the server.

    Raises:
        ConfigError: it is no free address of this machine, or lacks its names.
    """
    for name in allowed:
        if not _NAME.fullmatch(name) or not name.strip("*:."):
            raise ConfigError(
                f"{name} is no name that a server can be asked for by",
                expected="host names, with a port where it is another than the server's; "
                "a * may stand for a part of one, not for all of it",
                mend="make server ALLOWED=login1,mlflow.example.org",
            )
    addresses = _resolved(host, port)
    if not allowed and not all(ipaddress.ip_address(at[0]).is_loopback for _, at in addresses):
        raise ConfigError(
            f"at {host} other machines reach the server, and none of its names is allowed",
            expected="the names that they ask for it by: with any other, a web page could have "
            "a browser ask for it (DNS rebinding)",
            mend=f"make server HOST={host} ALLOWED={socket.gethostname()}",
        )
    for family, at in addresses:
        _check_free(family, at, host, port)


def allowed_hosts(host: str, port: int, allowed: Sequence[str]) -> list[str]:
    """What the HTTP header `Host` may be.

    This machine is allowed by any port, as an ssh tunnel may begin at another one.

    Args:
        host: that the server listens on.
        port: that the server listens on.
        allowed: names, each with a port or without.
    """
    names = [*_LOOPBACK, *(f"{name}:*" for name in _LOOPBACK)]
    if host not in _EVERYWHERE:
        names.append(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    for name in allowed:
        names += [name] if _has_port(name) else [name, f"{name}:{port}"]
    # In a pattern (one with a *) a bracket would begin a set of characters.
    names = [name.replace("[", "[[]") if "*" in name else name for name in names]
    return list(dict.fromkeys(names))


def allowed_origins(port: int, allowed: Sequence[str]) -> list[str]:
    """Pages whose scripts may ask for something: the server's own, under each of its names.

    On the port that it listens on it speaks HTTP; under any other a proxy speaks HTTPS for it.

    Args:
        port: that the server listens on.
        allowed: names, each with a port or without.
    """
    origins = []
    for name in allowed:
        if name.endswith(f":{port}"):
            origins.append(f"http://{name}")
        else:
            origins.append(f"https://{name}")
            origins += [] if _has_port(name) else [f"http://{name}:{port}"]
    return origins


def _has_port(name: str) -> bool:
    return name.rpartition("]")[2].count(":") > 0


def _resolved(host: str, port: int) -> list[tuple[int, tuple[str, int]]]:
    try:
        if not 0 < port < 65536:  # getaddrinfo() takes it modulo 65536
            raise OverflowError("ports are 1 to 65535")
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return [(family, at) for family, _, _, _, at in found]  # type: ignore[misc]
    except (OSError, OverflowError) as error:
        raise _refusal(host, port, error) from None


def _check_free(family: int, at: tuple[str, int], host: str, port: int) -> None:
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(at)
        except OSError as error:
            raise _refusal(host, port, error) from None


def _refusal(host: str, port: int, error: Exception) -> ConfigError:
    taken = getattr(error, "errno", None) == errno.EADDRINUSE
    return ConfigError(
        f"port {port} is taken" if taken else f"cannot listen at {host}:{port}",
        found=getattr(error, "strerror", None) or str(error),
        expected="an address of this machine, and a port that nothing listens on",
        mend=f"make server PORT={port + 1}" if taken else "make server HOST=127.0.0.1 PORT=5000",
    )
