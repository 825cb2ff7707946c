"""A recipe's text as values that know their line: the gateway to PyYAML.

Scalars are read as the nuclei read them, not as PyYAML does: the classic one (Jackson) knows no `yes`, no
dates and no aliases, Lite (libyaml) makes text of every YAML scalar. JSON goes through the same reader, so
that its lines are known too. Knows nothing of what a recipe means. Pure functions.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from local_core.settings import Flavor

MAX_DEPTH = 100  # guards the recursive readers below; a recipe needs about ten levels

Scalar = str | int | float | bool | None

# Jackson's YAMLParser: what a plain scalar must look like to be more than text.
_INTEGER = re.compile(r"[-+]?[0-9][0-9_]*")
_DECIMAL = re.compile(r"[-+]?[0-9][0-9_]*\.[0-9]*([eE][-+]?[0-9]+)?")
_WORDS: Mapping[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_NOT_THE_SAME_IN_YAML = re.compile(r"[^\n\r\x20-\x7e]")
_MAX_DIGITS = 100  # Python refuses to convert thousands
_TEXT_TAG = "tag:yaml.org,2002:str"


class DocumentError(Exception):
    """The text is not a document at all.

    Attributes:
        line: Where, counted from 1.
    """

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a recipe.

    Attributes:
        line: Counted from 1; of a mapping's entry, the line of its key.
        path: How a person finds it, e.g. `Manifests[0].Lifecycle.run`; empty for the whole document.
    """

    line: int
    path: str = ""

    def below(self, key: str) -> "Place":
        """The place of `key` in the mapping that stands here, for a key that is missing."""
        return Place(self.line, f"{self.path}.{key}" if self.path else key)


@dataclass(frozen=True, slots=True)
class Value:
    """One value and where it stands.

    Attributes:
        content: A mapping, a sequence or a scalar.
        place: Where it stands.
        repeated: The keys that stand more than once in this mapping; the last one counts.
    """

    content: "Mapping[str, Value] | Sequence[Value] | Scalar"
    place: Place
    repeated: tuple[Place, ...] = ()

    @property
    def entries(self) -> "Mapping[str, Value] | None":
        """The mapping; None when this is none."""
        return self.content if isinstance(self.content, Mapping) else None

    @property
    def items(self) -> "Sequence[Value] | None":
        """The sequence; None when this is none."""
        content = self.content
        return content if isinstance(content, Sequence) and not isinstance(content, str) else None

    def plain(self) -> Any:
        """The same as plain dicts, lists and scalars."""
        if (entries := self.entries) is not None:
            return {key: value.plain() for key, value in entries.items()}
        if (items := self.items) is not None:
            return [item.plain() for item in items]
        return self.content


def read_document(text: str, flavor: Flavor, *, is_json: bool) -> Value:
    """The document in `text`.

    Raises:
        DocumentError: Not YAML or JSON, empty, nested deeper than `MAX_DEPTH`, or with YAML aliases.
    """
    if is_json:
        text = _checked_json(text)
    try:
        _check_events(yaml.parse(text, Loader=yaml.SafeLoader))
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise DocumentError(mark.line + 1 if mark else 1, f"not YAML: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise DocumentError(line, f"not YAML: {error.reason}") from None
    if root is None:
        raise DocumentError(1, "the file is empty")
    return _Reader(flavor, is_json=is_json).value(root, Place(root.start_mark.line + 1))


def _checked_json(text: str) -> str:
    try:
        json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        raise DocumentError(line, f"not JSON: {error}") from None
    except RecursionError:
        raise DocumentError(1, f"nested deeper than {MAX_DEPTH} levels") from None
    # Where YAML differs: it takes no tabs between tokens (JSON's strings hold none), and refuses characters,
    # or breaks lines there, that may stand as they are in JSON's strings (and nowhere else).
    return _NOT_THE_SAME_IN_YAML.sub(lambda match: json.dumps(match[0])[1:-1], text.replace("\t", " "))


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value; put it in quotes")


def _check_events(events: Iterator[yaml.Event]) -> None:
    depth = 0
    for event in events:
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise DocumentError(
                line,
                f"the alias *{event.anchor} is not followed by the nucleus, which reads its name as text; "
                "write the value out",
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise DocumentError(line, f"nested deeper than {MAX_DEPTH} levels")


class _Reader:
    def __init__(self, flavor: Flavor, *, is_json: bool) -> None:
        self._is_json = is_json
        self._all_text = flavor is Flavor.LITE and not is_json

    def value(self, node: yaml.Node, place: Place) -> Value:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            items = [
                self.value(item, Place(item.start_mark.line + 1, f"{place.path}[{index}]"))
                for index, item in enumerate(node.value)
            ]
            return Value(items, place)
        return Value(self._scalar(node), place)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> Value:
        entries: dict[str, Value] = {}
        repeated = []
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise DocumentError(line, f"{place.path or 'the document'} has a key that is not text")
            key = _text(key_node)
            key_place = Place(line, place.below(key).path)
            if key in entries:
                repeated.append(key_place)
            entries[key] = self.value(value_node, key_place)
        return Value(entries, place, tuple(repeated))

    def _scalar(self, node: yaml.Node) -> Scalar:
        text = _text(node)
        is_plain = isinstance(node, yaml.ScalarNode) and node.style is None
        if self._is_json:
            return _json_scalar(text) if is_plain else text
        if self._all_text or not is_plain or _is_tagged_text(node, text):
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            # Whoever takes numbers refuses this one like any that is too big.
            return int(text.replace("_", "")) if len(text) <= _MAX_DIGITS else math.inf
        if _DECIMAL.fullmatch(text):
            return float(text.replace("_", ""))
        return text


def _text(node: yaml.Node) -> str:
    # PyYAML reads the two halves of an escaped character beyond the first plane one by one; half a character
    # alone is none.
    return str(node.value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _is_tagged_text(node: yaml.Node, text: str) -> bool:
    # PyYAML resolves these words and numbers itself; where it still says text, the author wrote `!!str`.
    return node.tag == _TEXT_TAG and (text in _WORDS or bool(_INTEGER.fullmatch(text)))


def _json_scalar(text: str) -> Scalar:
    scalar: Scalar = json.loads(text)
    return scalar
