"""The shadow operations, as the component aws.greengrass.ShadowManager answers them on a classic nucleus.

Lite has none: register these only for the classic flavor. Shadows are not synchronised with any cloud, and
no `$aws/things/…` messages are published. Needs a policy of aws.greengrass.ShadowManager for
`$aws/things/{thing}/shadow` or `$aws/things/{thing}/shadow/name/{shadow}`. Runs on the core's event loop.
"""

import base64
import binascii
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from local_core.errors import CoreError
from local_core.ipc.authorization import SHADOW_MANAGER, Authorizer
from local_core.ipc.rpc import (
    Call,
    JsonObject,
    Operation,
    RpcError,
    invalid_arguments,
    not_found,
    service_error,
)
from local_core.model.shadow_document import (
    ShadowConflictError,
    ShadowDocument,
    ShadowRequestError,
    metadata_of,
    read_update,
)
from local_core.model.shadow_store import ShadowStore

# ShadowManager's Constants and Validator.
_NAME = re.compile(r"[a-zA-Z0-9:_-]+")
MAX_THING_NAME_LENGTH = 128
MAX_SHADOW_NAME_LENGTH = 64
MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 25


class ShadowOperations:
    """The shadow operations over one store.

    Args:
        store: Where shadows are kept.
        authorizer: Who may do what.
        now_s: Wall clock in seconds since 1970.
    """

    def __init__(
        self, store: ShadowStore, authorizer: Authorizer, now_s: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._authorizer = authorizer
        self._now_s = now_s

    def operations(self) -> list[Operation]:
        """What this family offers."""
        return [
            Operation("GetThingShadow", self._get),
            Operation("UpdateThingShadow", self._update),
            Operation("DeleteThingShadow", self._delete),
            Operation("ListNamedShadowsForThing", self._list),
        ]

    def _get(self, call: Call) -> JsonObject:
        thing, shadow = self._names(call)
        with _as_service_error():
            document = self._existing(thing, shadow)
        delta = document.delta()
        return _answer(
            {
                "state": document.state | ({"delta": delta} if delta else {}),
                "metadata": document.metadata,
                "version": document.version,
                "timestamp": int(self._now_s()),
            }
        )

    def _update(self, call: Call) -> JsonObject:
        thing, shadow = self._names(call)
        now_s = int(self._now_s())
        try:
            update = read_update(_payload(call))
            with _as_service_error():
                document = self._store.read(thing, shadow).updated(update, now_s)
                self._store.write(thing, shadow, document)
        except ShadowRequestError as error:
            raise invalid_arguments(str(error)) from None
        except ShadowConflictError as error:
            raise RpcError("ConflictError", str(error)) from None
        answer: JsonObject = {
            "state": update.state,
            "metadata": metadata_of(update.state, now_s),
            "version": document.version,
            "timestamp": now_s,
        }
        if update.client_token is not None:
            answer["clientToken"] = update.client_token
        return _answer(answer)

    def _delete(self, call: Call) -> JsonObject:
        thing, shadow = self._names(call)
        with _as_service_error():
            self._store.write(thing, shadow, self._existing(thing, shadow).deleted())
        return {"payload": ""}

    def _list(self, call: Call) -> JsonObject:
        thing = _name(call, "thingName", MAX_THING_NAME_LENGTH)
        self._authorizer.check(call.component, SHADOW_MANAGER, call.operation, _resource(thing, ""))
        page_size = _page_size(call)
        after = _name_in_token(call, thing)
        with _as_service_error():
            names = [name for name in self._store.named(thing) if name > after]
        answer: JsonObject = {"results": names[:page_size], "timestamp": self._now_s()}
        if len(names) > page_size:
            answer["nextToken"] = _token(thing, names[page_size - 1])
        return answer

    def _names(self, call: Call) -> tuple[str, str]:
        thing = _name(call, "thingName", MAX_THING_NAME_LENGTH)
        shadow = _name(call, "shadowName", MAX_SHADOW_NAME_LENGTH, may_be_empty=True)
        self._authorizer.check(call.component, SHADOW_MANAGER, call.operation, _resource(thing, shadow))
        return thing, shadow

    def _existing(self, thing: str, shadow: str) -> ShadowDocument:
        document = self._store.read(thing, shadow)
        if document.is_deleted:
            raise not_found("No shadow found", resource_type="shadow", resource_name=_resource(thing, shadow))
        return document


@contextmanager
def _as_service_error() -> Iterator[None]:
    try:
        yield
    except (CoreError, OSError) as error:
        raise service_error(f"The shadow store failed: {error}") from error


def _resource(thing: str, shadow: str) -> str:
    return f"$aws/things/{thing}/shadow" + (f"/name/{shadow}" if shadow else "")


def _name(call: Call, key: str, max_length: int, *, may_be_empty: bool = False) -> str:
    name: Any = call.request.get(key) or ""
    if name == "" and may_be_empty:
        return ""
    label = key[0].upper() + key[1:]
    if name == "":
        raise invalid_arguments(f"{label} is missing")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise invalid_arguments(f"{label} must match pattern {_NAME.pattern}")
    if len(name) > max_length:
        raise invalid_arguments(f"{label} has a maximum length of {max_length}")
    return name


def _payload(call: Call) -> bytes:
    try:
        return base64.b64decode(call.request.get("payload") or "", validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise ShadowRequestError("The payload is not base64") from None


def _answer(document: JsonObject) -> JsonObject:
    return {"payload": base64.b64encode(json.dumps(document, separators=(",", ":")).encode()).decode()}


def _page_size(call: Call) -> int:
    page_size = call.request.get("pageSize", DEFAULT_PAGE_SIZE)
    if not isinstance(page_size, int) or isinstance(page_size, bool) or not 1 <= page_size <= MAX_PAGE_SIZE:
        raise invalid_arguments(f"pageSize argument must be between 1 and {MAX_PAGE_SIZE}")
    return page_size


# A page begins after a name, not at a number, so that shadows made or deleted in between disturb nothing.
def _token(thing: str, name: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([thing, name]).encode()).decode()


def _name_in_token(call: Call, thing: str) -> str:
    token = call.request.get("nextToken")
    if not token:
        return ""
    try:
        token_thing, name = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError):
        token_thing, name = None, None
    if token_thing != thing or not isinstance(name, str):
        raise invalid_arguments("Invalid nextToken argument")
    return name
