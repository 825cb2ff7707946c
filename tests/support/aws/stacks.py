"""The stand-in's stacks: CloudFormation as far as `edge cloud` asks for it. No I/O of its own.

It reads templates, compares them resource by resource, and tells of its operations in events, a few more with
each question. It makes nothing but marks: which buckets there are. Behaviour as the CloudFormation API
reference, its user guide and its messages in the field have it. Called with the cloud's lock held.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from support.aws.components import RefusalError
from support.aws.template import BUCKET, changes, is_kept, parse_template, physical_id

JsonObject = dict[str, Any]
_ROOT = "AWS::CloudFormation::Stack"
_NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)


@dataclass(slots=True)
class Stack:
    """One stack.

    Attributes:
        arn: Of it.
        name: Of it.
        parameters: Name -> value.
        resources: Logical id -> what the template says, with parameters filled in.
        events: Oldest first; `told` of them have happened as far as anybody knows.
        told: See `events`.
        fixed_status: The state that a test wants it to be in; empty for that of the events.
        reason: StackStatusReason.
        token: ClientRequestToken of the operation.
    """

    arn: str
    name: str
    parameters: dict[str, str] = field(default_factory=dict)
    resources: dict[str, JsonObject] = field(default_factory=dict)
    events: list[JsonObject] = field(default_factory=list)
    told: int = 0
    fixed_status: str = ""
    reason: str = ""
    token: str = ""

    @property
    def status(self) -> str:
        """Its own latest event's."""
        own = [one for one in self.events[: self.told] if one["ResourceType"] == _ROOT]
        return self.fixed_status or (own[-1]["ResourceStatus"] if own else "REVIEW_IN_PROGRESS")

    def tell(self, logical: str, kind: str, status: str, why: str = "") -> None:
        """Something happens to a resource."""
        event = {
            "StackId": self.arn,
            "EventId": f"{logical}-{len(self.events)}",
            "StackName": self.name,
            "LogicalResourceId": logical,
            "PhysicalResourceId": f"{self.name}-{logical}",
            "ResourceType": kind,
            "Timestamp": datetime.now(UTC),
            "ResourceStatus": status,
            "ClientRequestToken": self.token,
        }
        self.events.append(event | ({"ResourceStatusReason": why} if why else {}))

    def turn(self, status: str) -> None:
        """The stack itself enters a state; the beginning of an operation is known at once."""
        self.tell(self.name, _ROOT, status)
        self.events[-1]["PhysicalResourceId"] = self.arn


@dataclass(slots=True)
class ChangeSet:
    """One change set; `asked` counts how often it was described."""

    arn: str
    stack: Stack
    resources: dict[str, JsonObject]
    parameters: dict[str, str]
    changes: list[JsonObject]
    asked: int = 0


