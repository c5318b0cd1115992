"""One module a data set, named as in the configuration, each with one entry point `read`."""

from importlib import import_module

from latentsweep.config.data import DataConfig
from latentsweep.data.image_set import ImageSet


def read(config: DataConfig) -> ImageSet:
    """Read the configured data set, fetching it first where that is needed and allowed.

    Raises:
        DataError: where the set is missing, corrupt or of the wrong form.
        StorageError: where a fetched set cannot be written.
    """
    # Imported by name: a run reads one set and need not pay for the others' packages.
    source = import_module(f"latentsweep.data.sources.{config.name}")
    image_set: ImageSet = source.read(config)
    return image_set
