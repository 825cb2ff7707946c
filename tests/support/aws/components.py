"""The stand-in's component versions: `CreateComponentVersion` and what asks about them. No I/O of its own.

Behaviour as the Greengrass v2 API reference and its error messages in the field have it. Called with the
cloud's lock held.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import yaml
from semantic_version import Version

JsonObject = dict[str, Any]
_MAX_RECIPE_BYTES = 16_000


class RefusalError(Exception):
    """The service refuses a call.

    Args:
        code: Name of the error shape.
        message: For people.
        members: What else the shape has.
    """

    def __init__(self, code: str, message: str, **members: Any) -> None:
        super().__init__(message)
        self.code = code
        self.members = {"message": message, **members}


@dataclass(slots=True)
class ComponentVersion:
    """One version.

    Attributes:
        arn: Of it.
        recipe: As the service gives it back.
        tags: Of it.
        created: When.
        asked: How often it has been described.
        slowness: How often it must be described before it is through.
        failure: Why it fails; None when it does not.
    """

    arn: str
    recipe: JsonObject
    tags: dict[str, str]
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    asked: int = 0
    slowness: int = 1
    failure: str | None = None

    @property
    def status(self) -> JsonObject:
        """`CloudComponentStatus` now."""
        if self.asked < self.slowness:
            return {"componentState": "REQUESTED", "message": "NONE", "errors": {}}
        if self.failure is not None:
            return {"componentState": "FAILED", "message": self.failure, "errors": {"recipe": self.failure}}
        return {"componentState": "DEPLOYABLE", "message": "NONE", "errors": {}}


class Components:
    """All versions of an account in a region.

    Args:
        arn_prefix: `arn:aws:greengrass:REGION:ACCOUNT:components`.
        artifact: URI -> body; None when it cannot be accessed.
    """

    def __init__(self, arn_prefix: str, artifact: Callable[[str], bytes | None]) -> None:
        self._prefix = arn_prefix
        self._artifact = artifact
        self.versions: dict[str, ComponentVersion] = {}
        self.slowness = 1
        self.failures: dict[str, str] = {}
        self.unlisted: set[str] = set()

    def arn(self, name: str, version: str | None = None) -> str:
        """The ARN of a component, or of one version."""
        return f"{self._prefix}:{name}" + (f":versions:{version}" if version else "")

    def public_arn(self, name: str, version: str) -> str:
        """The ARN of a version that Amazon publishes."""
        service = self._prefix.rsplit(":", 2)[0]
        return f"{service}:aws:components:{name}:versions:{version}"

    def add(
        self,
        name: str,
        version: str,
        *,
        publisher: str = "Somebody",
        grants: Any = None,
        settings: Any = None,
    ) -> None:
        """A version that somebody has published before, deployable, without artifacts."""
        defaults = {"accessControl": grants or {}} | ({} if settings is None else {"settings": settings})
        recipe: JsonObject = {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": name,
            "ComponentVersion": version,
            "ComponentPublisher": publisher,
            "ComponentConfiguration": {"DefaultConfiguration": defaults},
            "Manifests": [{}],
        }
        arn = self.arn(name, version)
        self.versions[arn] = ComponentVersion(arn, recipe, {}, slowness=0)

    def make_public(self, name: str, version: str) -> None:
        """A version is Amazon's, not this account's."""
        made = self.versions.pop(self.arn(name, version))
        made.arn = self.public_arn(name, version)
        self.versions[made.arn] = made

    def create_component_version(self, arguments: JsonObject) -> JsonObject:
        """CreateComponentVersion."""
        recipe = self._checked(arguments)
        name, version = recipe["ComponentName"], recipe["ComponentVersion"]
        arn = self.arn(name, version)
        present = self.versions.get(arn)
        if present:
            raise RefusalError(
                "ConflictException",
                f"Component [{name} : {version}] for account already exists with state: "
                f"[{present.status['componentState']}]",
                resourceId=f"{name}:{version}",
                resourceType="COMPONENT_VERSION",
            )
        self.versions[arn] = made = ComponentVersion(
            arn,
            recipe,
            arguments.get("tags", {}),
            slowness=self.slowness,
            failure=self.failures.get(name),
        )
        return {
            "arn": arn,
            "componentName": name,
            "componentVersion": version,
            "creationTimestamp": made.created,
            "status": made.status,
        }

    def describe_component(self, arguments: JsonObject) -> JsonObject:
        """DescribeComponent."""
        found = self._find(arguments["arn"])
        found.asked += 1
        answer = {
            "arn": found.arn,
            "componentName": found.recipe["ComponentName"],
            "componentVersion": found.recipe["ComponentVersion"],
            "creationTimestamp": found.created,
            "publisher": found.recipe.get("ComponentPublisher", ""),
            "description": found.recipe.get("ComponentDescription", ""),
            "status": found.status,
            "platforms": [],
        }
        return answer | ({"tags": found.tags} if found.tags else {})

    def get_component(self, arguments: JsonObject) -> JsonObject:
        """GetComponent."""
        found = self._find(arguments["arn"])
        wanted = arguments.get("recipeOutputFormat", "JSON")
        text = json.dumps(found.recipe) if wanted == "JSON" else yaml.safe_dump(found.recipe)
        return {"recipeOutputFormat": wanted, "recipe": text.encode()}

    def list_component_versions(self, arguments: JsonObject) -> list[JsonObject]:
        """ListComponentVersions: greater versions first; for a while it may lack new ones."""
        found = [
            one
            for arn, one in self.versions.items()
            if arn.startswith(f"{arguments['arn']}:versions:") and arn not in self.unlisted
        ]
        found.sort(key=lambda one: Version(one.recipe["ComponentVersion"]), reverse=True)
        return [
            {
                "componentName": one.recipe["ComponentName"],
                "componentVersion": one.recipe["ComponentVersion"],
                "arn": one.arn,
            }
            for one in found
        ]

    def _find(self, arn: str) -> ComponentVersion:
        if arn not in self.versions:
            raise RefusalError(
                "ResourceNotFoundException",
                "The requested resource cannot be found",
                resourceId=arn,
                resourceType="COMPONENT_VERSION",
            )
        return self.versions[arn]

    def _checked(self, arguments: JsonObject) -> JsonObject:
        body: bytes = arguments.get("inlineRecipe", b"")
        try:
            recipe = yaml.safe_load(body)
        except yaml.YAMLError:
            recipe = None
        needed = ("RecipeFormatVersion", "ComponentName", "ComponentVersion", "Manifests")
        if not isinstance(recipe, dict) or any(key not in recipe for key in needed):
            raise _invalid("the recipe is no recipe")
        if len(body) > _MAX_RECIPE_BYTES or recipe["ComponentName"].startswith("aws."):
            raise _invalid("the recipe is too long, or its name is reserved")
        Version(recipe["ComponentVersion"])
        recipe.setdefault("ComponentType", "aws.greengrass.generic")
        for manifest in recipe["Manifests"]:
            for artifact in manifest.get("Artifacts") or []:
                content = self._artifact(artifact["Uri"])
                if content is None:
                    raise _invalid(
                        "Encountered following errors in Artifacts: "
                        f"{{{artifact['Uri']} = Specified artifact resource cannot be accessed}}"
                    )
                artifact["Digest"] = base64.b64encode(hashlib.sha256(content).digest()).decode()
                artifact["Algorithm"] = "SHA-256"
                artifact.setdefault("Permission", {"Read": "OWNER", "Execute": "NONE"})
        return dict(recipe)


def _invalid(why: str) -> RefusalError:
    return RefusalError("ValidationException", f"Invalid Input: {why}")
