"""JSON as strictly as its standard allows: what Python's parser lets through is found and named.

Owns the reading of JSON text that others wrote, and the one way in which short things of our own are written;
payloads, of which there are many, are `edge_common.messages`'. Pure, no threads. RFC 8259 leaves duplicate
keys, huge numbers and deep nesting to the reader; here each is a fault, because two readers that choose
differently see two different messages.
"""

import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 32  # levels of objects and arrays; the product's own payloads have four at most
_INT64_MIN, _UINT64_MAX = -(2**63), 2**64 - 1
_INT64_DIGITS = 20  # of the longest number that can fit; int() of thousands of digits is quadratic
_SHOWN_CHARACTERS = 64  # of a key, in a fault's one line
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class JsonFault:
    """One thing that is wrong with a text.

    Attributes:
        code: A fixed word for counters, such as "duplicate_key".
        reason: What and where, without the text's values, which may be secret.
    """

    code: str
    reason: str


def parse(text: str | bytes) -> tuple[Any, list[JsonFault]]:
    """Read `text` and find everything that is wrong with it.

    Returns:
        The value and no faults; or what could be read of it (None when nothing) and at least one fault.
    """
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        return None, [JsonFault("not_utf8", f"byte {error.start} is not UTF-8")]
    numbers_and_keys = _Hooks()
    try:
        value = json.loads(
            decoded,
            object_pairs_hook=numbers_and_keys.unique,
            parse_int=numbers_and_keys.int64,
            parse_float=numbers_and_keys.finite,
            parse_constant=numbers_and_keys.constant,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        return None, [JsonFault("not_json", f"it is not JSON at {where}: {error.msg.lower()}")]
    except RecursionError:
        return None, [_TOO_DEEP]
    return value, numbers_and_keys.faults + _structure_faults(value)


def encode(value: Any) -> bytes:
    r"""`value` as JSON in UTF-8, without blanks.

    >>> encode({"name": "Wärme", "first": 17})
    b'{"name":"W\xc3\xa4rme","first":17}'

    Raises:
        ValueError: It holds a number that is not finite, or half of a surrogate pair.
        TypeError: It holds something that JSON has no word for.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


_TOO_DEEP = JsonFault("too_deep", f"objects and arrays are nested deeper than {MAX_DEPTH} levels")


class _Hooks:
    """Notes, while one text is parsed, what the standard parser would let through."""

    def __init__(self) -> None:
        self.faults: list[JsonFault] = []

    def unique(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) < len(pairs):
            self.faults += [
                JsonFault("duplicate_key", f"the key {key[:_SHOWN_CHARACTERS]!r} stands there {count} times")
                for key, count in Counter(key for key, _ in pairs).items()
                if count > 1
            ]
        return members

    def int64(self, digits: str) -> float:
        if len(digits) <= _INT64_DIGITS and _INT64_MIN <= (number := int(digits)) <= _UINT64_MAX:
            return number
        self.faults.append(JsonFault("integer_range", "an integer does not fit into 64 bits"))
        return math.inf

    def finite(self, digits: str) -> float:
        number = float(digits)
        if not math.isfinite(number):
            self.faults.append(JsonFault("non_finite", "a number is too large for a double"))
        return number

    def constant(self, word: str) -> float:
        self.faults.append(JsonFault("non_finite", f"{word} is not a number in JSON"))
        return float(word)


def _structure_faults(value: Any) -> list[JsonFault]:
    """Depth and lone surrogates, found without recursion."""
    surrogate = False
    layer, depth = [value], 0
    while layer:
        containers = [item for item in layer if isinstance(item, dict | list)]
        texts = [item for item in layer if isinstance(item, str)]
        texts += [key for item in containers if isinstance(item, dict) for key in item]
        surrogate = surrogate or any(_LONE_SURROGATE.search(text) for text in texts)
        depth += bool(containers)
        if depth > MAX_DEPTH:
            return [_TOO_DEEP]
        layer = [
            child for item in containers for child in (item.values() if isinstance(item, dict) else item)
        ]
    return [JsonFault("lone_surrogate", "a string holds half of a surrogate pair")] if surrogate else []
