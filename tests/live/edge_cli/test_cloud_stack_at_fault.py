"""`edge cloud` when AWS refuses, fails, is slow or needs a person; the real boto3 throughout."""

import pytest

from support.aws.bench import Bench
from support.aws.stack_bench import STACK, only_stack

TAKEN = "iam:CreateRole is not allowed: User: arn:aws:iam::123456789012:user/operator is not authorized"


@pytest.fixture
def at(bare_bench: Bench) -> Bench:
    """A bench; the account has no stack."""
    return bare_bench


def test_failing_resource_is_named_with_its_reason_and_the_rollback_explained(at: Bench) -> None:
    at.cloud.stacks.failures["TokenExchangeRole"] = TAKEN
    said = at.edge("cloud", "up", "--yes", expect=3)
    assert f"TokenExchangeRole (AWS::IAM::Role) failed: {TAKEN}" in said.out
    assert "cancelled" not in said.out
    assert f"Stack {STACK} is ROLLBACK_COMPLETE." in said.out
    assert "scripts/edge cloud down" in said.out


def test_failing_resource_is_in_the_json(at: Bench) -> None:
    at.cloud.stacks.failures["TokenExchangeRole"] = TAKEN
    said = at.edge("cloud", "up", "--yes", "--json", expect=3).document
    assert [one["logical_id"] for one in said["failures"]] == ["TokenExchangeRole"]
    assert said["failures"][0]["reason"] == TAKEN
    assert said["status"] == "ROLLBACK_COMPLETE"


def test_stack_that_never_came_into_being_is_taken_down_then_made(at: Bench) -> None:
    at.cloud.stacks.failures["TokenExchangeRole"] = TAKEN
    at.edge("cloud", "up", "--yes", expect=3)
    at.cloud.stacks.failures.clear()
    refused = at.edge("cloud", "up", "--yes", expect=1)
    assert "ROLLBACK_COMPLETE" in refused.err
    assert f"scripts/edge cloud down --stack {STACK}" in refused.err
    at.edge("cloud", "down", "--yes")
    assert at.edge("cloud", "up", "--yes", "--json").document["status"] == "CREATE_COMPLETE"


def test_change_that_fails_is_taken_back(at: Bench) -> None:
    at.edge("cloud", "up", "--yes")
    at.cloud.stacks.failures["CorePolicy"] = "Policy document is Malformed"
    said = at.edge("cloud", "up", "--thing-prefix", "press-", "--yes", expect=3)
    assert "CorePolicy (AWS::IoT::Policy) failed: Policy document is Malformed" in said.out
    assert "Everything is as it was before." in said.out
    assert only_stack(at).parameters == {"ThingPrefix": "orangepi5-core-"}


def test_change_that_cannot_be_taken_back_needs_a_person(at: Bench) -> None:
    at.edge("cloud", "up", "--yes")
    at.cloud.stacks.failures["CorePolicy"] = "Policy document is Malformed"
    at.cloud.stacks.rollback_fails = True
    failed = at.edge("cloud", "up", "--thing-prefix", "press-", "--yes", expect=3)
    assert f"continue-update-rollback --stack-name {STACK}" in failed.out
    refused = at.edge("cloud", "up", "--yes", expect=1)
    assert "UPDATE_ROLLBACK_FAILED" in refused.err
    assert f"continue-update-rollback --stack-name {STACK}" in refused.err


@pytest.mark.parametrize("command", ["up", "diff", "down"])
def test_stack_that_is_being_changed_is_left_alone(command: str, at: Bench) -> None:
    at.edge("cloud", "up", "--yes")
    only_stack(at).fixed_status = "UPDATE_IN_PROGRESS"
    changes = at.cloud.faults.changes
    assert "somebody is changing it right now" in at.edge("cloud", command, expect=1).err
    assert at.cloud.faults.changes == changes


def test_stack_that_only_a_change_set_was_made_for_is_made(at: Bench) -> None:
    at.cloud.faults.refuse("DeleteChangeSet", "AccessDeniedException", "no")
    at.edge("cloud", "diff", expect=1)
    assert only_stack(at).status == "REVIEW_IN_PROGRESS"
    assert at.edge("cloud", "up", "--yes", "--json").document["status"] == "CREATE_COMPLETE"


