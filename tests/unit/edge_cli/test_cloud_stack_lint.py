"""`edge lint` finds mistakes planted in our own template, with file and line."""

import shutil
import sys
from pathlib import Path

import pytest

from edge_cli.cloud_stack.template import DEPLOYMENT, TEMPLATE
from edge_cli.lint.cloud_access import RULES_OF_PROJECT
from edge_cli.lint.finding import Severity
from edge_cli.lint.linting import lint
from edge_cli.lint.workspace import read_workspace
from support.figures import Figure
from support.planted.cloud import MISTAKES_IN_CLOUD
from support.planted.planting import REGISTRY, copy_of_the_project, is_at, plant

MISTAKES = {
    "type that AWS does not have": ("AWS::S3::BucketPolicy", "AWS::S3::BucketPolcy", "cfn-E3006"),
    "reference to nothing": ("Bucket: !Ref DataBucket", "Bucket: !Ref DataBukket", "cfn-E1020"),
    "variable of nothing": ("${DataBucket.Arn}/images/*", "${DataBuket.Arn}/images/*", "cfn-E1019"),
    "value below its range": ("DurationSeconds: 3600", "DurationSeconds: 36", "cfn-E3034"),
    "property that is not there": ("NoncurrentDays: 30", "NoncurrentDayz: 30", "cfn-E3002"),
    "effect of a policy": ("Effect: Allow", "Effect: Alow", "cfn-E3530"),
    "everybody may": ("Effect: Deny", "Effect: Allow", "open-to-everybody"),
    "no YAML": ("  DataBucket:", "  DataBucket", "cfn-E0000"),
}

SMALL = """\
Resources:
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: s3:PutObject, Resource: "*"}]
"""


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_in_a_template_is_found_with_file_and_line(name: str, tmp_path: Path, figure: Figure) -> None:
    old, new, code = MISTAKES[name]
    project = copy_of_the_project(tmp_path)
    template = project / "scripts" / "cloud" / "fleet.yaml"
    text = TEMPLATE.read_text()
    assert old in text, "the row does not fit the template any more: adapt it"
    template.write_text(text.replace(old, new, 1))
    edited = next(number for number, line in enumerate(template.read_text().splitlines(), 1) if new in line)

    findings = [one for one in lint([template], project).findings if one.code == code]

    near = [one for one in findings if any(is_at(one, template, edited + away) for away in range(-6, 2))]
    assert near, findings
    assert near[0].severity is Severity.ERROR
    figure("edge lint, mistakes planted in our own files", planted=1, found=1)


def test_our_own_template_has_nothing_to_find() -> None:
    assert lint([TEMPLATE]).findings == []


def test_folder_of_templates_can_be_named() -> None:
    assert lint([TEMPLATE.parent]).files == [DEPLOYMENT, TEMPLATE]


def test_every_template_of_the_folder_is_looked_at(tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path)
    second = project / "scripts" / "cloud" / "second.yml"
    second.write_text("Resources: {A: {Type: 'AWS::S3::Bukket'}}\n")

    assert {one.spot.path for one in lint(root=project).findings} == {second}


def test_long_list_of_what_there_is_becomes_the_nearest(tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path)
    template = project / "scripts" / "cloud" / "second.yaml"
    template.write_text(SMALL.replace("s3:PutObject", "s3:PutObjct"))

    (finding,) = lint([template], project).findings

    assert (finding.code, finding.severity) == ("cfn-W3037", Severity.WARNING)
    assert finding.text.startswith("'putobjct' is none of ")
    assert finding.text.endswith("did you mean 'putobject'?")


def test_region_that_is_none_does_not_stop_the_check(tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path)
    (project / "scripts" / "cloud" / "second.yaml").write_text(SMALL)
    registry = project / REGISTRY
    registry.write_text(registry.read_text().replace("ap-northeast-2", "ap-northeast2"))

    assert {one.code for one in lint(root=project).findings} == {"publish"}


@pytest.mark.parametrize("name", MISTAKES_IN_CLOUD)
def test_mistake_that_cfn_lint_takes_is_found_where_it_stands(name: str, tmp_path: Path) -> None:
    mistake = MISTAKES_IN_CLOUD[name]
    project = copy_of_the_project(tmp_path)
    shutil.copy(TEMPLATE, project / "scripts" / "cloud")
    plant(project, mistake)
    found = [one for rule in RULES_OF_PROJECT for one in rule.findings(read_workspace(project))]

    lines = (project / mistake.file).read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if mistake.at in text)
    there = [one for one in found if is_at(one, project / mistake.file, line)]
    assert [one for one in there if mistake.says in one.text]
    assert {one.code for one in found} == {mistake.code}


def test_what_a_condition_leaves_to_our_own_accounts_is_for_nobody_else(tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path)
    allowed = TEMPLATE.read_text().replace("Effect: Deny", "Effect: Allow")
    (project / "scripts" / "cloud" / "fleet.yaml").write_text(
        allowed.replace(
            "Condition:\n", 'Condition:\n              StringEquals: {"aws:PrincipalOrgID": o-1}\n'
        )
    )

    assert [one for rule in RULES_OF_PROJECT for one in rule.findings(read_workspace(project))] == []


def test_recipes_alone_do_not_pay_for_the_templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = copy_of_the_project(tmp_path)
    shutil.copy(TEMPLATE, project / "scripts" / "cloud")
    monkeypatch.setitem(sys.modules, "cfnlint.api", None)  # importing it would fail
    assert lint([project / "recipes"], project).findings == []
