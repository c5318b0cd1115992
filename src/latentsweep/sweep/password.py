"""A database's password on its way into the environment, where alone it is kept."""

import os
import sys

from latentsweep.config.sweep import PostgreSQLStorageConfig, StorageConfig
from latentsweep.errors import ConfigError

_KEY = "sweep.storage.url"


def keep_password_private(storage: StorageConfig) -> None:
    """Begin this process again, if the address has a password: with it in the environment alone.

    Otherwise it would stand where others may read it: in the command lines of this process and of
    those that it forks, and with the overrides and the config in what Hydra and submitit write.

    Raises:
        ConfigError: the address cannot be read, or the password is in an override of another key.
    """
    if not isinstance(storage, PostgreSQLStorageConfig) or not storage.url:
        return
    from latentsweep.config.postgresql import passwords
    from latentsweep.sweep.database_address import URL_VARIABLE, address

    secrets = passwords(address(storage))
    if not secrets:
        return
    kept = [text for text in sys.argv[1:] if _key(text) != _KEY]
    if any(
        secret in text for secret in secrets for text in kept if _KEY.startswith(_key(text) + ".")
    ):
        raise ConfigError(
            "the password of the study's database stands in the command line",
            mend=f"export {URL_VARIABLE}=... with the address, and leave it out there",
        )
    os.environ[URL_VARIABLE] = storage.url
    started = sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv) + 1]  # options, and the script
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *started, *kept, f"{_KEY}=null"])


def _key(override: str) -> str:
    return override.lstrip("+").partition("=")[0]
