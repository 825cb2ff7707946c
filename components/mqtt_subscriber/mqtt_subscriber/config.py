"""The subscriber's settings; the recipe's DefaultConfiguration says the same."""

from enum import StrEnum
from typing import Annotated, Literal

from edge_common.config import REQUIRED, ComponentConfig, checked, checked_beside, setting
from edge_common.topics import IOT_CORE, MQTT, check_filter


class Source(StrEnum):
    """Where messages come from."""

    IOT_CORE = "iot_core"
    LOCAL = "local"  # the core's own publish/subscribe between components


class RecordFormat(StrEnum):
    """How received messages are recorded."""

    NONE = "none"
    CSV = "csv"
    JSONL = "jsonl"


def _check_filter(topic_filter: str, source: Source | None) -> str:
    """By the limits of where it goes: a core's own publish/subscribe counts no levels."""
    return check_filter(topic_filter, IOT_CORE if source is Source.IOT_CORE else MQTT)


class SubscriptionConfig(ComponentConfig):
    """One subscription."""

    source: Source = setting(Source.IOT_CORE, description="Where the messages come from.")
    filter: Annotated[str, checked_beside("source", _check_filter)] = setting(
        REQUIRED, description="Topic filter; `+` is one level, a last `#` all levels below."
    )
    qos: Literal[0, 1] = setting(1, description="Maximum QoS; for IoT Core only.")


class ConditionConfig(ComponentConfig):
    """One condition of the filter."""

    field: str = setting(
        REQUIRED, min_length=1, description="Field of the message: `temperature`, `data.battery`."
    )
    operator: Literal[">", ">=", "<", "<=", "==", "!="] = setting(REQUIRED, description="How to compare it.")
    value: float = setting(REQUIRED, description="Value to compare with, in the field's unit.")


def _below(path: str) -> str:
    if path.startswith("/") or ".." in path.split("/"):
        raise ValueError("it leads out of the component's work folder")
    return path


class RecordConfig(ComponentConfig):
    """What is written to disk beside the log."""

    format: RecordFormat = setting(RecordFormat.NONE, description="Format of the record.")
    path: Annotated[str, checked(_below)] = setting(
        "received", min_length=1, description="File name without suffix, below the work folder."
    )
    max_bytes: int = setting(
        10_000_000, unit="bytes", ge=10_000, description="The file is rotated at this size."
    )
    keep: int = setting(5, ge=0, le=100, description="Number of rotated files to keep.")


class MqttSubscriberConfig(ComponentConfig):
    """Everything the subscriber can be told."""

    subscriptions: list[SubscriptionConfig] = setting(
        [SubscriptionConfig(filter="{iot:thingName}/+/+")],
        min_length=1,
        max_length=50,
        description="What to subscribe to.",
    )
    warn_above: dict[str, float] = setting(
        {"temperature": 28.0},
        description="Field -> limit in the field's unit; a value above it is a warning.",
    )
    show_when: list[ConditionConfig] = setting(
        [], description="A message is shown and recorded when all of these conditions hold; empty: always."
    )
    statistics_window: int = setting(5, ge=1, le=1_000, description="Values in the rolling statistics.")
    statistics_every: int = setting(
        10, ge=0, description="Messages of a topic between two lines of statistics; 0: none."
    )
    record: RecordConfig = setting(RecordConfig(), description="The record on disk.")
    resubscribe_after_silence_s: float = setting(
        300.0,
        unit="s",
        ge=10,
        description=(
            "A subscription is renewed after this time without a message: on Lite one can die silently."
        ),
    )
    give_up_after_s: float = setting(
        60.0,
        unit="s",
        ge=5,
        le=3_600,
        description="The component ends with an error after this time without a core.",
    )
