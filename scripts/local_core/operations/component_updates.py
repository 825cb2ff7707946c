"""What deployments ask of components, over IPC: consent to an update, validity of a new configuration.

SubscribeToComponentUpdates, DeferComponentUpdate, SubscribeToValidateConfigurationUpdates and
SendConfigurationValidityReport; for deployments the notices of `local_core.deployments.notices`. Needs no
policy. On the core's event loop. Sources: LifecycleIPCEventStreamAgent, UpdateSystemPolicyService,
ConfigStoreIPCEventStreamAgent, DynamicComponentConfigurationValidator.

The classic nucleus asks for consent only in deployments from the cloud (NOTIFY_COMPONENTS, 60 s) and skips it
in local ones (DeploymentDocumentConverter). A laptop has no others, so that here local ones ask.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping

from local_core.deployments.failures import ConfigurationRejectedError
from local_core.ipc.rpc import (
    Call,
    JsonObject,
    Operation,
    Stream,
    invalid_arguments,
    not_found,
    service_error,
)
from local_core.runtime.builtin import CLI

_LOG = logging.getLogger(__name__)

CONSENT_TIMEOUT_S = 60.0  # the componentUpdatePolicy that CreateDeployment gives by default
VALIDATION_TIMEOUT_S = 20.0  # DynamicComponentConfigurationValidator.DEFAULT_TIMEOUT

_ACCEPTED, _REJECTED = "ACCEPTED", "REJECTED"

_Asked = tuple[str, str]  # component, deployment


class ComponentUpdates:
    """Both ends of the conversation between deployments and components.

    Args:
        consent_timeout_s: Seconds until a component that does not answer is taken to consent.
        validation_timeout_s: Seconds until one that does not report is taken to reject.
    """

    def __init__(
        self,
        consent_timeout_s: float = CONSENT_TIMEOUT_S,
        validation_timeout_s: float = VALIDATION_TIMEOUT_S,
    ) -> None:
        self._consent_timeout_s = consent_timeout_s
        self._validation_timeout_s = validation_timeout_s
        self._listeners: dict[str, set[Stream]] = defaultdict(set)
        self._validators: dict[str, Stream] = {}
        self._deferrals: dict[_Asked, asyncio.Future[float]] = {}
        self._reports: dict[_Asked, asyncio.Future[JsonObject]] = {}

    def operations(self) -> list[Operation]:
        """What this family offers."""
        return [
            Operation("SubscribeToComponentUpdates", self._subscribe, streaming=True),
            Operation("DeferComponentUpdate", self._defer),
            Operation("SubscribeToValidateConfigurationUpdates", self._subscribe_validator, streaming=True),
            Operation("SendConfigurationValidityReport", self._take_report),
        ]

    async def wait_for_consent(self, deployment_id: str) -> None:
        """Announce the update to every subscriber, again after each deferral, until nobody defers it."""
        try:
            recheck_after_s = await self._longest_deferral(deployment_id)
            while recheck_after_s > 0:
                await asyncio.sleep(recheck_after_s)
                recheck_after_s = await self._longest_deferral(deployment_id)
        finally:
            self._deferrals.clear()

    async def validate(self, deployment_id: str, configurations: Mapping[str, JsonObject]) -> None:
        """Ask the subscribed components among `configurations`; see `UpdateNotices.validate`."""
        asked = {name: new for name, new in configurations.items() if name in self._validators}
        loop = asyncio.get_running_loop()
        self._reports = {(name, deployment_id): loop.create_future() for name in asked}
        for name, new in asked.items():
            event = {"configuration": new, "deploymentId": deployment_id}
            self._validators[name].send(
                "ValidateConfigurationUpdateEvents", {"validateConfigurationUpdateEvent": event}
            )
        try:
            if self._reports:
                await asyncio.wait(self._reports.values(), timeout=self._validation_timeout_s)
            _raise_for(self._reports, self._validation_timeout_s)
        finally:
            self._reports = {}

    def tell_done(self, deployment_id: str) -> None:
        """Announce to every subscriber that the update is over."""
        event = {"postUpdateEvent": {"deploymentId": deployment_id}}
        for streams in self._listeners.values():
            for stream in streams:
                stream.send("ComponentUpdatePolicyEvents", event)

    async def _longest_deferral(self, deployment_id: str) -> float:
        loop = asyncio.get_running_loop()
        event = {"preUpdateEvent": {"deploymentId": deployment_id, "isGgcRestarting": False}}
        self._deferrals = {(name, deployment_id): loop.create_future() for name in self._listeners}
        for streams in self._listeners.values():
            for stream in streams:
                stream.send("ComponentUpdatePolicyEvents", event)
        futures = list(self._deferrals.values())
        if futures:
            await asyncio.wait(futures, timeout=self._consent_timeout_s)
        self._deferrals = {}
        return max((future.result() for future in futures if future.done()), default=0.0)

    def _subscribe(self, call: Call) -> JsonObject:
        name = call.component
        if name == CLI:  # every other token belongs to a component
            raise not_found("Component with given name not found currently in Greengrass", "Component", name)
        self._listeners[name].add(call.stream)
        call.stream.on_close(lambda: self._unsubscribe(name, call.stream))
        return {}

    def _unsubscribe(self, name: str, stream: Stream) -> None:
        self._listeners[name].discard(stream)
        if self._listeners[name]:
            return
        del self._listeners[name]
        # Nobody is left to defer the update; the nucleus would wait for the time-out.
        for (asked, _), future in self._deferrals.items():
            if asked == name and not future.done():
                future.set_result(0.0)

    def _defer(self, call: Call) -> JsonObject:
        if call.component not in self._listeners:
            raise invalid_arguments("Component is not subscribed to component update events")
        deployment_id = call.request.get("deploymentId")
        if deployment_id is None:
            raise invalid_arguments("Cannot defer the update, the deployment ID provided was null")
        recheck_after_ms = call.request.get("recheckAfterMs", 0)
        if not isinstance(recheck_after_ms, int):
            raise invalid_arguments("recheckAfterMs must be a whole number of milliseconds")
        future = self._deferrals.pop((call.component, deployment_id), None)
        if future is None or future.done():
            raise service_error("Time limit to respond to PreComponentUpdateEvent exceeded")
        if recheck_after_ms > 0:
            _LOG.info(
                "deferred for %d millis with message %s",
                recheck_after_ms,
                call.request.get("message", ""),
                extra={"event_type": "service-update-deferred", "contexts": {"serviceName": call.component}},
            )
        future.set_result(recheck_after_ms / 1000)
        return {}

    def _subscribe_validator(self, call: Call) -> JsonObject:
        name = call.component
        # The first subscription of a component counts until it ends.
        if self._validators.setdefault(name, call.stream) is call.stream:
            call.stream.on_close(lambda: self._unsubscribe_validator(name))
        return {}

    def _unsubscribe_validator(self, name: str) -> None:
        del self._validators[name]

    def _take_report(self, call: Call) -> JsonObject:
        report = call.request.get("configurationValidityReport") or {}
        deployment_id = report.get("deploymentId")
        if deployment_id is None:
            raise invalid_arguments(
                "Cannot accept configuration validity report, the deployment ID provided was null"
            )
        future = self._reports.get((call.component, deployment_id))
        if future is None or future.done():
            raise invalid_arguments("Validation request either timed out or was never made")
        if report.get("status") not in (_ACCEPTED, _REJECTED):
            raise invalid_arguments(f"status must be {_ACCEPTED} or {_REJECTED}")
        future.set_result(report)
        return {}


def _raise_for(reports: Mapping[_Asked, asyncio.Future[JsonObject]], timeout_s: float) -> None:
    silent = [name for (name, _), future in reports.items() if not future.done()]
    if silent:
        raise ConfigurationRejectedError(
            f"No report within {timeout_s:g} s on whether the new configuration is valid: {', '.join(silent)}"
        )
    rejections = "".join(
        f" {{ name = {name}, message = {future.result().get('message')} }}"
        for (name, _), future in reports.items()
        if future.result()["status"] == _REJECTED
    )
    if rejections:
        raise ConfigurationRejectedError(
            f"Components reported that their to-be-deployed configuration is invalid{rejections}"
        )
