"""Templates of the stand-in's stacks: read, and compared resource by resource. Pure."""

import json
from collections.abc import Collection
from typing import Any

import yaml

JsonObject = dict[str, Any]
BUCKET = "AWS::S3::Bucket"


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> JsonObject:
    name = suffix if suffix == "Ref" else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    assert isinstance(node, yaml.SequenceNode)
    return {name: loader.construct_sequence(node, deep=True)}


_Loader.add_multi_constructor("!", _short_form)


def parse_template(text: str) -> JsonObject:
    """A template in YAML with its functions in their long form."""
    document = yaml.load(text, _Loader)  # noqa: S506  a SafeLoader
    assert isinstance(document, dict)
    return document


def changes(before: JsonObject, after: JsonObject, adoptable: Collection[str], name: str) -> list[JsonObject]:
    """`ResourceChange`s from the resources of a stack to others.

    Args:
        before: Logical id -> resource as the template has it, filled in.
        after: The same, as it is to be.
        adoptable: Names of buckets that there are already, when they may be adopted.
        name: Of the stack.
    """
    found = [_change(logical, before.get(logical), one, adoptable, name) for logical, one in after.items()]
    found += [_removed(logical, one) for logical, one in before.items() if logical not in after]
    return [one for one in found if one]


def is_kept(resource: JsonObject) -> bool:
    """It stays when its stack is deleted."""
    return bool(resource.get("DeletionPolicy", "Delete") != "Delete")


def physical_id(name: str, logical: str, resource: JsonObject) -> str:
    """What a resource is called in AWS.

    Args:
        name: Of the stack.
        logical: Its logical id.
        resource: As the template has it, filled in.
    """
    named = [resource["Properties"].get(key) for key in ("BucketName", "RoleAlias", "PolicyName")]
    plain = [one if isinstance(one, str) else one.get("Fn::Sub") for one in named if one]
    return next((str(one) for one in plain if one), f"{name}-{logical}")


def _change(
    logical: str, present: JsonObject | None, one: JsonObject, adoptable: Collection[str], name: str
) -> JsonObject:
    base = {"LogicalResourceId": logical, "ResourceType": one["Type"]}
    if present == one:
        return {}
    if present is None:
        # Import resources automatically: the name must stand in the template as text, and be retained.
        bucket = one["Properties"].get("BucketName")
        adopted = isinstance(bucket, str) and is_kept(one) and bucket in adoptable
        return base | ({"Action": "Import", "PhysicalResourceId": bucket} if adopted else {"Action": "Add"})
    details = [
        {
            "Target": {
                "Attribute": "Properties",
                "Name": key,
                "Path": f"/Properties/{key}",
                "RequiresRecreation": "Never",
                "BeforeValue": json.dumps(present["Properties"].get(key)),
                "AfterValue": json.dumps(value),
            },
            "Evaluation": "Static",
            "ChangeSource": "DirectModification",
        }
        for key, value in one["Properties"].items()
        if present["Properties"].get(key) != value
    ]
    physical = {"PhysicalResourceId": physical_id(name, logical, one)}
    return base | physical | {"Action": "Modify", "Replacement": "False", "Details": details}


def _removed(logical: str, one: JsonObject) -> JsonObject:
    return {
        "Action": "Remove",
        "LogicalResourceId": logical,
        "ResourceType": one["Type"],
        "PolicyAction": "Retain" if is_kept(one) else "Delete",
    }
