"""Rules of accessControl held against what the component does: its calls and its topics."""

from collections.abc import Iterator
from difflib import get_close_matches

from edge_cli.lint.code import Grant
from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.policies import misspelt_access_control, policies
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import child, entries, items, text, walk
from local_core.ipc.messages import NAMESPACE
from local_core.ipc.policies import ANY_OPERATION, MQTTPROXY, OPERATIONS, PUBSUB
from local_core.ipc.resource_patterns import ResourceError, check_resource, matcher
from local_core.model.recipe_document import Value

THING_NAME = "{iot:thingName}"
_SOME_THING = "thing"
_LIKENESS = 0.85
# What `source` says beside a topic: nothing is IoT Core; any other word means a broker, which grants nothing.
_SERVICES = {"": MQTTPROXY, "iot_core": MQTTPROXY, "local": PUBSUB}
_TOPIC_ENDINGS = ("topic", "topics", "filter", "filters")


def _granted(recipe: RecipeFile) -> dict[Grant, Value]:
    granted: dict[Grant, Value] = {}
    for policy in policies(recipe):
        for value in policy.operations:
            name = text(value).removeprefix(NAMESPACE)
            names = OPERATIONS.get(policy.service, ()) if name == ANY_OPERATION else (name,)
            for each in names:
                if each in OPERATIONS.get(policy.service, ()):
                    granted.setdefault(Grant(policy.service, each), value)
    return granted


def _missing(recipe: RecipeFile) -> Iterator[Remark]:
    if misspelt_access_control(recipe):
        return  # the cause, and told as such
    granted = _granted(recipe)
    for grant, where in (recipe.code.grants if recipe.code else {}).items():
        if grant not in granted and not _is_misspelt(recipe, grant):
            yield Remark(
                recipe.key_spot(
                    "ComponentConfiguration", "DefaultConfiguration", "accessControl", grant.service
                ),
                f"{where} calls {grant.operation}, which is not granted: the core denies it. "
                f"Add a policy for {grant.service} with '{NAMESPACE}{grant.operation}'.",
            )


def _is_misspelt(recipe: RecipeFile, grant: Grant) -> bool:
    """Whether something in accessControl that grants nothing is meant to grant it."""
    for policy in policies(recipe):
        if policy.service == grant.service:
            names = [text(operation).removeprefix(NAMESPACE) for operation in policy.operations]
            is_no_list = text(child(policy.value, "operations")).endswith(grant.operation)
            if is_no_list or get_close_matches(grant.operation, names, cutoff=_LIKENESS):
                return True
        elif policy.service not in OPERATIONS and get_close_matches(
            grant.service, [policy.service], cutoff=_LIKENESS
        ):
            return True
    return False


def _unused(recipe: RecipeFile) -> Iterator[Remark]:
    if recipe.code is None:
        return
    used = recipe.code.possible_grants.union(recipe.code.grants)
    for grant, value in _granted(recipe).items():
        if grant not in used and text(value) != ANY_OPERATION:
            yield Remark(
                recipe.spot(value),
                f"nothing in the component's code calls {grant.operation}: whoever gets into the component "
                "could. Remove it.",
            )


def _topics(settings: Value | None) -> Iterator[tuple[str, Value, str]]:
    """The topics of the core in settings: service, value, and the topic on some thing."""
    for _, section in walk(settings):
        service = _SERVICES.get(text(child(section, "source")))
        for key, entry in entries(section).items() if service else ():
            for value in (entry, *items(entry)):
                if key.endswith(_TOPIC_ENDINGS) and text(value):
                    yield service or "", value, text(value).replace(THING_NAME, _SOME_THING)


def _not_covered(recipe: RecipeFile) -> Iterator[Remark]:
    for service, value, topic in _topics(recipe.settings):
        written = [policy for policy in policies(recipe) if policy.service == service]
        resources = [text(each) for policy in written for each in policy.resources]
        allowed = matcher([each for each in resources if _is_valid(each)], mqtt=service == MQTTPROXY)
        by_variable = any(THING_NAME in each for each in resources)  # a finding of its own
        if written and not by_variable and "*" not in topic and not allowed.fullmatch(topic):
            yield Remark(
                recipe.spot(value),
                f"no resource of {service} in accessControl ({', '.join(resources)}) allows {text(value)!r}: "
                "the core denies it on every device. Make the two agree.",
            )


def _is_valid(resource: str) -> bool:
    try:
        check_resource(resource)
    except ResourceError:
        return False
    return True


def _star_in_filter(recipe: RecipeFile) -> Iterator[Remark]:
    for service, value, topic in _topics(recipe.settings):
        if "*" in topic:
            yield Remark(
                recipe.spot(value),
                f"{text(value)!r} is a topic of {service}, where * is a character: nothing is ever published "
                "there. Write + for one level, # for all below.",
            )


RULES = (
    Rule("grant-missing", Severity.ERROR, "a call in the code that is not granted", _missing),
    Rule("grant-unused", Severity.ERROR, "a grant that the code does not use", _unused),
    Rule("topic-denied", Severity.ERROR, "a topic in the settings that no resource allows", _not_covered),
    Rule("literal-star", Severity.ERROR, "* in a topic or filter of the settings", _star_in_filter),
)
