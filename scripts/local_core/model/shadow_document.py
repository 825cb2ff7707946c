"""Device shadow documents: how an update changes one, what differs, and which updates are refused.

Semantics of the local ShadowManager component (ShadowState, ShadowStateMetadata, JsonMerger and JsonUtil
there), which are those of the shadow service. Pure values and functions.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JsonObject = dict[str, Any]

# ShadowManager's Constants: DEFAULT_DOCUMENT_SIZE and DEFAULT_DOCUMENT_STATE_DEPTH.
MAX_DOCUMENT_BYTES = 8 * 1024
MAX_DEPTH = 6
SECTIONS = ("desired", "reported")


class ShadowRequestError(Exception):
    """An update that breaks the rules of shadow documents; the text is the service's."""


class ShadowConflictError(Exception):
    """An update of a version that is not the current one."""


@dataclass(frozen=True, slots=True)
class ShadowUpdate:
    """One checked update request.

    Attributes:
        state: `desired` and `reported` as asked; a null removes what it stands for.
        version: The version that must be the current one; None when any will do.
        client_token: Comes back in the answer; None when there is none.
    """

    state: JsonObject
    version: int | None = None
    client_token: str | None = None


@dataclass(frozen=True, slots=True)
class ShadowDocument:
    """One shadow.

    Attributes:
        version: Counted from 1, also over a deletion; 0 before the first update.
        state: `desired` and `reported`, each only when it has something.
        metadata: The same shape with `{"timestamp": seconds since 1970}` for each value.
        is_deleted: Nothing is there; only the version is remembered.
    """

    version: int = 0
    state: JsonObject = field(default_factory=dict)
    metadata: JsonObject = field(default_factory=dict)
    is_deleted: bool = True

    def updated(self, update: ShadowUpdate, now_s: int) -> "ShadowDocument":
        """The document after `update`.

        Raises:
            ShadowConflictError: It asks for another version than the current one.
            ShadowRequestError: It asks for a version of a shadow that is not there, or the document grows too
                big.
        """
        if update.version is not None:
            self._check_version(update.version)
        state, metadata = dict(self.state), dict(self.metadata)
        for section in SECTIONS:
            if section in update.state:
                _update_section(section, update.state[section], state, metadata, now_s)
        if sum(_size_bytes(section) for section in state.values()) > MAX_DOCUMENT_BYTES:
            raise ShadowRequestError("The payload exceeds the maximum size allowed")
        return ShadowDocument(self.version + 1, state, metadata, is_deleted=False)

    def deleted(self) -> "ShadowDocument":
        """What is remembered of it after a deletion."""
        return ShadowDocument(self.version)

    def delta(self) -> JsonObject:
        """What is desired and not reported so; empty when nothing is."""
        return delta_of(self.state.get("reported", {}), self.state.get("desired", {}))

    def _check_version(self, version: int) -> None:
        if self.is_deleted:
            # JsonUtil.validatePayload: the first update of a shadow may only call itself version 1.
            if version != 1:
                raise ShadowRequestError("Invalid version")
        elif version != self.version:
            raise ShadowConflictError("Version conflict")


def read_update(payload: bytes) -> ShadowUpdate:
    """The update request in `payload`.

    Raises:
        ShadowRequestError: It is none.
    """
    if not payload:
        raise ShadowRequestError("Missing update payload")
    try:
        request = json.loads(payload, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError):
        raise ShadowRequestError("Invalid JSON") from None
    if not isinstance(request, dict) or not isinstance(state := request.get("state"), dict):
        raise ShadowRequestError("Invalid JSON: state: is missing or not an object")
    for name, section in state.items():
        if name not in SECTIONS:
            raise ShadowRequestError(f"State contains an invalid node: {name!r}")
        if section is not None and not isinstance(section, dict):
            raise ShadowRequestError(f"Invalid JSON: state.{name}: must be an object or null")
        if _depth(section) > MAX_DEPTH:
            raise ShadowRequestError(f"JSON contains too many levels of nesting; maximum is {MAX_DEPTH}")
    version, client_token = request.get("version"), request.get("clientToken")
    if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
        raise ShadowRequestError("Invalid version")
    if client_token is not None and not isinstance(client_token, str):
        raise ShadowRequestError("Invalid clientToken")
    return ShadowUpdate(state, version, client_token)


def metadata_of(value: Any, now_s: int) -> Any:
    """The same shape with `{"timestamp": now_s}` for each value, nulls included."""
    if isinstance(value, dict):
        return {key: metadata_of(child, now_s) for key, child in value.items()}
    if isinstance(value, list):
        return [metadata_of(item, now_s) for item in value]
    return {"timestamp": now_s}


def delta_of(reported: Mapping[str, Any], desired: Mapping[str, Any]) -> JsonObject:
    """The part of `desired` that `reported` does not have; lists count as a whole, 1 and 1.0 are the same."""
    delta = {}
    for key, value in desired.items():
        other = reported.get(key)
        if isinstance(value, dict) and isinstance(other, dict):
            if below := delta_of(other, value):
                delta[key] = below
        elif not _are_same(value, other):
            delta[key] = value
    return delta


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number} is no JSON number")
    return value


def _update_section(
    name: str, patch: JsonObject | None, state: JsonObject, metadata: JsonObject, now_s: int
) -> None:
    values = {} if patch is None else _merged(state.get(name, {}), patch)
    if not values:
        state.pop(name, None)
        metadata.pop(name, None)
        return
    state[name] = values
    metadata[name] = _merged_metadata(values, metadata.get(name, {}), patch or {}, now_s)


def _merged(values: JsonObject, patch: JsonObject) -> JsonObject:
    merged = dict(values)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            old = merged.get(key)
            below = _merged(old if isinstance(old, dict) else {}, value)
            # JsonMerger.createMergeTree: an object of nothing but nulls makes nothing.
            if below or isinstance(old, dict) or not value:
                merged[key] = below
        else:
            merged[key] = value
    return merged


def _merged_metadata(values: JsonObject, metadata: JsonObject, patch: JsonObject, now_s: int) -> JsonObject:
    merged = {}
    for key, value in values.items():
        if key not in patch:
            merged[key] = metadata[key]
        elif isinstance(value, dict):
            old = metadata.get(key)
            merged[key] = _merged_metadata(value, old if isinstance(old, dict) else {}, patch[key], now_s)
        else:
            merged[key] = metadata_of(value, now_s)
    return merged


def _are_same(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_are_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_are_same(one[key], other[key]) for key in one)
    # Python takes true for 1.
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _depth(value: Any) -> int:
    if isinstance(value, dict | list) and value:
        return 1 + max(map(_depth, value.values() if isinstance(value, dict) else value))
    return 0


def _size_bytes(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())
