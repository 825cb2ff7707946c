"""Rules of accessControl's form, and the way to its policies.

`accessControl: {<service>: {<policy id>: {policyDescription, operations: [...], resources: [...]}}}`
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import child, entries, items, nearest
from local_core.ipc.policies import OPERATIONS
from local_core.model.recipe_document import Value

_KEYS = ("policyDescription", "operations", "resources")
_KEYS_IN_ANY_CASE = {key.lower(): key for key in _KEYS}
_ACCESS_CONTROL = "accessControl"
_LISTS = ("operations", "resources")
# Greengrass Lite 2.6.0 reads the policies of one service into a buffer of this size.
_MAX_SERVICE_BYTES_LITE = 4_096


class Policy(NamedTuple):
    """One policy as it is written."""

    service: str
    name: str
    value: Value

    @property
    def operations(self) -> Sequence[Value]:
        """The items of `operations`."""
        return items(child(self.value, "operations"))

    @property
    def resources(self) -> Sequence[Value]:
        """The items of `resources`."""
        return items(child(self.value, "resources"))


def policies(recipe: RecipeFile) -> Iterator[Policy]:
    """The policies of a recipe, of every service that it names."""
    for service, by_name in entries(child(recipe.default_configuration, _ACCESS_CONTROL)).items():
        for name, value in entries(by_name).items():
            yield Policy(service, name, value)


def misspelt_access_control(recipe: RecipeFile) -> Value | None:
    """What stands under a misspelling of `accessControl`; None when none does, or the right one does too."""
    written = entries(recipe.default_configuration)
    if _ACCESS_CONTROL in written:
        return None
    likely = (key for key in written if re.sub(r"[\W_]", "", key).lower() == _ACCESS_CONTROL.lower())
    close = (key for key in written if get_close_matches(key.lower(), [_ACCESS_CONTROL.lower()], cutoff=0.9))
    return next((written[key] for key in (*likely, *close)), None)


def _keys(recipe: RecipeFile) -> Iterator[Remark]:
    if (found := misspelt_access_control(recipe)) is not None:
        key = found.place.path.rpartition(".")[2]
        on = "on Lite" if key.lower() == _ACCESS_CONTROL.lower() else "on both nuclei"
        yield Remark(
            recipe.spot(found),
            f"{key!r} is not {_ACCESS_CONTROL!r}: {on} there are no policies then, and each call is denied. "
            f"Write {_ACCESS_CONTROL!r}.",
        )
    for policy in policies(recipe):
        for key, value in entries(policy.value).items():
            if known := _KEYS_IN_ANY_CASE.get(key.lower()) if key not in _KEYS else None:
                yield Remark(
                    recipe.spot(value),
                    f"{key!r} is {known!r} to the classic nucleus alone: Lite compares keys with their case, "
                    f"and does not see it. Write {known!r}.",
                )


def _unknown_service(recipe: RecipeFile) -> Iterator[Remark]:
    for service, value in entries(child(recipe.default_configuration, _ACCESS_CONTROL)).items():
        if service not in OPERATIONS:
            hint = (
                "Stream Manager needs no grant, only the dependency"
                if service == "aws.greengrass.StreamManager"
                else nearest(service, OPERATIONS)
            )
            yield Remark(
                recipe.spot(value),
                f"{service!r} registers no operations with the nucleus, which logs an error and drops its "
                f"policies; {hint}",
            )


def _malformed(recipe: RecipeFile) -> Iterator[Remark]:
    dropped = "the nucleus cannot read accessControl then, and drops all policies of the component"
    for policy in policies(recipe):
        for key, value in entries(policy.value).items():
            if key.lower() not in _KEYS_IN_ANY_CASE:
                yield Remark(
                    recipe.spot(value), f"{key!r} is no key of a policy: {dropped}; {nearest(key, _KEYS)}"
                )
            elif _KEYS_IN_ANY_CASE[key.lower()] in _LISTS and value.items is None:
                yield Remark(recipe.spot(value), f"{key} is no list: {dropped}. Begin each item with '- '.")


def _grants_nothing(recipe: RecipeFile) -> Iterator[Remark]:
    for policy in policies(recipe):
        for key in _LISTS:
            found = child(policy.value, key)
            if found is None or found.items == []:
                yield Remark(
                    recipe.spot(found or policy.value),
                    f"{policy.name!r} has no {key}: it grants nothing, and each call is denied. Name some.",
                )


def _without_description(recipe: RecipeFile) -> Iterator[Remark]:
    for policy in policies(recipe):
        if child(policy.value, "policyDescription") is None:
            yield Remark(
                recipe.spot(policy.value),
                f"{policy.name!r} does not say what it is for. Add a policyDescription for whoever reviews "
                "it.",
            )


def _large(recipe: RecipeFile) -> Iterator[Remark]:
    for service, value in entries(child(recipe.default_configuration, _ACCESS_CONTROL)).items():
        size = len(json.dumps(value.plain()).encode())
        if size > _MAX_SERVICE_BYTES_LITE:
            yield Remark(
                recipe.spot(value),
                f"the policies of {service} have about {size} bytes: Lite reads at most "
                f"{_MAX_SERVICE_BYTES_LITE}. Use wildcards, or fewer policies.",
            )


def _shared_names(recipes: Sequence[RecipeFile]) -> Iterator[Remark]:
    users = defaultdict(list)
    for recipe in recipes:
        for policy in policies(recipe):
            users[policy.service, policy.name].append((recipe, policy))
    for (service, name), used in users.items():
        for recipe, policy in used[1:]:
            if recipe.name == used[0][0].name:
                continue  # the same component once more, e.g. built and staged
            yield Remark(
                recipe.spot(policy.value),
                f"{used[0][0].name} has a policy {name!r} too: ids must be unique on a core, or the nucleus "
                f"drops every policy of {service}. Begin it with the component's name.",
            )


RULES = (
    Rule("access-control-key", Severity.ERROR, "accessControl or a key in it in another case", _keys),
    Rule("service", Severity.ERROR, "a service in accessControl that does not exist", _unknown_service),
    Rule("policy-form", Severity.ERROR, "a policy that makes the nucleus drop all of them", _malformed),
    Rule("policy-empty", Severity.ERROR, "a policy without operations or resources", _grants_nothing),
    Rule("policy-description", Severity.WARNING, "a policy without policyDescription", _without_description),
    Rule("policy-size", Severity.ERROR, "policies of a service that are too long for Lite", _large),
)
RULES_ACROSS = (Rule("policy-id", Severity.ERROR, "a policy id that two components use", _shared_names),)
