"""What would change, asked of CloudFormation itself: a change set, made, read, executed or taken back.

A change set for a stack that is not there makes an empty one (REVIEW_IN_PROGRESS); taking the change set
back removes that, too.
"""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from edge_cli.cloud_stack import progress, template
from edge_cli.cloud_stack import stack as stacks
from edge_cli.cloud_stack.stack import Stack
from edge_cli.errors import CommandError
from edge_cli.fleet.aws import Aws, AwsError

_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _DEADLINE_S = 0.2, 3.0, 300.0
# A change set that was executed, or that a change of the stack has made worthless.
_SPENT = frozenset({"InvalidChangeSetStatus", "ChangeSetNotFound"})
# What CloudFormation says of a change set without changes: it is FAILED, and only the text tells.
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True, slots=True)
class Setting:
    """One property of a resource that changes.

    Attributes:
        path: In the resource, e.g. `/Properties/PolicyName`.
        before: JSON or plain text; None where it was not set, or CloudFormation does not say.
        after: The same, afterwards.
    """

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one resource.

    Attributes:
        action: Add, Modify, Remove, Import, Dynamic or SyncWithActual.
        logical_id: In the template.
        kind: Such as `AWS::S3::Bucket`.
        physical_id: In AWS; empty before it is made.
        replacement: True, False, Conditional; empty where nothing is modified.
        kept: What is removed or replaced stays, without belonging to the stack.
        settings: Of what is modified.
    """

    action: str
    logical_id: str
    kind: str
    physical_id: str
    replacement: str
    kept: bool
    settings: tuple[Setting, ...]


@dataclass(slots=True)
class ChangeSet:
    """A change set that can be executed, once.

    Attributes:
        arn: Of it.
        stack_id: ARN of its stack.
        changes: Empty when the stack is as the template has it.
        is_executed: CloudFormation is at it, or through.
    """

    arn: str
    stack_id: str
    changes: tuple[Change, ...]
    is_executed: bool = False


@contextmanager
def proposed(aws: Aws, name: str, prefix: str | None, present: Stack | None) -> Iterator[ChangeSet]:
    """A change set; it is taken back on leaving, unless it was executed.

    Args:
        aws: Who is asked.
        name: Of the stack.
        prefix: Of the things' names; None keeps the present one, or takes the template's.
        present: The stack as it is; None where there is none.

    Raises:
        CommandError: It cannot be made, and nothing was changed.
    """
    is_new = present is None or present.status == stacks.REVIEWED
    made = aws.call(
        "cloudformation",
        "create_change_set",
        StackName=name,
        ChangeSetName=f"edge-{uuid.uuid4().hex}",
        ChangeSetType="CREATE" if is_new else "UPDATE",
        TemplateBody=template.body(aws.region, aws.account),
        Parameters=_parameters(prefix, None if is_new else present),
        Capabilities=["CAPABILITY_IAM"],
        ImportExistingResources=True,
        ClientToken=uuid.uuid4().hex,
    )
    arn, stack_id = made["Id"], made["StackId"]
    change_set = ChangeSet(arn, stack_id, ())
    try:
        change_set.changes = _awaited(aws, arn)
        yield change_set
    except BaseException:
        with suppress(AwsError):  # what went wrong first is what a person must read
            _take_back(aws, change_set)
        raise
    _take_back(aws, change_set)


def execute(aws: Aws, change_set: ChangeSet) -> str:
    """Let CloudFormation do it; returns the token that marks the events of this operation.

    Raises:
        CommandError: It was refused, or somebody has changed the stack meanwhile.
    """
    token = uuid.uuid4().hex
    change_set.is_executed = True  # unless AWS says that it is not: an answer may be lost
    try:
        aws.call(
            "cloudformation", "execute_change_set", ChangeSetName=change_set.arn, ClientRequestToken=token
        )
    except AwsError as error:
        # When the answer to a first try was lost it is our own execution that has spent the change set.
        if error.code in _SPENT and progress.has_begun(aws, change_set.stack_id, token):
            return token
        change_set.is_executed = not error.code
        if error.code in _SPENT:
            raise CommandError(
                f"{error} Somebody else has changed the stack meanwhile. Nothing was changed here. Run "
                "this again "
                "to see what would change now."
            ) from None
        raise
    return token


def _parameters(prefix: str | None, present: Stack | None) -> list[dict[str, Any]]:
    if prefix is not None:
        return [{"ParameterKey": template.PREFIX_PARAMETER, "ParameterValue": prefix}]
    if present and template.PREFIX_PARAMETER in present.parameters:
        return [{"ParameterKey": template.PREFIX_PARAMETER, "UsePreviousValue": True}]
    return []


def _awaited(aws: Aws, arn: str) -> tuple[Change, ...]:
    """What changes, once CloudFormation has compared; nothing when the stack is as the template has it."""
    deadline = time.monotonic() + _DEADLINE_S
    pause_s = _FIRST_PAUSE_S
    while True:
        seen = aws.call("cloudformation", "describe_change_set", ChangeSetName=arn)
        reason = " ".join(seen.get("StatusReason", "").split())
        if seen["Status"] == "CREATE_COMPLETE":
            listed = aws.pages(
                "cloudformation",
                "describe_change_set",
                "Changes",
                ChangeSetName=arn,
                IncludePropertyValues=True,
            )
            return tuple(_change(one["ResourceChange"]) for one in listed if "ResourceChange" in one)
        if seen["Status"] == "FAILED":
            if any(words in reason for words in _NO_CHANGES):
                return ()
            raise CommandError(f"CloudFormation refuses the template: {reason} Nothing was changed.")
        if time.monotonic() >= deadline:
            raise CommandError(
                f"CloudFormation still compares after {_DEADLINE_S:.0f} s ({seen['Status']}). Nothing was "
                "changed. Try again later."
            )
        threading.Event().wait(pause_s)
        pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)


def _change(one: dict[str, Any]) -> Change:
    settings: dict[str, Setting] = {}
    for detail in one.get("Details", []):
        target = detail.get("Target", {})
        path = target.get("Path") or "/".join(
            ("", target.get("Attribute", ""), *filter(None, [target.get("Name")]))
        )
        before, after = target.get("BeforeValue"), target.get("AfterValue")
        # A property may be named twice: for the template's change, and for a reference that it follows.
        if path not in settings or settings[path].after is None:
            settings[path] = Setting(path, before, after)
    return Change(
        action=one["Action"],
        logical_id=one["LogicalResourceId"],
        kind=one["ResourceType"],
        physical_id=one.get("PhysicalResourceId", ""),
        replacement=one.get("Replacement", ""),
        kept="Retain" in one.get("PolicyAction", ""),
        settings=tuple(settings.values()),
    )


def _take_back(aws: Aws, change_set: ChangeSet) -> None:
    """Remove the change set, and the empty stack that was made for it, unless it was executed."""
    if change_set.is_executed:
        return
    present = stacks.find(aws, change_set.stack_id)
    if present is None or present.is_busy:
        return
    try:
        aws.call("cloudformation", "delete_change_set", ChangeSetName=change_set.arn)
    except AwsError as error:
        if error.code not in _SPENT:
            raise
    if present.status == stacks.REVIEWED:
        aws.call("cloudformation", "delete_stack", StackName=change_set.stack_id)
