"""Rules of who may reach what a CloudFormation template makes: cfn-lint checks the form, not the meaning."""

from collections.abc import Iterator
from pathlib import Path

from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.recipe_file import SourceText, read_values
from edge_cli.lint.values import child, entries, items, text, walk
from edge_cli.lint.workspace import Workspace
from local_core.model.recipe_document import DocumentError, Value

_BUCKET = "AWS::S3::Bucket"
_BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
# Conditions that leave of everybody only some (S3 User Guide, "The meaning of public").
_NARROWING = frozenset(
    f"aws:{key}"
    for key in (
        *("principalorgid", "principalorgpaths", "principalaccount", "principalarn", "userid", "sourceip"),
        *("sourcearn", "sourceaccount", "sourceorgid", "sourcevpc", "sourcevpce"),
    )
)


def _templates(project: Workspace) -> Iterator[tuple[SourceText, Value]]:
    for path in project.templates:
        source = _read(path)
        try:
            yield source, read_values(source)
        except DocumentError:
            continue  # cfn-lint says so, or takes it: it knows aliases


def _read(path: Path) -> SourceText:
    return SourceText(path, path.read_text(encoding="utf-8", errors="replace"))


def _for_everybody(project: Workspace) -> Iterator[Remark]:
    for source, root in _templates(project):
        for key, value in walk(root):
            statements = [value, *items(value)] if key == "Statement" else []
            for statement in statements:
                if text(child(statement, "Effect")) == "Allow" and _is_everybody(statement):
                    yield Remark(
                        source.spot(child(statement, "Effect") or statement),
                        "allows this to everybody, with or without an account: no condition says who. "
                        "Write Deny if it is to forbid, or name a Principal.",
                    )


def _is_everybody(statement: Value) -> bool:
    principal = child(statement, "Principal")
    named = [principal, *entries(principal).values()]
    whoever = [text(each) for one in named for each in (one, *items(one))]
    keys = [key.lower() for test in entries(child(statement, "Condition")).values() for key in entries(test)]
    return "*" in whoever and not any(key in _NARROWING for key in keys)


def _public(project: Workspace) -> Iterator[Remark]:
    for source, root in _templates(project):
        for name, resource in entries(child(root, "Resources")).items():
            if text(child(resource, "Type")) != _BUCKET:
                continue
            blocks = child(resource, "Properties", "PublicAccessBlockConfiguration")
            for key in _BLOCKS:
                value = child(blocks, key)
                if value is None or str(value.content).lower() != "true":
                    yield Remark(
                        source.spot(value or blocks or resource),
                        f"{name} does not say {key}: true: a policy or an object's ACL could open the bucket "
                        "to everybody. Write it.",
                    )


RULES_OF_PROJECT = (
    Rule("open-to-everybody", Severity.ERROR, "a policy that allows something to everybody", _for_everybody),
    Rule("public-access", Severity.ERROR, "a bucket that can be opened to the public", _public),
)
