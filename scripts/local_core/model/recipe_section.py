"""Reading one mapping of a recipe by the nucleus's rules, and collecting everything that is wrong with it.

A fault refuses the recipe; all of them are told at once. A warning is for what the nucleus lets pass in
silence: it ignores keys that it does not know, so that a misspelt one vanishes.
"""

import difflib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from local_core.errors import RecipeError
from local_core.model.recipe_document import Place, Value
from local_core.settings import Flavor

_log = logging.getLogger(__name__)

_Choice = TypeVar("_Choice", bound=str)
# How alike two keys must be for one to be offered for the other; 0 is anything, 1 is the same.
_LIKENESS = 0.6


class Findings:
    """What is wrong with one recipe; lives for one parse.

    Args:
        origin: The file's path, the beginning of every message.
    """

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._faults: list[tuple[int, str]] = []
        self._warnings: list[tuple[int, str]] = []

    def fault(self, place: Place, message: str) -> None:
        """Refuse the recipe: `message` says what is wrong and what to do."""
        self._faults.append((place.line, _joined(place.path, message)))

    def warn(self, place: Place, message: str) -> None:
        """Tell what the nucleus would pass over."""
        self._warnings.append((place.line, _joined(place.path, message)))

    def settle(self) -> None:
        """Log the warnings.

        Raises:
            RecipeError: There are faults; its text has one line for each, in the order of the file.
        """
        for line, message in sorted(self._warnings):
            _log.warning("%s:%d: %s", self._origin, line, message)
        if self._faults:
            lines = (f"{self._origin}:{line}: {message}" for line, message in sorted(self._faults))
            raise RecipeError("\n".join(lines))


@dataclass(frozen=True, slots=True)
class Text:
    """A text and where it stands."""

    value: str
    place: Place


class Section:
    """One mapping of a recipe, read key by key.

    The classic nucleus takes keys in any case, Lite only as documented. A null counts as absent.

    Args:
        value: The mapping; anything else is a fault, and the section is then empty.
        known: The keys that may stand here, as documented.
        findings: Where faults and warnings go.
        flavor: Whose rules.

    Attributes:
        is_mapping: False when the value was none, which has been told: nothing can be missing from it then.
    """

    def __init__(self, value: Value, known: Sequence[str], findings: Findings, flavor: Flavor) -> None:
        self.place = value.place
        self.findings = findings
        self.flavor = flavor
        self.is_mapping = value.entries is not None
        self._known = tuple(known)
        self._entries: dict[str, Value] = {}
        documented = {self._normal(key): key for key in known}
        for key, entry in entries_of(value, findings).items():
            if self._normal(key) in documented:
                self._entries[documented[self._normal(key)]] = entry
            else:
                findings.warn(entry.place, self._unknown(key))

    def get(self, key: str) -> Value | None:
        """The value of `key`; None when it is absent or null."""
        entry = self._entries.get(key)
        return None if entry is None or entry.content is None else entry

    def text(self, key: str) -> Text | None:
        """The text of `key`; None when it is absent, or after a fault when it is anything else."""
        entry = self.get(key)
        if entry is None:
            return None
        if isinstance(entry.content, str):
            return Text(entry.content, entry.place)
        self.findings.fault(entry.place, f"must be a text, not {kind_of(entry)}; put it in quotes")
        return None

    def required_text(self, key: str) -> Text | None:
        """The text of `key`, which must be there; None after a fault."""
        if self.is_mapping and self.get(key) is None:
            self.findings.fault(self.place.below(key), "is missing; add it")
        return self.text(key)

    def choice(self, key: str, choices: Sequence[_Choice], default: _Choice) -> _Choice:
        """One of `choices`; the default when absent, or after a fault when it is anything else."""
        entry = self.get(key)
        if entry is None:
            return default
        for choice in choices:
            if isinstance(entry.content, str) and self._normal(entry.content) == self._normal(choice):
                return choice
        self.findings.fault(entry.place, f"is {kind_of(entry)}; write one of {', '.join(choices)}")
        return default

    def items(self, key: str) -> Iterator[Value]:
        """The items of a list that are not null; a null item and anything but a list are faults."""
        entry = self.get(key)
        if entry is None:
            return
        if entry.items is None:
            self.findings.fault(
                entry.place, f"must be a list, not {kind_of(entry)}; begin each item with '- '"
            )
            return
        for item in entry.items:
            if item.content is None:
                self.findings.fault(item.place, "is null; write the item out or remove it")
            else:
                yield item

    def texts(self, key: str) -> tuple[str, ...]:
        """The texts of a list; anything else in it is a fault."""
        texts = []
        for item in self.items(key):
            if isinstance(item.content, str):
                texts.append(item.content)
            else:
                self.findings.fault(item.place, f"must be a text, not {kind_of(item)}; put it in quotes")
        return tuple(texts)

    def _normal(self, text: str) -> str:
        return text if self.flavor is Flavor.LITE else text.lower()

    def _unknown(self, key: str) -> str:
        if key.lower() == "runwith":
            return (
                "is not a recipe field and is ignored; give it to the deployment: "
                "--runWith COMPONENT:posixUser=USER"
            )
        lowered = {known.lower(): known for known in self._known}
        if key.lower() in lowered:
            return f"is ignored: Lite reads keys case-sensitively; write {lowered[key.lower()]!r}"
        close = difflib.get_close_matches(key.lower(), lowered, n=1, cutoff=_LIKENESS)
        offer = f"did you mean {lowered[close[0]]!r}?" if close else f"known here: {', '.join(self._known)}"
        return f"is not a key of a recipe and is ignored; {offer}"


def entries_of(value: Value, findings: Findings) -> Mapping[str, Value]:
    """The entries of a mapping; none after a fault when `value` is anything else.

    Warns of keys that stand there more than once.
    """
    for place in value.repeated:
        findings.warn(place, "stands here a second time; only the last one counts")
    if value.entries is None:
        findings.fault(value.place, f"must be a mapping (key: value), not {kind_of(value)}")
        return {}
    return value.entries


def kind_of(value: Value) -> str:
    """What a person would call this kind of value."""
    content = value.content
    if content is None:
        return "nothing"
    if value.entries is not None:
        return "a mapping"
    if value.items is not None:
        return "a list"
    if isinstance(content, bool):
        return f"the truth value {str(content).lower()}"
    return f"the {'text' if isinstance(content, str) else 'number'} {content!r}"


def _joined(path: str, message: str) -> str:
    return f"{path}: {message}" if path else message