class Stacks:
    """All stacks of an account in a region.

    Args:
        region: Where.
        account: Whose.

    Attributes:
        failures: Logical id -> why it cannot be made, changed or deleted.
        rollback_fails: A failed change cannot be taken back either.
        refusal: Why change sets fail; empty when they do not.
        buckets: Names of those that there are.
        protected: Stacks are protected against deletion.
        pace: So many events more are told with each question.
    """

    def __init__(self, region: str, account: str) -> None:
        self._prefix = f"arn:aws:cloudformation:{region}:{account}"
        self._fixed = {"AWS::Region": region, "AWS::AccountId": account, "AWS::Partition": "aws"}
        self.stacks: dict[str, Stack] = {}
        self.change_sets: dict[str, ChangeSet] = {}
        self.failures: dict[str, str] = {}
        self.rollback_fails = False
        self.refusal = ""
        self.buckets: set[str] = set()
        self.protected = False
        self.pace = 12
        self.sent: list[JsonObject] = []

    def create_change_set(self, arguments: JsonObject) -> JsonObject:
        """CreateChangeSet."""
        self.sent.append(arguments)
        template = parse_template(arguments["TemplateBody"])
        stack = self._alive(arguments["StackName"])
        if (arguments["ChangeSetType"] == "UPDATE") != (stack is not None and bool(stack.events)):
            raise RefusalError("ValidationError", f"Stack [{arguments['StackName']}] does not exist")
        if stack is None:
            name = arguments["StackName"]
            arn = f"{self._prefix}:stack/{name}/{len(self.stacks)}"
            self.stacks[arn] = stack = Stack(arn, name)
        parameters = self._parameters(template, arguments.get("Parameters", []), stack)
        resources = {
            logical: json.loads(self._filled(json.dumps(one), parameters, stack))
            for logical, one in template["Resources"].items()
        }
        adoptable = self.buckets if arguments.get("ImportExistingResources") else ()
        differences = changes(stack.resources, resources, adoptable, stack.name)
        arn = f"{self._prefix}:changeSet/{arguments['ChangeSetName']}/0"
        made = ChangeSet(arn, stack, resources, parameters, differences)
        self.change_sets[arn] = made
        return {"Id": arn, "StackId": stack.arn}

    def describe_change_set(self, arguments: JsonObject) -> JsonObject:
        """DescribeChangeSet: at first it is still being made."""
        found = self._change_set(arguments)
        found.asked += 1
        answer: JsonObject = {"ChangeSetId": found.arn, "StackId": found.stack.arn, "Changes": []}
        if found.asked == 1:
            return answer | {"Status": "CREATE_IN_PROGRESS", "ExecutionStatus": "UNAVAILABLE"}
        if self.refusal or not found.changes:
            reason = self.refusal or _NO_CHANGES
            return answer | {"Status": "FAILED", "StatusReason": reason, "ExecutionStatus": "UNAVAILABLE"}
        page, more = _page(found.changes, arguments)
        listed = [{"Type": "Resource", "ResourceChange": one} for one in page]
        return answer | {"Status": "CREATE_COMPLETE", "Changes": listed} | more

    def delete_change_set(self, arguments: JsonObject) -> JsonObject:
        """DeleteChangeSet."""
        self.change_sets.pop(arguments["ChangeSetName"], None)
        return {}

    def execute_change_set(self, arguments: JsonObject) -> JsonObject:
        """ExecuteChangeSet."""
        found = self._change_set(arguments)
        if self.refusal or not found.changes:
            raise RefusalError("InvalidChangeSetStatus", "ChangeSet cannot be executed in its current status")
        del self.change_sets[found.arn]
        stack = found.stack
        stack.token = arguments.get("ClientRequestToken", "")
        word = "UPDATE" if stack.events else "CREATE"
        stack.turn(f"{word}_IN_PROGRESS")
        for change in found.changes:
            logical, kind = change["LogicalResourceId"], change["ResourceType"]
            step = {"Add": "CREATE", "Import": "IMPORT", "Remove": "DELETE"}.get(change["Action"], "UPDATE")
            stack.tell(logical, kind, f"{step}_IN_PROGRESS")
            if logical in self.failures:
                stack.tell(logical, kind, f"{step}_FAILED", self.failures[logical])
                self._roll_back(stack, word, found.changes[-1])
                return {}
            stack.tell(logical, kind, f"{step}_COMPLETE")
        stack.resources, stack.parameters = found.resources, found.parameters
        self.buckets |= {
            one["Properties"]["BucketName"] for one in stack.resources.values() if one["Type"] == BUCKET
        }
        stack.turn(f"{word}_COMPLETE")
        stack.told += 1
        return {}

    def delete_stack(self, arguments: JsonObject) -> JsonObject:
        """DeleteStack."""
        stack = self._alive(arguments["StackName"])
        if stack is None:
            return {}
        if self.protected:
            message = f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            raise RefusalError("ValidationError", message)
        stack.token = arguments.get("ClientRequestToken", "")
        if not stack.events and not stack.fixed_status:
            del self.stacks[stack.arn]
            return {}
        stack.fixed_status = ""
        stack.turn("DELETE_IN_PROGRESS")
        ending = "DELETE_COMPLETE"
        for logical, one in stack.resources.items():
            if logical in self.failures:
                stack.tell(logical, one["Type"], "DELETE_FAILED", self.failures[logical])
                ending = "DELETE_FAILED"
            else:
                stack.tell(logical, one["Type"], "DELETE_SKIPPED" if is_kept(one) else "DELETE_COMPLETE")
        stack.turn(ending)
        stack.told += 1
        return {}

    def describe_stacks(self, arguments: JsonObject) -> JsonObject:
        """DescribeStacks: a deleted one is found by its ARN only."""
        name = arguments["StackName"]
        stack = self.stacks.get(name) or self._alive(name)
        if stack is None:
            raise RefusalError("ValidationError", f"Stack with id {name} does not exist")
        answer = {
            "StackId": stack.arn,
            "StackName": stack.name,
            "CreationTime": datetime.now(UTC),
            "StackStatus": stack.status,
            "Parameters": _pairs("Parameter", stack.parameters),
            "Outputs": _pairs("Output", _outputs(stack)),
        }
        return {"Stacks": [answer | ({"StackStatusReason": stack.reason} if stack.reason else {})]}

    def describe_stack_events(self, arguments: JsonObject) -> JsonObject:
        """DescribeStackEvents: newest first."""
        stack = self.stacks[arguments["StackName"]]
        if "NextToken" not in arguments:
            stack.told = min(stack.told + self.pace, len(stack.events))
        page, more = _page(stack.events[: stack.told][::-1], arguments)
        return {"StackEvents": page} | more

    def list_stack_resources(self, arguments: JsonObject) -> JsonObject:
        """ListStackResources."""
        stack = self.stacks[arguments["StackName"]]
        listed = [
            {
                "LogicalResourceId": logical,
                "PhysicalResourceId": physical_id(stack.name, logical, one),
                "ResourceType": one["Type"],
                "LastUpdatedTimestamp": datetime.now(UTC),
                "ResourceStatus": "CREATE_COMPLETE",
            }
            for logical, one in stack.resources.items()
        ]
        page, more = _page(listed, arguments)
        return {"StackResourceSummaries": page} | more

    def _alive(self, name: str) -> Stack | None:
        living = [one for one in self.stacks.values() if one.status != "DELETE_COMPLETE"]
        return next((one for one in living if name in {one.arn, one.name}), None)

    def _change_set(self, arguments: JsonObject) -> ChangeSet:
        if arguments["ChangeSetName"] not in self.change_sets:
            raise RefusalError("ChangeSetNotFound", "ChangeSet does not exist")
        return self.change_sets[arguments["ChangeSetName"]]

    def _parameters(self, template: JsonObject, given: list[JsonObject], stack: Stack) -> dict[str, str]:
        values = {name: one["Default"] for name, one in template.get("Parameters", {}).items()}
        for one in given:
            name = one["ParameterKey"]
            if name not in values:
                raise RefusalError("ValidationError", f"Parameters: [{name}] do not exist in the template")
            values[name] = stack.parameters[name] if one.get("UsePreviousValue") else one["ParameterValue"]
        return values

    def _filled(self, text: str, parameters: dict[str, str], stack: Stack) -> str:
        for name, value in {**self._fixed, **parameters, "AWS::StackName": stack.name}.items():
            text = text.replace(f"${{{name}}}", value)
        return text

    def _roll_back(self, stack: Stack, word: str, last: JsonObject) -> None:
        cancelled = f"Resource {word.lower()[:-1]}ion cancelled"
        stack.tell(last["LogicalResourceId"], last["ResourceType"], f"{word}_FAILED", cancelled)
        prefix = "" if word == "CREATE" else "UPDATE_"
        ending = "ROLLBACK_FAILED" if self.rollback_fails else "ROLLBACK_COMPLETE"
        stack.turn(f"{prefix}ROLLBACK_IN_PROGRESS")
        stack.turn(f"{prefix}{ending}")
        stack.told += 1


def _outputs(stack: Stack) -> dict[str, str]:
    held = stack.resources.items()
    return {f"{logical}Name": physical_id(stack.name, logical, one) for logical, one in held}


def _pairs(word: str, values: dict[str, str]) -> list[JsonObject]:
    return [{f"{word}Key": name, f"{word}Value": value} for name, value in values.items()]


def _page(items: list[JsonObject], arguments: JsonObject) -> tuple[list[JsonObject], JsonObject]:
    """A small page, so that whoever asks for a list must ask for its pages."""
    start, size = int(arguments.get("NextToken", "0")), 4
    more = {"NextToken": str(start + size)} if start + size < len(items) else {}
    return items[start : start + size], more
