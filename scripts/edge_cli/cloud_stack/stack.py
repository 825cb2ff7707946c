"""A stack as it is, and why one cannot be changed now. Asks AWS; changes nothing."""

import re
from dataclasses import dataclass
from typing import Any

from edge_cli.errors import CommandError
from edge_cli.fleet.aws import Aws, AwsError

REVIEWED = "REVIEW_IN_PROGRESS"  # a change set was made for it, and nothing else yet
DELETED = "DELETE_COMPLETE"
# CreateStack, "StackName"; the names of the role alias and the policies begin with it.
_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,99}")


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack.

    Attributes:
        stack_id: Its ARN.
        name: Of it.
        status: StackStatus of the API.
        reason: Why it is in that state; empty where CloudFormation does not say.
        parameters: Name -> value.
        outputs: Name -> value.
    """

    stack_id: str
    name: str
    status: str
    reason: str
    parameters: dict[str, str]
    outputs: dict[str, str]

    @property
    def is_busy(self) -> bool:
        """An operation is under way."""
        return self.status.endswith("_IN_PROGRESS") and self.status != REVIEWED


@dataclass(frozen=True, slots=True)
class Resource:
    """What a stack holds.

    Attributes:
        logical_id: In the template.
        kind: Such as `AWS::S3::Bucket`.
        physical_id: In AWS; empty where it was never made.
    """

    logical_id: str
    kind: str
    physical_id: str

    @property
    def is_kept(self) -> bool:
        """It stays when the stack goes: the template retains buckets."""
        return self.kind == "AWS::S3::Bucket"


def refuse_bad_name(name: str) -> None:
    """Say what a stack may be called before anything is asked of AWS.

    Raises:
        CommandError: Not this.
    """
    if not _NAME.fullmatch(name):
        raise CommandError(
            f"--stack {name!r} is not a valid stack name: at most 100 letters, digits and hyphens, the "
            "first a letter."
        )


def find(aws: Aws, name: str) -> Stack | None:
    """The stack of a name or an ARN; None when there is none, or only the mark that one was deleted."""
    try:
        found: dict[str, Any] = aws.call("cloudformation", "describe_stacks", StackName=name)["Stacks"][0]
    except AwsError as error:
        # The API has no error of its own for this (DescribeStacks, "Errors").
        if error.code == "ValidationError" and "does not exist" in str(error):
            return None
        raise
    if found["StackStatus"] == DELETED:
        return None
    return Stack(
        stack_id=found["StackId"],
        name=found["StackName"],
        status=found["StackStatus"],
        reason=" ".join(found.get("StackStatusReason", "").split()),
        parameters={one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", [])},
        outputs={one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])},
    )


def resources(aws: Aws, stack: Stack) -> list[Resource]:
    """What a stack holds now."""
    listed = aws.pages(
        "cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=stack.stack_id
    )
    return [
        Resource(one["LogicalResourceId"], one["ResourceType"], one.get("PhysicalResourceId", ""))
        for one in listed
        if one["ResourceStatus"] != DELETED
    ]


def refuse_busy(stack: Stack | None) -> None:
    """One operation at a time.

    Raises:
        CommandError: Another one is under way.
    """
    if stack and stack.is_busy:
        raise CommandError(
            f"Stack {stack.name} is {stack.status}: somebody is changing it right now. Nothing was changed. "
            "Wait until that is through, then try again."
        )


def refuse_unchangeable(stack: Stack | None) -> None:
    """Some states must be left before a stack can be changed.

    Raises:
        CommandError: It is in one of them; says what to do.
    """
    refuse_busy(stack)
    if stack is None:
        return
    because = f" ({stack.reason})" if stack.reason else ""
    if stack.status in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}:
        how = "never came into being" if stack.status != "DELETE_FAILED" else "was deleted only in part"
        raise CommandError(
            f"Stack {stack.name} is {stack.status}: it {how}{because}. CloudFormation changes no such stack. "
            f"Remove it: scripts/edge cloud down --stack {stack.name} (buckets stay). Then try again."
        )
    if stack.status in {"UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED"}:
        raise CommandError(
            f"Stack {stack.name} is {stack.status}: a change failed, and so did taking it back{because}. "
            "Repair what that names, then let CloudFormation go on: "
            f"aws cloudformation continue-update-rollback --stack-name {stack.name}"
        )
