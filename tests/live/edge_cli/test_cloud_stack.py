"""`edge cloud up|diff|down`, with the real boto3, against a stand-in strict about CloudFormation's model."""

import json

import pytest

from edge_cli.cloud_stack import template
from support.aws.account import ACCOUNT
from support.aws.bench import Bench
from support.aws.components import ComponentVersion
from support.aws.stack_bench import STACK, actions, only_stack
from support.aws.template import parse_template
from support.s3.store import REGION
from support.terminal import asked

BUCKETS = {f"edge-data-{REGION}-{ACCOUNT}", f"greengrass-artifacts-{REGION}-{ACCOUNT}"}


@pytest.fixture
def at(bare_bench: Bench) -> Bench:
    """A bench; the account has no stack."""
    return bare_bench


def _template_resources() -> set[str]:
    return set(parse_template(template.TEMPLATE.read_text())["Resources"])


def test_up_makes_everything_of_the_template_and_names_what_others_need(at: Bench) -> None:
    said = at.edge("cloud", "up", "--yes", "--json").document
    assert set(actions(said)["Add"]) == _template_resources()
    assert said["status"] == "CREATE_COMPLETE"
    assert said["failures"] == []
    assert said["outputs"]["DataBucketName"] in BUCKETS
    assert only_stack(at).status == "CREATE_COMPLETE"
    assert at.cloud.stacks.buckets == BUCKETS


def test_up_tells_a_person_the_difference_the_progress_and_what_comes_next(at: Bench) -> None:
    said = at.edge("cloud", "up", "--yes")
    assert "added      DataBucket  AWS::S3::Bucket" in said.out
    assert "CREATE_COMPLETE    TokenExchangeRole" in said.err
    assert f"AWS account {ACCOUNT}, region {REGION}" in said.err
    assert "scripts/edge publish" in said.out


def test_up_again_changes_nothing_and_leaves_no_change_set(at: Bench) -> None:
    at.edge("cloud", "up", "--yes")
    assert "Nothing to change." in at.edge("cloud", "up").out
    said = at.edge("cloud", "up", "--json").document
    assert said["changes"] == []
    assert said["outputs"]["DataBucketName"] in BUCKETS
    assert at.cloud.stacks.change_sets == {}


def test_other_thing_prefix_changes_both_policies_and_is_kept_afterwards(at: Bench) -> None:
    at.edge("cloud", "up", "--yes")
    said = at.edge("cloud", "diff", "--thing-prefix", "press-line-")
    assert "changed    CorePolicy" in said.out
    changed = at.edge("cloud", "up", "--thing-prefix", "press-line-", "--yes", "--json").document
    assert actions(changed) == {"Modify": ["CorePolicy", "ComponentsPolicy"]}
    (setting,) = changed["changes"][1]["settings"]
    assert setting["path"] == "/Properties/PolicyDocument"
    assert "topic/orangepi5-core-*/sensors/data" in setting["before"]
    assert "topic/press-line-*/sensors/data" in setting["after"]
    assert at.edge("cloud", "diff", "--json").document["changes"] == []
    assert only_stack(at).parameters == {"ThingPrefix": "press-line-"}


@pytest.mark.parametrize("words", [("diff",), ("up", "--dry-run")], ids=" ".join)
def test_looking_leaves_neither_stack_nor_change_set(words: tuple[str, ...], at: Bench) -> None:
    said = at.edge("cloud", *words)
    assert "added      TokenExchangeRole" in said.out
    assert "Nothing was changed." in said.out
    assert at.cloud.stacks.stacks == {}
    assert at.cloud.stacks.change_sets == {}
    assert at.cloud.faults.calls("ExecuteChangeSet") == 0


def test_without_a_terminal_nobody_is_asked_and_nothing_is_left(at: Bench) -> None:
    assert "--yes" in at.edge("cloud", "up", expect=1).err
    assert at.cloud.stacks.stacks == {}
    at.edge("cloud", "up", "--yes")
    assert "--yes" in at.edge("cloud", "down", expect=1).err
    assert only_stack(at).status == "CREATE_COMPLETE"


def test_down_keeps_the_buckets_and_up_adopts_them(at: Bench) -> None:
    at.edge("cloud", "up", "--yes")
    said = at.edge("cloud", "down", "--yes")
    assert "stays      DataBucket" in said.out
    assert "removed    TokenExchangeRole" in said.out
    assert all(bucket in said.out.partition("These buckets stay")[2] for bucket in BUCKETS)
    assert at.cloud.stacks.buckets == BUCKETS
    again = at.edge("cloud", "up", "--yes", "--json").document
    assert actions(again)["Import"] == ["DataBucket", "ArtifactBucket"]


