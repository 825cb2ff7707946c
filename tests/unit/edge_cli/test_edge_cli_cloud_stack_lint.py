"""`edge lint` finds mistakes planted in our own template, with file and line."""

import shutil
import sys
from pathlib import Path

import pytest

from edge_cli.cloud_stack.template import TEMPLATE
from edge_cli.lint.finding import Severity
from edge_cli.lint.linting import lint
from support.figures import Figure
from support.planted import copy_of_the_project, is_at

MISTAKES = {
    "type that AWS does not have": ("AWS::S3::BucketPolicy", "AWS::S3::BucketPolcy", "cfn-E3006"),
    "reference to nothing": ("Bucket: !Ref DataBucket", "Bucket: !Ref DataBukket", "cfn-E1020"),
    "variable of nothing": ("${DataBucket.Arn}/images/*", "${DataBuket.Arn}/images/*", "cfn-E1019"),
    "value below its range": ("DurationSeconds: 3600", "DurationSeconds: 36", "cfn-E3034"),
    "property that is not there": ("NoncurrentDays: 30", "NoncurrentDayz: 30", "cfn-E3002"),
    "effect of a policy": ("Effect: Allow", "Effect: Alow", "cfn-E3530"),
    "no YAML": ("  DataBucket:", "  DataBucket", "cfn-E0000"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_in_a_template_is_found_with_file_and_line(name: str, tmp_path: Path, figure: Figure) -> None:
    old, new, code = MISTAKES[name]
    project = copy_of_the_project(tmp_path)
    (project / "scripts" / "cloud").mkdir(parents=True)
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
    assert lint([TEMPLATE.parent]).files == [TEMPLATE]


def test_recipes_alone_do_not_pay_for_the_templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = copy_of_the_project(tmp_path)
    shutil.copytree(TEMPLATE.parent, project / "scripts" / "cloud")
    monkeypatch.setitem(sys.modules, "cfnlint.api", None)  # importing it would fail
    assert lint([project / "recipes"], project).findings == []
