"""What a target is to run, as the API has it: its present deployment changed, never replaced. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from edge_cli.configuration_option import Change
from edge_cli.errors import CommandError
from edge_cli.fleet.configuration import GRANTS, updated

JsonObject = dict[str, Any]

# What a deployment of ours does where nobody has said otherwise. Both are also the service's defaults.
_POLICIES: JsonObject = {
    "failureHandlingPolicy": "ROLLBACK",
    "componentUpdatePolicy": {"action": "NOTIFY_COMPONENTS", "timeoutInSeconds": 60},
}
# What of a deployment `GetDeployment` tells and `CreateDeployment` takes.
_KEPT = (
    "deploymentName",
    "components",
    "deploymentPolicies",
    "iotJobConfiguration",
    "parentTargetArn",
    "tags",
)


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to become of a target.

    Attributes:
        versions: Component -> version, added or changed.
        remove: Components that go.
        configuration: Component -> what changes in its configuration.
    """

    versions: Mapping[str, str] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    configuration: Mapping[str, Change] = field(default_factory=dict)


def kept(deployment: Mapping[str, Any] | None, target_arn: str, name: str) -> JsonObject:
    """The arguments of `CreateDeployment` that would make the present deployment once more.

    Args:
        deployment: Answer of `GetDeployment`; None where the target has none.
        target_arn: Of the thing or the group.
        name: Of a first deployment.
    """
    present = deployment or {"deploymentName": name}
    specification = {key: deepcopy(present[key]) for key in _KEPT if present.get(key)}
    specification.setdefault("components", {})
    # Only AWS itself sets tags that begin so.
    tags = {key: value for key, value in specification.pop("tags", {}).items() if not key.startswith("aws:")}
    if tags:
        specification["tags"] = tags
    policies = specification.setdefault("deploymentPolicies", {})
    for policy, value in _POLICIES.items():
        policies.setdefault(policy, deepcopy(value))
    return {"targetArn": target_arn, **specification}


def with_components(specification: JsonObject, base: JsonObject) -> JsonObject:
    """A specification that asks for what a base does; its policies, rollout, tags, name and parent stay."""
    return {**specification, "components": base["components"]}


def without_done_resets(specification: JsonObject) -> JsonObject:
    """A specification without the RESETs that its deployment has done; each is done once.

    That of grants stays: no component can change its own, so to do it again undoes nothing, and a device
    that was away when they changed gets them.
    """
    result = deepcopy(specification)
    for wanted in result["components"].values():
        update = wanted.get("configurationUpdate") or {}
        if left := [pointer for pointer in update.pop("reset", []) if pointer == GRANTS]:
            update["reset"] = left
        if not update:
            wanted.pop("configurationUpdate", None)
    return result


def changed(specification: JsonObject, changes: Changes) -> JsonObject:
    """A specification with changes made; what they do not name stays as it is.

    Raises:
        CommandError: A component that is to be removed or configured is not there.
    """
    result = deepcopy(specification)
    components: dict[str, JsonObject] = result["components"]
    _refuse_absent(changes.remove, components, "be removed", "")
    for name, version in changes.versions.items():
        components.setdefault(name, {})["componentVersion"] = version
    _refuse_absent(
        changes.configuration, components, "be configured", " To deploy it as well, name it after `deploy`."
    )
    for name, change in changes.configuration.items():
        update = updated(components[name].pop("configurationUpdate", None), change)
        if update:
            components[name]["configurationUpdate"] = update
    for name in changes.remove:
        del components[name]
    return result


def with_resets(specification: JsonObject, pointers: Mapping[str, Sequence[str]]) -> JsonObject:
    """A specification that resets more; what it merges itself is merged again after the reset: it stays.

    Args:
        specification: As it is to be otherwise.
        pointers: Component -> what is reset of it.
    """
    result = deepcopy(specification)
    for name, more in pointers.items():
        update = result["components"][name].get("configurationUpdate") or {}
        # What lies below something that is reset anyway needs no RESET of its own.
        present = update.get("reset", [])
        new = [
            one for one in more if not any(one == above or one.startswith(f"{above}/") for above in present)
        ]
        if new:
            update["reset"] = [*present, *new]
            result["components"][name]["configurationUpdate"] = update
    return result


def _refuse_absent(names: Iterable[str], components: Mapping[str, Any], what: str, remedy: str) -> None:
    for name in names:
        if name not in components:
            there_are = ", ".join(sorted(components)) or "none"
            raise CommandError(
                f"{name} cannot {what}: the target does not have it. It has: {there_are}.{remedy}"
            )
