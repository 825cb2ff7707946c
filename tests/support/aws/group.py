"""A group of five core devices that tests deploy to: what it was given, and what it holds."""

from typing import Any

from support.aws.bench import Bench
from support.aws.fleet import Deployment

DEVICES = ("core-1", "core-2", "core-3", "core-4", "core-5")
NAME = "orangepis"
GROUP = ("--group", NAME)
_STEPS = 3  # of a device until it is through


def arn(at: Bench) -> str:
    """The group's ARN."""
    return str(at.cloud.fleet.describe_thing_group({"thingGroupName": NAME})["thingGroupArn"])


def add(at: Bench, name: str, version: str, grants: Any = None, settings: Any = None) -> None:
    """A component version that can be deployed."""
    at.cloud.components.add(name, version, publisher="Example", grants=grants, settings=settings)


def given(at: Bench, components: dict[str, Any], **others: Any) -> dict[str, Any]:
    """The group has a deployment that somebody else has made; returns its arguments."""
    for name, wanted in components.items():
        add(at, name, wanted["componentVersion"])
    at.cloud.fleet.create_deployment({"targetArn": arn(at), "components": components, **others})
    return at.cloud.specification(arn(at))


def latest(at: Bench) -> Deployment:
    """The group's newest deployment."""
    return at.cloud.fleet.deployments[-1]


def done(at: Bench) -> None:
    """Every device is through with what the group was given."""
    for device in DEVICES:
        latest(at).asked[device] = _STEPS


def components(at: Bench) -> dict[str, Any]:
    """What the group is to run."""
    held: dict[str, Any] = at.cloud.specification(arn(at))["components"]
    return held