def test_down_says_in_json_what_stays(at: Bench) -> None:
    at.edge("cloud", "up", "--yes")
    foreseen = at.edge("cloud", "down", "--dry-run", "--json").document
    assert set(foreseen["kept"]) == BUCKETS
    assert foreseen["status"] is None
    assert only_stack(at).status == "CREATE_COMPLETE"
    done = at.edge("cloud", "down", "--yes", "--json").document
    assert set(done["kept"]) == BUCKETS
    assert set(done["removed"]) == _template_resources() - {"DataBucket", "ArtifactBucket"}
    assert done["status"] == "DELETE_COMPLETE"


@pytest.mark.parametrize("words", [["--yes"], ["--dry-run"]], ids=" ".join)
def test_down_of_a_stack_whose_policies_certificates_have_is_refused(at: Bench, words: list[str]) -> None:
    at.edge("cloud", "up", "--yes")
    certificates = [f"arn:aws:iot:{REGION}:{ACCOUNT}:cert/{number}" for number in range(2)]
    at.cloud.fleet.policy_targets[f"{STACK}-core"] = certificates
    said = at.edge("cloud", "down", *words, expect=1)
    assert f"{STACK}-core is attached to 2 certificates" in said.err
    assert "aws iot detach-policy" in said.err
    assert at.cloud.faults.calls("DeleteStack") == 0
    assert only_stack(at).status == "CREATE_COMPLETE"


def test_down_without_a_stack_is_no_error(at: Bench) -> None:
    assert f"There is no stack {STACK}" in at.edge("cloud", "down").out
    assert at.cloud.faults.changes == []


def test_role_alias_and_policies_are_named_after_the_stack(at: Bench) -> None:
    said = at.edge("cloud", "up", "--yes", "--stack", "line-1", "--json").document
    assert said["outputs"]["CorePolicyName"] == "line-1-core"
    assert said["outputs"]["TokenExchangeRoleAliasName"] == "line-1-token-exchange"
    assert f"There is no stack {STACK}" in at.edge("cloud", "down").out


@pytest.mark.parametrize(("answer", "status", "code"), [(b"y\n", "CREATE_COMPLETE", 0), (b"\n", None, 1)])
def test_person_at_a_terminal_is_asked(at: Bench, answer: bytes, status: str | None, code: int) -> None:
    with asked("cloud", "up") as terminal:
        shown = terminal.answer(answer)
    assert terminal.code == code, shown
    assert b"DataBucket" in shown
    assert [one.status for one in at.cloud.stacks.stacks.values()] == ([status] if status else [])


def test_stack_that_somebody_changes_meanwhile_is_not_changed_twice(at: Bench) -> None:
    at.edge("cloud", "up", "--yes")
    with asked("cloud", "up", "--thing-prefix", "press-") as terminal:
        at.cloud.stacks.change_sets.clear()  # what a change of the stack makes of them
        shown = terminal.answer(b"y\n")
    assert terminal.code == 1
    assert b"Somebody else has changed the stack meanwhile" in shown
    assert only_stack(at).parameters == {"ThingPrefix": "orangepi5-core-"}


def test_ctrl_c_at_the_question_leaves_nothing_behind(at: Bench) -> None:
    with asked("cloud", "up") as terminal:
        terminal.interrupt()
    assert terminal.code == 130
    assert at.cloud.stacks.stacks == {}


def test_deployment_template_is_merged_into_what_a_group_runs(at: Bench) -> None:
    names = ["aws.greengrass.LogManager", "aws.greengrass.StreamManager"]
    for name in names:
        arn = f"arn:aws:greengrass:{REGION}:aws:components:{name}:versions:2.2.1"
        recipe = {"ComponentName": name, "ComponentVersion": "2.2.1"}
        at.cloud.components.versions[arn] = ComponentVersion(arn, recipe, {}, slowness=0)
    at.cloud.fleet.add_group("orangepis", "core-1")
    group = at.cloud.fleet.describe_thing_group({"thingGroupName": "orangepis"})["thingGroupArn"]
    others = {"com.others.Component": {"componentVersion": "1.0.0"}}
    at.cloud.components.add("com.others.Component", "1.0.0")
    at.cloud.fleet.create_deployment({"targetArn": group, "components": others})
    merged = ("--configuration", str(template.DEPLOYMENT))
    at.deploy(*names, *merged, "--group", "orangepis", "--yes", "--no-wait")
    components = at.cloud.specification(group)["components"]
    assert set(components) == {*names, *others}
    merge = json.loads(components[names[0]]["configurationUpdate"]["merge"])
    assert merge == json.loads(template.DEPLOYMENT.read_text())[names[0]]["MERGE"]
