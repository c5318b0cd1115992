"""A process group's connections, cut while something still refers to the group.

PyTorch closes them with the last reference, which the frames of an error or DDP may hold until the
process ends; gloo's own `abort` leaves them open (measured with 2.13: the other rank waits on).
"""

import os
import socket
import stat
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class Connection(NamedTuple):
    """A socket of this process.

    Attributes:
        descriptor: its number, which another one gets when it is closed.
        inode: what tells it from others.
    """

    descriptor: int
    inode: int


def open_connections() -> set[Connection]:
    """All sockets of this process that are no listening ones."""
    found = set()
    for path in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one that lists them is closed by now
            about = path.stat()
            descriptor = int(path.name)
            if stat.S_ISSOCK(about.st_mode) and not _listens(descriptor):
                found.add(Connection(descriptor, about.st_ino))
    return found


def cut(connections: set[Connection]) -> None:
    """Have both ends know that nothing comes any more; those that were closed are left out."""
    for connection in connections & open_connections():
        with suppress(OSError), _socket(connection.descriptor) as held:
            held.shutdown(socket.SHUT_RDWR)


def _listens(descriptor: int) -> bool:
    """Whether it waits for connections, at which gloo ends the process if it is shut down."""
    with _socket(descriptor) as held:
        return bool(held.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _socket(descriptor: int) -> socket.socket:
    return socket.socket(fileno=os.dup(descriptor))
