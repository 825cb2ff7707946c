"""What a nucleus makes of a setting on its way, and back again: numbers as text, variables left as they were.

Pure. Nothing here knows a model: values are what JSON has, at any depth, and sections that are defaults.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

# The variables that a nucleus fills into a recipe (KernelConfigResolver of the classic one). Of these only
# {iot:thingName} is expanded here, because Lite leaves it as it is inside of a configuration.
_NUCLEUS_VARIABLE = re.compile(r"\{(?:[\w.-]+:)?(?:configuration|artifacts|work|kernel|iot):[^{}:]*\}")
_THING_NAME_VARIABLE = "{iot:thingName}"
_WHOLE_NUMBER = TypeAdapter(int)


def holds_bool(value: Any) -> bool:
    """Whether a truth value stands in `value`, at any depth."""
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return isinstance(value, bool) or any(map(holds_bool, inner))


def takes_bool(annotation: Any) -> bool:
    """Whether a truth value may stand somewhere in such a setting; a section judges its own settings."""
    is_section = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return is_section or annotation in {bool, Any} or any(map(takes_bool, get_args(annotation)))


def numbered(value: Any, annotation: Any) -> Any:
    """`value` with whole numbers in place of their text wherever a `Literal` lists numbers.

    Elsewhere pydantic does so itself, and 1.0 is 1 to it everywhere. What is no number of the `Literal` stays
    as it is, to be refused.
    """
    if isinstance(value, list | tuple):
        return [numbered(item, annotation) for item in value]
    if isinstance(value, Mapping):
        return {key: numbered(item, annotation) for key, item in value.items()}
    if get_origin(annotation) is Literal:
        return _choice(value, get_args(annotation))
    for inner in get_args(annotation):
        value = numbered(value, inner)
    return value


def expanded(value: Any, thing_name: str | None) -> Any:
    """`value` with the thing name in every text of it.

    Raises:
        ValueError: There is no thing name to put in, or a text has another variable of the nucleus.
    """
    if isinstance(value, str):
        return _expanded_text(value, thing_name)
    if isinstance(value, list | tuple):
        return [expanded(item, thing_name) for item in value]
    if isinstance(value, Mapping):
        return {key: expanded(item, thing_name) for key, item in value.items()}
    return value


def _choice(value: Any, choices: tuple[Any, ...]) -> Any:
    if not isinstance(value, str):
        return value
    try:
        number = _WHOLE_NUMBER.validate_python(value)
    except ValidationError:
        return value
    return number if number in choices else value


def _expanded_text(text: str, thing_name: str | None) -> str:
    if _THING_NAME_VARIABLE in text:
        if thing_name is None:
            raise ValueError("it needs the thing name, and AWS_IOT_THING_NAME is not set")
        text = text.replace(_THING_NAME_VARIABLE, thing_name)
    if variable := _NUCLEUS_VARIABLE.search(text):
        raise ValueError(f"{variable[0]} is not filled in here: only {_THING_NAME_VARIABLE} is")
    return text
