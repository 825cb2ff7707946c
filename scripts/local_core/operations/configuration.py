"""GetConfiguration, UpdateConfiguration, SubscribeToConfigurationUpdate (ConfigStoreIPCEventStreamAgent).

Both nuclei answer alike here. Needs no policy: a component reads any configuration and changes its own. Runs
on the core's event loop.
"""

import math
import time
from collections.abc import Callable
from typing import Any

from local_core.ipc.rpc import (
    Call,
    JsonObject,
    Operation,
    RpcError,
    invalid_arguments,
    not_found,
    service_error,
)
from local_core.model.configuration import (
    ConfigurationKeyNotFoundError,
    ConfigurationPathError,
    ConfigurationStore,
    StaleTimestampError,
)

ACCESS_CONTROL = "accessControl"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class ConfigurationOperations:
    """The configuration operations over one store.

    Args:
        store: The core's.
        now_ms: Wall clock in milliseconds since 1970; a key that an update makes is as new as this.
    """

    def __init__(self, store: ConfigurationStore, now_ms: Callable[[], int] = _now_ms) -> None:
        self._store = store
        self._now_ms = now_ms

    def operations(self) -> list[Operation]:
        """What this family offers."""
        return [
            Operation("GetConfiguration", self._get),
            Operation("UpdateConfiguration", self._update),
            Operation("SubscribeToConfigurationUpdate", self._subscribe, streaming=True),
        ]

    def _get(self, call: Call) -> JsonObject:
        component = _component(call)
        return {"componentName": component, "value": self._read(component, _key_path(call))}

    def _update(self, call: Call) -> JsonObject:
        timestamp_ms, values, key_path = _timestamp_ms(call), _value_to_merge(call), _key_path(call)
        # Keys ignore case, so this one is refused in any: a component must not grant itself anything.
        if ACCESS_CONTROL.lower() in (key.lower() for key in (key_path[:1] or values)):
            raise invalid_arguments(f"Config update is not allowed for following fields [{ACCESS_CONTROL}]")
        if call.component not in self._store.component_names():
            raise invalid_arguments(f"Component config not found for component {call.component}")
        if not self._is_there(call.component, key_path):
            timestamp_ms = self._now_ms()
        try:
            self._store.update(call.component, key_path, values, timestamp_ms)
        except StaleTimestampError:
            raise RpcError(
                "FailedUpdateConditionCheckError",
                "Proposed timestamp is older than the config's latest modified timestamp",
            ) from None
        except ConfigurationPathError as error:
            raise invalid_arguments(str(error)) from None
        except OSError as error:
            raise service_error(f"The configuration could not be written: {error}") from error
        return {}

    def _subscribe(self, call: Call) -> JsonObject:
        component, key_path = _component(call), _key_path(call)
        self._read(component, key_path)

        def tell(changed: list[str]) -> None:
            event = {"componentName": component, "keyPath": changed}
            call.stream.send("ConfigurationUpdateEvents", {"configurationUpdateEvent": event})

        call.stream.on_close(self._store.watch(component, key_path, tell))
        return {}

    def _read(self, component: str, key_path: list[str]) -> JsonObject:
        try:
            return self._store.get_object(component, key_path)
        except ConfigurationKeyNotFoundError:
            raise not_found("Key not found") from None

    def _is_there(self, component: str, key_path: list[str]) -> bool:
        try:
            self._store.get(component, key_path)
        except ConfigurationKeyNotFoundError:
            return False
        return True


def _component(call: Call) -> str:
    component = call.request.get("componentName") or call.component
    if not isinstance(component, str):
        raise invalid_arguments("componentName must be a string")
    return component


def _key_path(call: Call) -> list[str]:
    key_path: Any = call.request.get("keyPath")
    if key_path is None:
        return []
    if not isinstance(key_path, list) or not all(isinstance(key, str) for key in key_path):
        raise invalid_arguments("keyPath must be a list of strings")
    return key_path


def _timestamp_ms(call: Call) -> int:
    seconds = call.request.get("timestamp")
    if seconds is None:
        raise invalid_arguments("Timestamp is required")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not math.isfinite(seconds):
        raise invalid_arguments("Timestamp must be a number: seconds since 1970")
    return round(seconds * 1000)


def _value_to_merge(call: Call) -> JsonObject:
    values = call.request.get("valueToMerge")
    if values is None:
        raise invalid_arguments("ValueToMerge is required")
    if not isinstance(values, dict):
        raise invalid_arguments("ValueToMerge must be an object")
    return values
