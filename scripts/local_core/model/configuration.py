"""The effective configuration of every component: kept over restarts, changed by deployments and components.

Owns the trees and who watches them; `configuration_tree` owns what a change means, `configuration_file` how
it is kept. Everything runs on the core's event loop and blocks it for the time of one small write and fsync.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from local_core.errors import CoreError
from local_core.model.configuration_file import ConfigurationFile
from local_core.model.configuration_tree import (
    Branch,
    KeyPath,
    Leaf,
    Node,
    TreePathError,
    changed_paths,
    find,
    is_deeper_than,
    merged,
    newest_timestamp_ms,
    plain,
    put,
    same_value,
    stamped,
    without,
)
from local_core.model.json_pointer import JsonPointerError, split_pointer

_log = logging.getLogger(__name__)

JsonObject = dict[str, Any]
Watcher = Callable[[list[str]], None]

# KernelConfigResolver.resolveConfigurationToApply: a recipe's defaults are older than whatever was stored.
_DEFAULTS_TIMESTAMP_MS = 1
MAX_DEPTH = 64  # ours: the functions on trees recurse
_END_OF_TIME_MS = (1 << 63) - 1


class ConfigurationError(CoreError):
    """A configuration cannot be read or changed as asked."""


class ConfigurationKeyNotFoundError(ConfigurationError):
    """The component has no configuration, or nothing is at that key path."""


class ConfigurationPathError(ConfigurationError):
    """A key path leads through a value or too deep, or a JSON pointer cannot be read."""


class StaleTimestampError(ConfigurationError):
    """The node was written later than the update says it was made."""


class ConfigurationStore:
    """The configuration of each component, by name.

    A change is on disk before anyone is told of it; when the write fails nothing has changed. A timestamp
    that moves without its value is written with the next change.

    Args:
        path: The JSON file, read now and replaced at every change; None keeps everything in memory. A damaged
            file is set aside with a logged error, and the store starts empty.
    """

    def __init__(self, path: Path | None) -> None:
        self._file = None if path is None else ConfigurationFile(path)
        self._trees: Mapping[str, Branch] = self._file.read() if self._file else {}
        self._watchers: dict[int, tuple[str, KeyPath, Watcher]] = {}
        self._watcher_count = 0

    def component_names(self) -> list[str]:
        """The components that have a configuration, even an empty one."""
        return sorted(self._trees)

    def get(self, component: str, key_path: Sequence[str] = ()) -> Any:
        """A copy of what is at `key_path`; the whole configuration when it is empty.

        Raises:
            ConfigurationKeyNotFoundError: Nothing is there.
        """
        return plain(self._node(component, key_path))

    def get_object(self, component: str, key_path: Sequence[str] = ()) -> JsonObject:
        """The same as an object: a scalar or a list comes as `{last key as stored: value}`.

        Raises:
            ConfigurationKeyNotFoundError: Nothing is there.
        """
        node = self._node(component, key_path)
        value = plain(node)
        return {node.name: value} if isinstance(node, Leaf) else value

    def update(self, component: str, key_path: Sequence[str], value: Any, timestamp_ms: int) -> None:
        """Merge `value` at `key_path`, as a component does for itself.

        A map is merged into a map, and replaces a scalar or list; anything else replaces what is there. What
        is not there is made.

        Args:
            component: Whose configuration.
            key_path: Where; empty for the whole, and `value` must then be a map.
            value: JSON.
            timestamp_ms: When the update was made, in milliseconds since 1970.

        Raises:
            StaleTimestampError: Something at or below `key_path` is newer.
            ConfigurationPathError: `key_path` leads through a scalar or list, or `value` is nested too deep.
            OSError: The file could not be written.
        """
        if is_deeper_than(value, MAX_DEPTH - len(key_path)):
            raise _too_deep(_place(component, key_path))
        tree = self._trees.get(component, Branch())
        node = find(tree, key_path)
        if node is not None and timestamp_ms < newest_timestamp_ms(node):
            raise StaleTimestampError(
                f"{_place(component, key_path)}: was written after {timestamp_ms} ms; read it again first"
            )
        try:
            self._store(component, put(tree, key_path, value, timestamp_ms))
        except TreePathError as error:
            raise ConfigurationPathError(f"{_place(component, key_path)}: {error}") from None

    def resolve(
        self, component: str, defaults: JsonObject, merge: JsonObject | None, reset: Sequence[str]
    ) -> JsonObject:
        """What `deploy` would make of the configuration, were it done now; nothing is stored.

        Raises:
            ConfigurationPathError: A pointer in `reset` cannot be read, or a value is nested too deep.
        """
        resolved: JsonObject = plain(self._resolved(component, defaults, merge, reset, _END_OF_TIME_MS))
        return resolved

    def deploy(
        self,
        component: str,
        defaults: JsonObject,
        merge: JsonObject | None,
        reset: Sequence[str],
        timestamp_ms: int,
    ) -> None:
        """Change the configuration as a deployment does: reset, then defaults, then merge.

        Defaults only fill what is not there: an existing value beats a new default. Afterwards every value is
        as new as the deployment, so that an update of before it is stale.

        Args:
            component: Whose configuration; it has one afterwards, if only an empty one.
            defaults: The recipe's DefaultConfiguration.
            merge: The deployment's MERGE; None for none.
            reset: The deployment's RESET: JSON pointers; `""` is everything. A pointer with a number in it is
                taken for a list item and passed over with a logged error, as on the nucleus.
            timestamp_ms: When the deployment was made, in milliseconds since 1970.

        Raises:
            ConfigurationPathError: A pointer in `reset` cannot be read, or a value is nested too deep.
            OSError: The file could not be written.
        """
        resolved = stamped(self._resolved(component, defaults, merge, reset, timestamp_ms), timestamp_ms)
        self._store(component, resolved)

    def remove(self, component: str) -> None:
        """Forget the component's configuration; watchers stay and are not told.

        Raises:
            OSError: The file could not be written.
        """
        if component in self._trees:
            self._commit({name: tree for name, tree in self._trees.items() if name != component})

    def watch(self, component: str, key_path: Sequence[str], callback: Watcher) -> Callable[[], None]:
        """Call `callback` with the key path of each node at or below `key_path` whose value changes.

        A node above `key_path` that is removed or becomes a value counts too. The node need not be there yet.
        Called after the change is stored, once for each node; never for a timestamp alone.

        Returns:
            Ends it.
        """
        self._watcher_count += 1
        number = self._watcher_count
        self._watchers[number] = (component, _folded(key_path), callback)

        def end() -> None:
            self._watchers.pop(number, None)

        return end

    def _node(self, component: str, key_path: Sequence[str]) -> Node:
        tree = self._trees.get(component)
        node = None if tree is None else find(tree, key_path)
        if node is None:
            raise ConfigurationKeyNotFoundError(f"{_place(component, key_path)}: nothing is there")
        return node

    def _resolved(
        self,
        component: str,
        defaults: JsonObject,
        merge: JsonObject | None,
        reset: Sequence[str],
        timestamp_ms: int,
    ) -> Branch:
        if is_deeper_than(defaults, MAX_DEPTH) or is_deeper_than(merge, MAX_DEPTH):
            raise _too_deep(f"configuration of {component}")
        tree = self._trees.get(component, Branch())
        for pointer in reset:
            tree = _reset(tree, component, pointer)
        tree = merged(tree, defaults, _DEFAULTS_TIMESTAMP_MS)
        return merged(tree, merge or {}, timestamp_ms)

    def _store(self, component: str, tree: Branch) -> None:
        old = self._trees.get(component)
        trees = {**self._trees, component: tree}
        # A new empty map changes what is read without any event, and so does a key in another case.
        if old is None or not same_value(plain(old), plain(tree)):
            self._commit(trees)
        else:
            self._trees = trees
        for path in list(changed_paths(old or Branch(), tree)):
            self._tell(component, path)

    def _commit(self, trees: Mapping[str, Branch]) -> None:
        if self._file:
            self._file.write(trees)
        self._trees = trees

    def _tell(self, component: str, path: KeyPath) -> None:
        changed = _folded(path)
        for watched_component, watched, callback in list(self._watchers.values()):
            shared = min(len(watched), len(changed))
            if watched_component == component and watched[:shared] == changed[:shared]:
                callback(list(path))


def _reset(tree: Branch, component: str, pointer: str) -> Branch:
    try:
        keys = split_pointer(pointer)
    except JsonPointerError as error:
        raise ConfigurationPathError(f"{component}: cannot reset: {error}") from None
    if not keys:
        return Branch()
    if any(key.isdecimal() for key in keys):
        _log.error(
            "%s: %r is not reset: it points at an item of a list; reset the whole list", component, pointer
        )
        return tree
    return without(tree, keys)


def _folded(key_path: Sequence[str]) -> KeyPath:
    return tuple(key.lower() for key in key_path)


def _too_deep(place: str) -> ConfigurationPathError:
    return ConfigurationPathError(f"{place}: nested deeper than {MAX_DEPTH} levels; make it flatter")


def _place(component: str, key_path: Sequence[str]) -> str:
    return f"configuration of {component}, key path {list(key_path)}"
