"""What the fleet's template grants: its functions filled in, and a small evaluator of its policies.

The evaluator knows what the template uses: Allow, actions and resources with `*` and `?`, policy variables;
no conditions, so Deny statements are looked at by the tests themselves.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from edge_cli.cloud_stack.template import TEMPLATE
from support.aws.template import parse_template

JsonObject = dict[str, Any]
REGION, ACCOUNT = "ap-northeast-2", "123456789012"
_ALIAS = f"arn:aws:iot:{REGION}:{ACCOUNT}:rolealias/edge-fleet-token-exchange"


class FleetTemplate:
    """The template, as it comes out in an account.

    Args:
        prefix: The parameter ThingPrefix.
        region: Where.
        partition: Of AWS.
    """

    def __init__(self, prefix: str = "core-", region: str = REGION, partition: str = "aws") -> None:
        document = parse_template(TEMPLATE.read_text())
        self.document = document
        self._values = {
            "ThingPrefix": prefix,
            "AWS::Region": region,
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": partition,
            "AWS::StackName": "edge-fleet",
            "TokenExchangeRoleAlias.RoleAliasArn": _ALIAS,
            "TokenExchangeRole.Arn": f"arn:{partition}:iam::{ACCOUNT}:role/role",
        }
        for name in ("DataBucket", "ArtifactBucket"):
            bucket = self.filled(document["Resources"][name]["Properties"]["BucketName"])
            self._values |= {name: bucket, f"{name}.Arn": f"arn:{partition}:s3:::{bucket}"}
        self.resources: dict[str, JsonObject] = {
            name: self.filled(one) if one["Type"] != "AWS::IoT::RoleAlias" else one
            for name, one in document["Resources"].items()
        }

    def filled(self, value: Any) -> Any:
        """A part of the template with its functions done."""
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        if not isinstance(value, Mapping):
            return value
        if "Ref" in value:
            return self._values[value["Ref"]]
        if "Fn::GetAtt" in value:
            return self._values[value["Fn::GetAtt"]]
        if "Fn::Sub" in value:
            text = re.sub(r"\$\{([^!}]+)\}", lambda found: self._values[found[1]], value["Fn::Sub"])
            return text.replace("${!", "${")
        return {key: self.filled(one) for key, one in value.items()}

    def policies(self) -> dict[str, list[JsonObject]]:
        """Logical id -> the statements of its policy, for everything that has one."""
        found = {}
        for name, one in self.resources.items():
            properties = one["Properties"]
            documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
            documents += [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
            if documents:
                found[name] = [statement for document in documents for statement in document["Statement"]]
        return found

    def policy_size(self, name: str) -> int:
        """Characters of an IoT policy, without white space, as AWS counts them."""
        return len(re.sub(r"\s", "", json.dumps(self.resources[name]["Properties"]["PolicyDocument"])))


def listed(value: str | Sequence[str]) -> list[str]:
    """A policy's element, which may be one text or a list."""
    return [value] if isinstance(value, str) else list(value)


def allows(
    statements: Sequence[JsonObject], action: str, resource: str, variables: Mapping[str, str] | None = None
) -> bool:
    """Whether one of the statements allows an action on a resource.

    Args:
        statements: Of one or more policies.
        action: Such as `s3:PutObject`.
        resource: ARN.
        variables: Policy variables and their values.
    """
    return any(
        statement["Effect"] == "Allow"
        and any(_matches(one, action, {}) for one in listed(statement["Action"]))
        and any(_matches(one, resource, variables or {}) for one in listed(statement["Resource"]))
        for statement in statements
    )


def _matches(pattern: str, value: str, variables: Mapping[str, str]) -> bool:
    for name, content in variables.items():
        pattern = pattern.replace(f"${{{name}}}", content)
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, value) is not None
