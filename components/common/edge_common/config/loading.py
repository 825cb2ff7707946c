"""From the environment to a model, or to every fault at once. Pure but for its arguments."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from edge_common import strict_json
from edge_common.config.faults import ROOT, faults_of
from edge_common.config.model import THING_NAME, ComponentConfig
from edge_common.errors import ConfigError

C = TypeVar("C", bound=ComponentConfig)

CONFIG_VARIABLE = "GG_COMPONENT_CONFIG"
THING_VARIABLE = "AWS_IOT_THING_NAME"

_NOT_FILLED_IN = re.compile(r"\{(?:[\w.-]+:)?configuration:[^{}]*\}")
# AWS IoT API reference, CreateThing, thingName. It also keeps / + # out of the topics that it leads.
_THING_NAME = re.compile(r"[a-zA-Z0-9:_-]{1,128}")


def load_config(model: type[C], environment: Mapping[str, str]) -> C:
    """The settings of one component, checked.

    Args:
        model: The component's settings.
        environment: `GG_COMPONENT_CONFIG` holds them as a JSON object (absent: every default);
            `AWS_IOT_THING_NAME` is what `{iot:thingName}` inside of them becomes.

    Raises:
        ConfigError: With every fault there is; each line names key, value, what is allowed and what to do.
    """
    values, faults = _delivered(environment.get(CONFIG_VARIABLE))
    if values is not None:
        try:
            config = model.model_validate(
                values, context={THING_NAME: environment.get(THING_VARIABLE) or None}
            )
        except ValidationError as error:
            faults += faults_of(error, model)
        else:
            if not faults:
                return config
    raise ConfigError(faults)


def load_thing_name(environment: Mapping[str, str]) -> str:
    """The name of the core's thing, from `AWS_IOT_THING_NAME`.

    Raises:
        ConfigError: It is not set, or no name that AWS IoT would take.
    """
    name = environment.get(THING_VARIABLE, "")
    if not name:
        where = "The nucleus sets it; outside of one set it yourself"
        raise ConfigError([f"{THING_VARIABLE}: not set. {where}, such as {THING_VARIABLE}=my-laptop."])
    if not _THING_NAME.fullmatch(name):
        allowed = "1 to 128 letters, digits, colons, underscores and hyphens"
        raise ConfigError(
            [f"{THING_VARIABLE}: {name[:128]!r} is no thing name. Allowed: {allowed}. Correct it."]
        )
    return name


def _delivered(text: str | None) -> tuple[dict[str, Any] | None, list[str]]:
    """The settings as the nucleus handed them over, and what is wrong with their text; None: unreadable."""
    if text is None:
        return {}, []
    if _NOT_FILLED_IN.fullmatch(text):
        why = f"the nucleus found nothing there and left {text} as it was"
        remedy = (
            f"Give the recipe a DefaultConfiguration with {ROOT.removeprefix('/')}, or RESET the deployment's"
        )
        return None, [f"{CONFIG_VARIABLE}: {why}. {remedy}."]
    values, problems = strict_json.parse(text)
    faults = [f"{CONFIG_VARIABLE}: {problem.reason}. Correct the JSON." for problem in problems]
    if not isinstance(values, dict) and not faults:
        faults = [f"{CONFIG_VARIABLE}: it is JSON but no object. Make {ROOT} an object of settings: {{…}}."]
    return (values if isinstance(values, dict) else None), faults