def test_template_that_is_refused_changes_nothing(at: Bench) -> None:
    at.cloud.stacks.refusal = "Unresolved resource dependencies [Absent] in the Resources block"
    said = at.edge("cloud", "up", "--yes", expect=1)
    assert "CloudFormation refuses the template: Unresolved resource dependencies [Absent]" in said.err
    assert at.cloud.stacks.stacks == {}


@pytest.mark.parametrize(
    ("operation", "command"),
    [("CreateChangeSet", "up"), ("ExecuteChangeSet", "up"), ("DescribeStacks", "diff")],
)
def test_access_denied_names_the_action_and_who(operation: str, command: str, at: Bench) -> None:
    at.cloud.faults.deny(operation, "User is not authorized")
    said = at.edge("cloud", command, *(["--yes"] if command == "up" else []), expect=1)
    assert f"may not do cloudformation:{operation}" in said.err
    assert "user/operator" in said.err
    assert "Traceback" not in said.err


def test_denied_execution_leaves_nothing_behind(at: Bench) -> None:
    at.cloud.faults.deny("ExecuteChangeSet", "User is not authorized")
    at.edge("cloud", "up", "--yes", expect=1)
    assert at.cloud.stacks.stacks == {}
    assert at.cloud.stacks.change_sets == {}


def test_throttled_calls_are_asked_again(at: Bench) -> None:
    at.cloud.faults.throttle("CreateChangeSet", 1)
    at.cloud.faults.throttle("DescribeStackEvents", 2)
    assert at.edge("cloud", "up", "--yes", "--json").document["status"] == "CREATE_COMPLETE"


def test_lost_answer_of_the_execution_is_not_taken_for_a_failure_to_begin(at: Bench) -> None:
    at.cloud.faults.lose_answer("ExecuteChangeSet")
    said = at.edge("cloud", "up", "--yes", "--json")
    assert said.document["status"] == "CREATE_COMPLETE"
    assert at.cloud.faults.calls("ExecuteChangeSet") == 2


def test_stack_that_takes_longer_is_left_to_cloudformation(at: Bench) -> None:
    at.cloud.stacks.pace = 0
    said = at.edge("cloud", "up", "--yes", "--timeout-s", "0", expect=4)
    assert "is not finished yet" in said.out
    assert "scripts/edge cloud diff" in said.out


def test_trouble_while_waiting_says_that_it_goes_on(at: Bench) -> None:
    at.cloud.faults.deny("DescribeStackEvents", "User is not authorized")
    said = at.edge("cloud", "up", "--yes", expect=1)
    assert "cloudformation:DescribeStackEvents" in said.err
    assert f"CloudFormation goes on with stack {STACK} anyway" in said.err


def test_protected_stack_is_not_removed(at: Bench) -> None:
    at.edge("cloud", "up", "--yes")
    at.cloud.stacks.protected = True
    assert "update-termination-protection" in at.edge("cloud", "down", "--yes", expect=1).err


def test_resource_that_cannot_be_removed_is_named(at: Bench) -> None:
    at.edge("cloud", "up", "--yes")
    at.cloud.stacks.failures["CorePolicy"] = "The policy cannot be deleted as it is attached to one or more"
    said = at.edge("cloud", "down", "--yes", expect=3)
    assert "CorePolicy (AWS::IoT::Policy) failed: The policy cannot be deleted as it is attached" in said.out
    assert "DELETE_FAILED" in said.out


def test_no_credentials_is_one_message(at: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    said = at.edge("cloud", "up", "--yes", expect=1)
    assert "no complete AWS credentials" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [(("--stack", "1st"), "is not a valid stack name"), (("--thing-prefix", "core*"), "no '*'")],
)
def test_names_that_aws_would_refuse_are_refused_at_once(
    words: tuple[str, str], message: str, at: Bench
) -> None:
    assert message in at.edge("cloud", "up", *words, expect=1).err
    assert at.cloud.faults.calls("GetCallerIdentity") == 0
