"""Rules of the resources in accessControl: where a wildcard is one, and where it is only a character.

By the classic nucleus's WildcardTrie: for mqttproxy `#` and `+` are MQTT's and `*` crosses levels; for every
other service only `*` is a wildcard. Source: AuthorizationModule.validateResource.
"""

import re
from collections.abc import Iterator

from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.policies import Policy, policies
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import text
from local_core.ipc.policies import MQTTPROXY, OPERATIONS
from local_core.ipc.resource_patterns import ResourceError, check_resource
from local_core.model.recipe_document import Value

_EVERYTHING = {"*"}
_EVERYTHING_IN_MQTT = {"*", "#", "+/#", "*/#"}
_ESCAPED = re.compile(r"\$\{.\}")
_LITERAL_IN_MQTT = re.compile(r"[^/]#|#.|[^/]\+|\+[^/]")
_VARIABLE = re.compile(r"(?<!\$)\{[^{}]*:[^{}]*\}")


def _resources(recipe: RecipeFile) -> Iterator[tuple[Policy, Value, str]]:
    known = (policy for policy in policies(recipe) if policy.service in OPERATIONS)
    for policy in known:
        for resource in policy.resources:
            yield policy, resource, text(resource)


def _everything(recipe: RecipeFile) -> Iterator[Remark]:
    for policy, value, resource in _resources(recipe):
        if resource in (_EVERYTHING_IN_MQTT if policy.service == MQTTPROXY else _EVERYTHING):
            yield Remark(
                recipe.spot(value),
                f"{resource!r} grants every resource of {policy.service}: any topic of any component and "
                "device. Name what the code uses.",
            )


def _invalid(recipe: RecipeFile) -> Iterator[Remark]:
    for policy, value, resource in _resources(recipe):
        try:
            check_resource(resource)
        except ResourceError as error:
            yield Remark(
                recipe.spot(value),
                f"{error}. The nucleus drops {resource!r} from {policy.name!r}: each call on it is denied.",
            )


def _literal_wildcards(recipe: RecipeFile) -> Iterator[Remark]:
    for policy, value, resource in _resources(recipe):
        plain = _ESCAPED.sub("", resource)
        if policy.service != MQTTPROXY and re.search(r"(?:^|/)[#+](?:/|$)", plain):
            yield Remark(
                recipe.spot(value),
                f"in {resource!r} for {policy.service} # and + are characters, no wildcards: the topics "
                "below are denied. Write *, which crosses levels there.",
            )
        elif policy.service == MQTTPROXY and _LITERAL_IN_MQTT.search(plain) and resource != "#":
            yield Remark(
                recipe.spot(value),
                f"{resource!r}: + is a wildcard only as a whole level, and # only as the last one; here they "
                "are characters. Write e.g. a/+/b or a/#.",
            )


def _star_in_mqtt(recipe: RecipeFile) -> Iterator[Remark]:
    for policy, value, resource in _resources(recipe):
        is_wide = "*" in _ESCAPED.sub("", resource) and resource not in _EVERYTHING_IN_MQTT
        if policy.service == MQTTPROXY and is_wide:
            yield Remark(
                recipe.spot(value),
                f"{resource!r}: * is no wildcard of MQTT. In this policy it crosses levels, but not the bare "
                "topic before it, and in a subscription it is a character: no message ever comes. "
                "Write + for one level, # for all below.",
            )


def _variables(recipe: RecipeFile) -> Iterator[Remark]:
    for policy, value, resource in _resources(recipe):
        if found := _VARIABLE.search(resource):
            yield Remark(
                recipe.spot(value),
                f"{found[0]} stays literal in a resource of {policy.name!r}, and calls are denied, unless "
                "the nucleus has interpolateComponentConfiguration on, which by default it "
                "has not. "
                "Write + for the thing name, * for services other than mqttproxy.",
            )


RULES = (
    Rule("resource-any", Severity.ERROR, 'resources: ["*"], "#"', _everything),
    Rule("resource-invalid", Severity.ERROR, "a resource that the nucleus drops: ?, ${…}", _invalid),
    Rule("literal-wildcard", Severity.ERROR, "# or + where they are characters", _literal_wildcards),
    Rule("mqtt-star", Severity.WARNING, "* in a resource of mqttproxy", _star_in_mqtt),
    Rule("resource-variable", Severity.ERROR, "{iot:thingName} in a resource", _variables),
)
