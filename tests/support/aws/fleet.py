"""The stand-in's things, groups, core devices and deployments. Called with the cloud's lock held.

A device makes a step each time somebody asks how it fares: QUEUED, IN_PROGRESS, then how it ends.
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from support.aws.components import RefusalError

JsonObject = dict[str, Any]
_DEFAULT_POLICIES: JsonObject = {
    "failureHandlingPolicy": "ROLLBACK",
    "componentUpdatePolicy": {"timeoutInSeconds": 60, "action": "NOTIFY_COMPONENTS"},
    "configurationValidationPolicy": {"timeoutInSeconds": 60},
}
_SUCCESS: JsonObject = {"coreDeviceExecutionStatus": "SUCCEEDED"}


@dataclass(slots=True)
class Deployment:
    """One deployment.

    Attributes:
        deployment_id: Of it.
        arguments: Of `CreateDeployment`.
        created: When; each later than the one before.
        revision: Number among those of its target.
        is_latest: It holds for its target.
        is_canceled: Somebody has cancelled it.
        has_failed: It came to nothing.
        asked: Device -> how often it was asked about.
    """

    deployment_id: str
    arguments: JsonObject
    created: datetime
    revision: int
    is_latest: bool = True
    is_canceled: bool = False
    has_failed: bool = False
    asked: dict[str, int] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """ARN of the thing or the group."""
        return str(self.arguments["targetArn"])

    @property
    def job(self) -> JsonObject:
        """The IoT job that brings it to a group's devices; a thing gets it by its shadow."""
        return {"iotJobId": f"job-{self.deployment_id}"} if ":thinggroup/" in self.target else {}

    @property
    def summary(self) -> JsonObject:
        """As lists have it."""
        status = ("FAILED" if self.has_failed else "ACTIVE") if self.is_latest else "INACTIVE"
        document = {
            "targetArn": self.target,
            "revisionId": str(self.revision),
            "deploymentId": self.deployment_id,
            "creationTimestamp": self.created,
            "deploymentStatus": "CANCELED" if self.is_canceled else status,
            "isLatestForTarget": self.is_latest,
        }
        if "deploymentName" in self.arguments:
            document["deploymentName"] = self.arguments["deploymentName"]
        return document


