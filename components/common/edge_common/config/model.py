"""What components write their settings with.

Owns the rules that hold for every setting: frozen, nothing unknown, text where a nucleus delivers text. Pure.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticKnownError

from edge_common.config.delivered import expanded, holds_bool, numbered, takes_bool
from edge_common.errors import EdgeError

T = TypeVar("T")

REQUIRED: Any = ...  # in place of a default: the setting must be given
THING_NAME = "thing_name"  # key of the validation context; its value is None where the variable is not set


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
        revalidate_instances="always",  # or the thing name would stay out of sections that are defaults
        allow_inf_nan=False,
        hide_input_in_errors=True,  # a setting may be secret, whoever prints the error
    )

    @field_validator("*", mode="before")
    @classmethod
    def _as_delivered(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse a truth value where a number belongs; put numbers and the thing name in their place."""
        if value is REQUIRED:  # as `requires` left it
            raise PydanticKnownError("missing")
        annotation = cls.model_fields[str(info.field_name)].annotation
        if holds_bool(value) and not takes_bool(annotation):
            raise ValueError("a truth value is no number and no text")
        value = numbered(value, annotation)
        context = info.context or {}
        return expanded(value, context[THING_NAME]) if THING_NAME in context else value


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


def checked(check: Callable[[T], T]) -> AfterValidator:
    """Let a function judge a setting.

        topic: Annotated[str, checked(check_topic)] = setting("{iot:thingName}/sensors/data", description="…")

    Args:
        check: Returns the value to keep; raises EdgeError or ValueError with the reason.
    """
    return checked_beside("", lambda value, _: check(value))


def checked_beside(key: str, check: Callable[[T, Any], T]) -> AfterValidator:
    """Let a function judge a setting by what another one says.

        filter: Annotated[str, checked_beside("source", _check_filter)] = setting(REQUIRED, description="…")

    Args:
        key: The other setting; it is declared before this one.
        check: Gets both values, None for the other one when that is wrong itself; returns the value to keep;
            raises EdgeError or ValueError with the reason.
    """

    def judged(value: T, info: ValidationInfo) -> T:
        try:
            return check(value, info.data.get(key))
        except EdgeError as error:
            raise ValueError(error.reason) from error

    return AfterValidator(judged)


def requires(key: str, *, when: tuple[str, str]) -> BeforeValidator:
    """Let a section be without one of its settings for as long as the section is not in use.

        replay: Annotated[ReplayConfig, requires("path", when=("source", "replay"))] = setting(…)

    Args:
        key: The setting: a text whose default is empty.
        when: Name and value of the setting that says what is in use; it is declared before the section.
    """
    chooser, choice = when

    def marked(section: Any, info: ValidationInfo) -> Any:
        if info.data.get(chooser) != choice or not isinstance(section, Mapping | BaseModel):
            return section
        given = dict(section)
        return given | {key: REQUIRED} if given.get(key, "") == "" else given

    return BeforeValidator(marked)
