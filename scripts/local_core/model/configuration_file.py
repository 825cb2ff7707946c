"""The one JSON file that holds every component's configuration tree."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from local_core.model.atomic_file import write_atomically
from local_core.model.configuration_tree import Branch, decoded, encoded

_log = logging.getLogger(__name__)

_FORMAT = 1


class ConfigurationFile:
    """Reads and replaces the file at `path`; only its owner may read it, for it may hold secrets."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Mapping[str, Branch]:
        """Component name -> its tree; none when there is no file.

        A damaged file is set aside under a name of its own with a logged error, and there are none either.

        Raises:
            OSError: The file is there and cannot be read.
        """
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        try:
            return _parsed(content)
        except (ValueError, RecursionError) as error:
            aside = self._free_name()
            self._path.rename(aside)
            _log.error(
                "%s is damaged (%s) and was set aside as %s; every component starts without a configuration: "
                "deploy them again",
                self._path,
                error,
                aside.name,
            )
            return {}

    def write(self, trees: Mapping[str, Branch]) -> None:
        """Replace the file; on return it survives a power cut.

        Raises:
            OSError: The file is as it was.
        """
        components = {name: encoded(tree) for name, tree in trees.items()}
        document = {"format": _FORMAT, "components": components}
        write_atomically(self._path, json.dumps(document, indent=1).encode())

    def _free_name(self) -> Path:
        number = 1
        while (candidate := self._path.with_name(f"{self._path.name}.damaged-{number}")).exists():
            number += 1
        return candidate


def _parsed(content: bytes) -> Mapping[str, Branch]:
    match json.loads(content):
        case {"format": int() as number, "components": dict() as components} if number == _FORMAT:
            trees = {name: decoded("", encoding) for name, encoding in components.items()}
        case _:
            raise ValueError(f"it is not a configuration of format {_FORMAT}")
    branches = {name: tree for name, tree in trees.items() if isinstance(tree, Branch)}
    if len(branches) < len(trees):
        raise ValueError("the configuration of a component is not a map")
    return branches
