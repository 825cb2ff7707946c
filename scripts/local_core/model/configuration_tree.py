"""The nucleus's configuration tree: nodes with timestamps and keys that ignore case.

Immutable: every change makes a new tree, so that nothing can be half done. Semantics as in
Topics.updateChild and Topic.withNewerValue: maps merge key by key, lists and scalars are replaced whole, an
older timestamp never replaces a newer value; but a map put where a value was (or the reverse) replaces it
whatever the timestamps. Pure functions.
"""

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

KeyPath = tuple[str, ...]


class TreePathError(Exception):
    """A key path leads through a value."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar or a list; lists are compared and replaced whole."""

    name: str
    value: Any
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class Branch:
    """A map: lower-cased key -> child; a child keeps the key as it was first written."""

    name: str = ""
    children: Mapping[str, "Node"] = field(default_factory=dict)


Node = Leaf | Branch


def find(tree: Node, key_path: Sequence[str]) -> Node | None:
    """The node at `key_path`, whatever the case of its keys; None when there is none."""
    node: Node | None = tree
    for key in key_path:
        node = node.children.get(key.lower()) if isinstance(node, Branch) else None
    return node


def newest_timestamp_ms(node: Node) -> int:
    """When the node or anything below it was last written; 0 for an empty map."""
    if isinstance(node, Leaf):
        return node.timestamp_ms
    return max((newest_timestamp_ms(child) for child in node.children.values()), default=0)


def merged(branch: Branch, values: Mapping[str, Any], timestamp_ms: int) -> Branch:
    """`branch` with the map `values` merged into it."""
    children = dict(branch.children)
    for key, value in values.items():
        children[key.lower()] = _merged_child(children.get(key.lower()), key, value, timestamp_ms)
    return Branch(branch.name, children)


def put(branch: Branch, key_path: Sequence[str], value: Any, timestamp_ms: int) -> Branch:
    """`branch` with `value` merged at `key_path`, which is made when it is not there.

    Raises:
        TreePathError: `key_path` leads through a value.
    """
    if not key_path:
        return merged(branch, value, timestamp_ms)
    first, *rest = key_path
    if not rest:
        return merged(branch, {first: value}, timestamp_ms)
    child = branch.children.get(first.lower(), Branch(first))
    if isinstance(child, Leaf):
        raise TreePathError(f"{child.name!r} is a value, so that nothing can be below it")
    return Branch(branch.name, {**branch.children, first.lower(): put(child, rest, value, timestamp_ms)})


def without(branch: Branch, key_path: Sequence[str]) -> Branch:
    """`branch` without the node at `key_path`; the same when there is none."""
    first, *rest = key_path
    child = branch.children.get(first.lower())
    if child is None or (rest and isinstance(child, Leaf)):
        return branch
    children = dict(branch.children)
    if rest and isinstance(child, Branch):
        children[first.lower()] = without(child, rest)
    else:
        del children[first.lower()]
    return Branch(branch.name, children)


def stamped(branch: Branch, timestamp_ms: int) -> Branch:
    """The same values, none of them older than `timestamp_ms`."""
    return Branch(
        branch.name,
        {
            key: Leaf(child.name, child.value, max(child.timestamp_ms, timestamp_ms))
            if isinstance(child, Leaf)
            else stamped(child, timestamp_ms)
            for key, child in branch.children.items()
        },
    )


def changed_paths(old: Node | None, new: Node | None, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Where two trees differ in value, not in timestamp: new, changed and removed nodes, each once.

    Of what was removed only the uppermost node is named; a new map is named by the values in it.
    """
    if isinstance(old, Leaf) and isinstance(new, Leaf):
        if not same_value(old.value, new.value):
            yield path
        return
    if new is None or (old is not None and type(old) is not type(new)) or isinstance(new, Leaf):
        yield path
        old = None
    if not isinstance(new, Branch):
        return
    before = old.children if isinstance(old, Branch) else {}
    for key in (*new.children, *(key for key in before if key not in new.children)):
        child = new.children.get(key) or before[key]
        yield from changed_paths(before.get(key), new.children.get(key), (*path, child.name))


def plain(node: Node) -> Any:
    """The values as plain JSON, a copy."""
    if isinstance(node, Leaf):
        return copy.deepcopy(node.value)
    return {child.name: plain(child) for child in node.children.values()}


def same_value(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same to the nucleus, to which 1, 1.0 and true are three."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def is_deeper_than(value: Any, levels: int) -> bool:
    """Whether a JSON value has more maps and lists around each other; does not recurse itself."""
    inside = [value]
    for _ in range(levels):
        inside = [child for each in inside for child in _children(each)]
    return any(_children(each) for each in inside)


def encoded(node: Node) -> dict[str, Any]:
    """The node as JSON that `decoded` reads; its own name stays with its parent."""
    if isinstance(node, Leaf):
        return {"value": node.value, "timestamp_ms": node.timestamp_ms}
    return {"children": {child.name: encoded(child) for child in node.children.values()}}


def decoded(name: str, encoding: Any) -> Node:
    """The node that `encoded` wrote.

    Raises:
        ValueError: It wrote nothing like that.
    """
    match encoding:
        case {"children": dict() as children}:
            return Branch(name, {key.lower(): decoded(key, child) for key, child in children.items()})
        case {"value": value, "timestamp_ms": int() as timestamp_ms} if not isinstance(value, dict):
            return Leaf(name, value, timestamp_ms)
    raise ValueError(f"{name!r} is neither a map nor a value")


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _merged_child(child: Node | None, key: str, value: Any, timestamp_ms: int) -> Node:
    if isinstance(value, dict):
        return merged(child if isinstance(child, Branch) else Branch(key), value, timestamp_ms)
    if not isinstance(child, Leaf):
        return Leaf(key, copy.deepcopy(value), timestamp_ms)
    if timestamp_ms < child.timestamp_ms:
        return child
    return Leaf(child.name, copy.deepcopy(value), timestamp_ms)
