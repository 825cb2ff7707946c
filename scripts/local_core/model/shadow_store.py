"""Shadow documents on disk: one small JSON file each, so that they survive restarts.

A file that cannot be read as a shadow is an error that names it, not an empty shadow: a device's state is not
thrown away in silence. Runs on the core's event loop and blocks it for one small read or write.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from local_core.errors import CoreError
from local_core.model.atomic_file import write_atomically
from local_core.model.shadow_document import ShadowDocument

_UNNAMED = "unnamed.json"
_NAMED = "named-"
_SUFFIX = ".json"


class ShadowStoreError(CoreError):
    """A shadow's file cannot be read as a shadow; the text names it."""


class ShadowStore:
    """The shadows of all things.

    Args:
        folder: A folder for each thing below it, made at the first write. Names must have been checked: they
            are parts of paths.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, thing: str, shadow: str) -> ShadowDocument:
        """The shadow, the unnamed one when `shadow` is empty; a deleted document when there is none.

        Raises:
            ShadowStoreError: Its file is damaged.
            OSError: Its file is there and cannot be read.
        """
        path = self._path(thing, shadow)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return ShadowDocument()
        try:
            return _decoded(json.loads(content))
        except ValueError as error:
            raise ShadowStoreError(f"{path} is damaged ({error}); mend or remove it") from None

    def write(self, thing: str, shadow: str, document: ShadowDocument) -> None:
        """Replace the shadow; on return it survives a power cut.

        Raises:
            OSError: The shadow is as it was.
        """
        write_atomically(self._path(thing, shadow), json.dumps(asdict(document), indent=1).encode())

    def named(self, thing: str) -> list[str]:
        """The names of the thing's shadows that are not deleted, sorted; the unnamed one has none."""
        files = (self._folder / thing).glob(f"{_NAMED}*{_SUFFIX}")
        names = (path.name.removeprefix(_NAMED).removesuffix(_SUFFIX) for path in files)
        return sorted(name for name in names if not self.read(thing, name).is_deleted)

    def _path(self, thing: str, shadow: str) -> Path:
        return self._folder / thing / (f"{_NAMED}{shadow}{_SUFFIX}" if shadow else _UNNAMED)


def _decoded(content: Any) -> ShadowDocument:
    match content:
        case {
            "version": int() as version,
            "state": dict() as state,
            "metadata": dict() as metadata,
            "is_deleted": bool() as is_deleted,
        }:
            return ShadowDocument(version, state, metadata, is_deleted)
    raise ValueError("it is not a shadow")
