"""What components write their settings with.

Owns the rules that hold for every setting: frozen, nothing unknown, text where a nucleus delivers text. Pure.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    Tag,
    ValidationInfo,
    field_validator,
)

from edge_common.errors import EdgeError

T = TypeVar("T")

REQUIRED: Any = ...  # in place of a default: the setting must be given
THING_NAME = "thing_name"  # key of the validation context; its value is None where the variable is not set

# The variables that a nucleus fills into a recipe (KernelConfigResolver of the classic one). Of these only
# {iot:thingName} is expanded here, because Lite leaves it as it is inside of a configuration.
_NUCLEUS_VARIABLE = re.compile(r"\{(?:[\w.-]+:)?(?:configuration|artifacts|work|kernel|iot):[^{}:]*\}")
_THING_NAME_VARIABLE = "{iot:thingName}"


class ComponentConfig(BaseModel):
    """Base of each component's settings, and of sections inside of them.

    Numbers and truth values may come as text ("5", "0.5", "true"), because Greengrass Lite delivers text, and
    whole numbers as 5.0, because the classic nucleus may make them so. The other way round nothing is
    guessed: a number is no text, and a truth value is no number.

        class PublisherConfig(ComponentConfig):
            interval_s: float = setting(5.0, unit="s", gt=0, le=3600, description="Time between readings.")
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        revalidate_instances="always",  # or the thing name would stay out of a section that is a default
        allow_inf_nan=False,
        hide_input_in_errors=True,  # a setting may be secret, whoever prints the error
    )

    @field_validator("*", mode="before")
    @classmethod
    def _as_delivered(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse a truth value where a number belongs; put the thing name in its place."""
        annotation = cls.model_fields[str(info.field_name)].annotation
        if _holds_bool(value) and not _takes_bool(annotation):
            raise ValueError("a truth value is no number and no text")
        context = info.context or {}
        return _expanded(value, context[THING_NAME]) if THING_NAME in context else value


def setting(  # noqa: PLR0913  one keyword for each thing a setting's table row says
    default: T,
    *,
    description: str,
    unit: str | None = None,
    gt: float | None = None,
    ge: float | None = None,
    lt: float | None = None,
    le: float | None = None,
    min_length: int | None = None,
    max_length: int | None = None,
    secret: bool = False,
) -> T:
    """One setting of a `ComponentConfig`.

    Args:
        default: Its value when nothing is given; `REQUIRED` when it must be given.
        description: What it does, for the README's table.
        unit: Of the number, or of the numbers in a list: "s", "°C", "bytes"; None for what has none.
        gt: Its value is greater than this.
        ge: Its value is at least this.
        lt: Its value is less than this.
        le: Its value is at most this.
        min_length: Characters of a text or items of a list, at least.
        max_length: Characters of a text or items of a list, at most.
        secret: Its value is never shown.
    """
    extra: dict[str, JsonValue] = {"unit": unit} if unit else {}
    if secret:
        extra["secret"] = True
    return Field(
        default,
        description=description,
        gt=gt,
        ge=ge,
        lt=lt,
        le=le,
        min_length=min_length,
        max_length=max_length,
        json_schema_extra=extra,
    )


def chosen_by(key: str) -> Discriminator:
    """Let one setting of a section say which of several kinds of section it is.

        SensorConfig = Annotated[
            Annotated[SimulatedConfig, kind("simulated")] | Annotated[HostConfig, kind("host")],
            chosen_by("source"),
        ]

    Args:
        key: The setting: in each kind a `Literal` of that kind's own word.
    """

    def word(section: Any) -> str | None:
        given = section.get(key) if isinstance(section, Mapping) else getattr(section, key, None)
        return given if isinstance(given, str) else None

    return Discriminator(word)


kind = Tag  # the word of one kind of section, for `chosen_by`


def checked(check: Callable[[T], T]) -> AfterValidator:
    """Let a function judge a setting.

        topic: Annotated[str, checked(check_topic)] = setting("{iot:thingName}/sensors/data", description="…")

    Args:
        check: Returns the value to keep; raises EdgeError or ValueError with the reason.
    """

    def judged(value: T) -> T:
        try:
            return check(value)
        except EdgeError as error:
            raise ValueError(error.reason) from error

    return AfterValidator(judged)


def _holds_bool(value: Any) -> bool:
    """Whether a truth value stands in `value`, at any depth."""
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return isinstance(value, bool) or any(map(_holds_bool, inner))


def _takes_bool(annotation: Any) -> bool:
    """Whether a truth value may stand somewhere in such a setting; a section judges its own settings."""
    is_section = isinstance(annotation, type) and issubclass(annotation, ComponentConfig)
    return is_section or annotation in {bool, Any} or any(map(_takes_bool, get_args(annotation)))


def _expanded(value: Any, thing_name: str | None) -> Any:
    """`value` with the thing name in every text of it."""
    if isinstance(value, str):
        return _expanded_text(value, thing_name)
    if isinstance(value, list | tuple):
        return [_expanded(item, thing_name) for item in value]
    if isinstance(value, Mapping):
        return {key: _expanded(item, thing_name) for key, item in value.items()}
    return value


def _expanded_text(text: str, thing_name: str | None) -> str:
    if _THING_NAME_VARIABLE in text:
        if thing_name is None:
            raise ValueError("it needs the thing name, and AWS_IOT_THING_NAME is not set")
        text = text.replace(_THING_NAME_VARIABLE, thing_name)
    if variable := _NUCLEUS_VARIABLE.search(text):
        raise ValueError(f"{variable[0]} is not filled in here: only {_THING_NAME_VARIABLE} is")
    return text
