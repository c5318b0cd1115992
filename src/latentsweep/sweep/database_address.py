"""The address of the study's PostgreSQL database, from the config or the environment."""

import os

from sqlalchemy.engine import URL

from latentsweep.config.postgresql import FORM, PASSWORD_PLACES, parse_address
from latentsweep.config.sweep import PostgreSQLStorageConfig
from latentsweep.errors import ConfigError

URL_VARIABLE = "LATENTSWEEP_STORAGE_URL"


def address(config: PostgreSQLStorageConfig) -> URL:
    """The database's address, from the config or else from LATENTSWEEP_STORAGE_URL.

    Raises:
        ConfigError: there is none, or it cannot be read.
    """
    text = config.url or os.environ.get(URL_VARIABLE, "")
    if not text:
        raise ConfigError(
            "storage=postgresql needs the database's address",
            found=f"neither sweep.storage.url nor {URL_VARIABLE}",
            expected=f"{FORM}, {PASSWORD_PLACES}",
            mend=f"export {URL_VARIABLE}={FORM}",
        )
    return parse_address(text, "sweep.storage.url" if config.url else URL_VARIABLE)
