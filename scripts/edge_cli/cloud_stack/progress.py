"""Waiting for what CloudFormation makes of an operation, event by event. Changes nothing."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge_cli.fleet.aws import Aws

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
# What CloudFormation says of resources that only fell with another one.
_CANCELLED = "cancelled"
_GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "DELETE_COMPLETE"})


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a resource.

    Attributes:
        logical_id: In the template; of the stack itself its name.
        kind: Such as `AWS::S3::Bucket`.
        status: ResourceStatus of the API.
        reason: In CloudFormation's words; empty where it gives none.
    """

    logical_id: str
    kind: str
    status: str
    reason: str

    @property
    def is_cause(self) -> bool:
        """It failed by itself, not because another one did."""
        return self.status.endswith("_FAILED") and _CANCELLED not in self.reason


@dataclass(frozen=True, slots=True)
class Ending:
    """How an operation ended.

    Attributes:
        status: Of the stack; empty when the time was up first.
        failures: What failed by itself, first things first.
    """

    status: str
    failures: tuple[Event, ...]

    @property
    def is_good(self) -> bool:
        """Everything is as it was to be."""
        return self.status in _GOOD


def follow(
    aws: Aws, stack_id: str, token: str, timeout_s: float, on_event: Callable[[Event], None]
) -> Ending:
    """Wait until an operation is through, or the time is up.

    Args:
        aws: Who is asked.
        stack_id: ARN of the stack: its name would mean nothing once it is deleted.
        token: Which operation.
        timeout_s: How long to wait.
        on_event: Told each event of a resource, in their order.
    """
    seen: set[str] = set()
    failures: list[Event] = []
    deadline = time.monotonic() + timeout_s
    pause_s = _FIRST_PAUSE_S
    while True:
        for one in _newer(aws, stack_id, token, seen):
            seen.add(one["EventId"])
            event = Event(
                one["LogicalResourceId"],
                one["ResourceType"],
                one["ResourceStatus"],
                " ".join(one.get("ResourceStatusReason", "").split()),
            )
            if one.get("PhysicalResourceId") != stack_id:
                if event.is_cause:
                    failures.append(event)
                on_event(event)
            elif not event.status.endswith("_IN_PROGRESS"):
                return Ending(event.status, tuple(failures))
        if time.monotonic() >= deadline:
            return Ending("", tuple(failures))
        threading.Event().wait(pause_s)
        pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)


def has_begun(aws: Aws, stack_id: str, token: str) -> bool:
    """Whether anything has happened in an operation."""
    events = aws.pages("cloudformation", "describe_stack_events", "StackEvents", StackName=stack_id)
    return any(one.get("ClientRequestToken") == token for one in events)


def _newer(aws: Aws, stack_id: str, token: str, seen: set[str]) -> list[dict[str, Any]]:
    """The operation's events that are not in `seen`, oldest first; the API has the newest first."""
    newer: list[dict[str, Any]] = []
    for one in aws.pages("cloudformation", "describe_stack_events", "StackEvents", StackName=stack_id):
        if one.get("ClientRequestToken") != token:
            if newer:
                break  # all that is older belongs to earlier operations
            continue
        if one["EventId"] in seen:
            break
        newer.append(one)
    return newer[::-1]