class Fleet:
    """All of an account in a region.

    Args:
        arn_prefix: `arn:aws:iot:REGION:ACCOUNT`.
        is_deployable: Whether a component version can be deployed.

    Attributes:
        groups: Group -> its own things.
        children: Group -> the groups within it.
        left: Group -> things that have left it since its jobs got to them.
        things: Thing -> it is a core device.
        deployments: Oldest first.
        endings: Device -> how deployments end there; SUCCEEDED of others.
        silent: Devices that do not begin.
        unlisted: Things that no job has got to yet.
    """

    def __init__(self, arn_prefix: str, is_deployable: Callable[[str, str], bool]) -> None:
        self._prefix = arn_prefix
        self._is_deployable = is_deployable
        self.groups: dict[str, list[str]] = {}
        self.things: dict[str, bool] = {}
        self.deployments: list[Deployment] = []
        self.children: dict[str, list[str]] = {}
        self.deleted: list[Deployment] = []
        self.policy_targets: dict[str, list[str]] = {}
        self.left: dict[str, list[str]] = {}
        self.endings: dict[str, JsonObject] = {}
        self.silent: set[str] = set()
        self.unlisted: set[str] = set()
        self._succeeded: set[tuple[str, str]] = set()  # ARN of the target, thing name

    def add_group(self, name: str, *things: str) -> str:
        """A group of core devices; returns its ARN."""
        self.groups[name] = list(things)
        for thing in things:
            self.add_thing(thing)
        return f"{self._prefix}:thinggroup/{name}"

    def add_thing(self, name: str, *, is_core: bool = True) -> str:
        """A thing, which is a core device or not yet; returns its ARN."""
        self.things[name] = is_core
        return f"{self._prefix}:thing/{name}"

    def describe_thing(self, arguments: JsonObject) -> JsonObject:
        """DescribeThing of IoT."""
        name = arguments["thingName"]
        if name not in self.things:
            raise RefusalError("ResourceNotFoundException", f"Thing {name} not found")
        return {"thingName": name, "thingArn": f"{self._prefix}:thing/{name}", "version": 1}

    def describe_thing_group(self, arguments: JsonObject) -> JsonObject:
        """DescribeThingGroup of IoT."""
        name = arguments["thingGroupName"]
        if name not in self.groups:
            raise RefusalError("ResourceNotFoundException", f"Thing group {name} not found")
        above = [self._named(one) for one, children in self.children.items() if name in children]
        return {
            "thingGroupName": name,
            "thingGroupArn": f"{self._prefix}:thinggroup/{name}",
            "thingGroupMetadata": {"rootToParentThingGroups": above},
        }

    def list_thing_groups_for_thing(self, arguments: JsonObject) -> list[JsonObject]:
        """ListThingGroupsForThing of IoT; without the groups above them."""
        self.describe_thing(arguments)
        return [self._named(name) for name, things in self.groups.items() if arguments["thingName"] in things]

    def list_targets_for_policy(self, arguments: JsonObject) -> JsonObject:
        """ListTargetsForPolicy of IoT, one at a time; nobody here looks whether there is such a policy."""
        targets = self.policy_targets.get(arguments["policyName"], [])
        start = int(arguments.get("marker", "0"))
        answer: JsonObject = {"targets": targets[start : start + 1]}
        return answer | ({"nextMarker": str(start + 1)} if start + 1 < len(targets) else {})

    def get_core_device(self, arguments: JsonObject) -> JsonObject:
        """GetCoreDevice."""
        name = arguments["coreDeviceThingName"]
        self._require_core(name)
        return {"coreDeviceThingName": name, "coreVersion": "2.13.0", "status": "HEALTHY"}

    def list_core_devices(self, arguments: JsonObject) -> list[JsonObject]:
        """ListCoreDevices: of a group those that ever succeeded with a deployment of it, members or not."""
        group = arguments.get("thingGroupArn")
        return [
            {"coreDeviceThingName": name, "status": "HEALTHY"}
            for name, is_core in self.things.items()
            if is_core and (group is None or (group, name) in self._succeeded)
        ]

    def list_things_in_thing_group(self, arguments: JsonObject) -> list[str]:
        """ListThingsInThingGroup of IoT; of child groups only with `recursive`."""
        name = arguments["thingGroupName"]
        if name not in self.groups:
            raise RefusalError("ResourceNotFoundException", f"Thing group {name} not found")
        return self._members(name) if arguments.get("recursive") else self.groups[name]

    def create_deployment(self, arguments: JsonObject) -> JsonObject:
        """CreateDeployment: replaces what its target had."""
        kind, _, name = arguments["targetArn"].removeprefix(f"{self._prefix}:").partition("/")
        if name not in (self.things if kind == "thing" else self.groups):
            raise _not_found(arguments["targetArn"], "TARGET")
        for component, wanted in arguments.get("components", {}).items():
            if not self._is_deployable(component, wanted["componentVersion"]):
                raise RefusalError(
                    "ValidationException",
                    f"Component {component} version {wanted['componentVersion']} is not deployable",
                )
            update = wanted.get("configurationUpdate", {})
            if "merge" in update and not isinstance(json.loads(update["merge"]), dict):
                raise RefusalError("ValidationException", f"merge of {component} is no JSON object")
        before = [one for one in self.deployments if one.target == arguments["targetArn"]]
        for one in before:
            one.is_latest = False
        start = self.deployments[-1].created if self.deployments else datetime.now(UTC)
        made = Deployment(
            deployment_id=str(uuid.uuid4()),
            arguments={
                **arguments,
                "deploymentPolicies": _DEFAULT_POLICIES | arguments.get("deploymentPolicies", {}),
            },
            created=start + timedelta(seconds=1),
            revision=len(before) + 1,
        )
        self.deployments.append(made)
        return {"deploymentId": made.deployment_id} | made.job

    def get_deployment(self, arguments: JsonObject) -> JsonObject:
        """GetDeployment."""
        wanted = arguments["deploymentId"]
        found = next((one for one in self.deployments if one.deployment_id == wanted), None)
        if found is None:
            raise _not_found(wanted, "DEPLOYMENT")
        kept = ("components", "deploymentPolicies", "iotJobConfiguration", "parentTargetArn", "tags")
        arguments = {key: found.arguments[key] for key in kept if key in found.arguments}
        return found.summary | found.job | arguments

    def delete_deployment(self, arguments: JsonObject) -> JsonObject:
        """DeleteDeployment: no other becomes the latest of its target."""
        wanted = arguments["deploymentId"]
        self.deleted += [one for one in self.deployments if one.deployment_id == wanted]
        self.deployments = [one for one in self.deployments if one.deployment_id != wanted]
        return {}

    def list_deployments(self, arguments: JsonObject) -> list[JsonObject]:
        """ListDeployments."""
        latest_only = arguments.get("historyFilter", "LATEST_ONLY") == "LATEST_ONLY"
        return [
            one.summary
            for one in reversed(self.deployments)
            if one.target == arguments.get("targetArn", one.target) and (one.is_latest or not latest_only)
        ]

    def list_effective_deployments(self, arguments: JsonObject) -> list[JsonObject]:
        """ListEffectiveDeployments: also of groups that it has left; each device makes a step."""
        name = arguments["coreDeviceThingName"]
        self._require_core(name)
        targets = {f"{self._prefix}:thing/{name}"} | {
            f"{self._prefix}:thinggroup/{group}"
            for group in self.groups
            if name in self._members(group) or name in self.left.get(group, ())
        }
        return [
            self._execution(one, name) for one in self.deployments if one.is_latest and one.target in targets
        ] + [self._execution(one, name) for one in self.deleted if one.target in targets]

    def list_job_executions_for_job(self, arguments: JsonObject) -> list[JsonObject]:
        """ListJobExecutionsForJob of IoT, whose jobs are deployments to groups; each device makes a step."""
        wanted = arguments["jobId"]
        found = next((one for one in self.deployments if one.job.get("iotJobId") == wanted), None)
        if found is None:
            raise RefusalError("ResourceNotFoundException", f"Job {wanted} not found")
        return [
            {
                "thingArn": f"{self._prefix}:thing/{name}",
                "jobExecutionSummary": {"status": self._state(found, name)["coreDeviceExecutionStatus"]},
            }
            for group in (found.target.rpartition("/")[2],)
            for name in (*self._members(group), *self.left.get(group, ()))
            if name not in self.unlisted
        ]

    def _named(self, group: str) -> JsonObject:
        return {"groupName": group, "groupArn": f"{self._prefix}:thinggroup/{group}"}

    def _members(self, group: str) -> list[str]:
        return [thing for name in (group, *self.children.get(group, ())) for thing in self.groups[name]]

    def _execution(self, deployment: Deployment, device: str) -> JsonObject:
        return {
            "deploymentId": deployment.deployment_id,
            "deploymentName": deployment.arguments.get("deploymentName", ""),
            "targetArn": deployment.target,
            "creationTimestamp": deployment.created,
            "modifiedTimestamp": deployment.created,
            **self._state(deployment, device),
        }

    def _state(self, deployment: Deployment, device: str) -> JsonObject:
        steps = deployment.asked[device] = deployment.asked.get(device, 0) + 1
        state: JsonObject = {"coreDeviceExecutionStatus": "QUEUED"}
        if self.things[device] and device not in self.silent and steps > 1:
            is_through = steps > 2
            state = (
                self.endings.get(device, _SUCCESS)
                if is_through
                else {"coreDeviceExecutionStatus": "IN_PROGRESS"}
            )
        if state["coreDeviceExecutionStatus"] == "SUCCEEDED":
            self._succeeded.add((deployment.target, device))
        return state

    def _require_core(self, name: str) -> None:
        if not self.things.get(name):
            raise _not_found(name, "CORE_DEVICE")


def _not_found(what: str, kind: str) -> RefusalError:
    return RefusalError(
        "ResourceNotFoundException",
        "The requested resource cannot be found",
        resourceId=what,
        resourceType=kind,
    )
