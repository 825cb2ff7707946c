import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from edge_common.config import (
    REQUIRED,
    ComponentConfig,
    SettingRow,
    checked,
    load_config,
    load_thing_name,
    setting,
    settings_table,
)
from edge_common.errors import ConfigError
from edge_common.topics import check_filter, check_topic

THING = "orangepi5-core-001"


class Source(StrEnum):
    """Choices as an enumeration."""

    SIMULATED = "simulated"
    HOST = "host"


class Broker(ComponentConfig):
    """A section."""

    host: str = setting(REQUIRED, min_length=1, max_length=20, description="Where it listens.")
    port: int = setting(1883, ge=1, le=65_535, description="Its TCP port.")
    tls: bool = setting(False, description="Whether it is encrypted.")
    password: str = setting("", max_length=16, secret=True, description="Name of the secret.")


class Status(ComponentConfig):
    """A section whose default is a section."""

    topic: str = setting("{iot:thingName}/status", description="Where it goes.")


class Settings(ComponentConfig):
    """One of each kind of setting."""

    interval_s: float = setting(5.0, gt=0, le=3600, unit="s", description="Time between two readings.")
    heartbeat_every: int = setting(10, ge=0, description="Readings between two heartbeats.")
    host_readings: bool = setting(False, description="Whether to add the machine's own.")
    topic: Annotated[str, checked(check_topic)] = setting(
        "{iot:thingName}/sensors/data", description="Where to."
    )
    filters: tuple[Annotated[str, checked(check_filter)], ...] = setting(
        ("{iot:thingName}/+/+",), min_length=1, max_length=4, description="What to take."
    )
    warn_above: Mapping[str, float] = setting({}, unit="°C", description="Limits.")
    source: Source = setting(Source.SIMULATED, description="What to read.")
    qos: Literal[0, 1] = setting(1, description="Quality of service.")
    qos_of: dict[str, tuple[Literal[0, 1, 2] | None, ...]] = setting({}, description="The same, by topic.")
    record: Literal["csv", "json_lines"] = setting("csv", description="How to record.")
    seed: int | None = setting(None, ge=0, description="Of the simulation; null draws one.")
    max_bytes: Annotated[
        int, Field(ge=1024, description="Of a file.", json_schema_extra={"unit": "bytes"})
    ] = 4096
    broker: Broker | None = setting(None, description="Where messages come from.")
    mirrors: tuple[Broker, ...] = setting((), description="Where they go too.")
    status: Status = setting(Status(), description="Signs of life.")
    copies: list[Status] = setting([Status(topic="{iot:thingName}/copy")], description="More of them.")


def load(settings: Any, thing: str | None = THING) -> Settings:
    """Load `settings` (JSON text, or what becomes it) as a component does."""
    text = settings if isinstance(settings, str) else json.dumps(settings)
    environment = {"GG_COMPONENT_CONFIG": text, **({"AWS_IOT_THING_NAME": thing} if thing else {})}
    return load_config(Settings, environment)


def faults_of(settings: Any, thing: str | None = THING) -> tuple[str, ...]:
    """What is wrong with `settings`."""
    with pytest.raises(ConfigError) as refusal:
        load(settings, thing)
    return refusal.value.faults


# Setting -> wrong values, each with the key that the fault must name below /settings/ and a part of its text.
BAD: dict[str, list[tuple[Any, str, str]]] = {
    "interval_s": [
        (0, "interval_s", "0 is not allowed. Allowed: number > 0 and <= 3600 s."),
        (-1.5, "interval_s", "-1.5"),
        (3600.5, "interval_s", "3600.5"),
        ("0", "interval_s", '"0"'),
        ("5 s", "interval_s", '"5 s"'),
        ("0,5", "interval_s", '"0,5"'),
        ("nan", "interval_s", '"nan"'),
        ("inf", "interval_s", '"inf"'),
        (True, "interval_s", "a truth value is no number"),
        (None, "interval_s", "null"),
        ([5], "interval_s", "a list of length 1"),
        ({"s": 5}, "interval_s", "an object"),
        ("", "interval_s", '""'),
    ],
    "heartbeat_every": [
        (-1, "heartbeat_every", "whole number >= 0"),
        (2.5, "heartbeat_every", "2.5"),
        ("2.5", "heartbeat_every", '"2.5"'),
        (False, "heartbeat_every", "a truth value is no number"),
        ("ten", "heartbeat_every", "leave it out for 10"),
    ],
    "host_readings": [
        ("perhaps", "host_readings", "true or false"),
        (2, "host_readings", "2"),
        (None, "host_readings", "null"),
    ],
    "topic": [
        ("a/+/b", "topic", "no wildcards"),
        ("", "topic", "empty"),
        (5, "topic", "Allowed: text"),
        (True, "topic", "a truth value is no number and no text"),
        ("{iot:thingName}/" + "x" * 300, "topic", "256 are allowed"),
        ("{configuration:/topic}/x", "topic", "{configuration:/topic} is not filled in here"),
        ("{aws.greengrass.Cli:configuration:/a}", "topic", "is not filled in here"),
        ("{work:path}/x", "topic", "is not filled in here"),
    ],
    "filters": [
        ([], "filters", ">= 1 items and <= 4 items"),
        (["a/b"] * 5, "filters", "a list of length 5"),
        ("a/b", "filters", "list of texts"),
        (["a/b", "#"], "filters/1", "everything"),
        (["a/b", 5], "filters/1", "5"),
        ([True], "filters", "truth value"),
    ],
    "warn_above": [
        ({"temperature": "hot"}, "warn_above/temperature", "number °C"),
        ({"temperature": None}, "warn_above/temperature", "null"),
        ({"temperature": True}, "warn_above", "truth value"),
        ({"temperature": "inf"}, "warn_above/temperature", '"inf"'),
        ({"temperature": "NaN"}, "warn_above/temperature", '"NaN"'),
        (28, "warn_above", "object of numbers"),
    ],
    "source": [
        ("hosts", "source", 'Allowed: "simulated", "host".'),
        (1, "source", "1"),
        ("HOST", "source", '"HOST"'),
    ],
    "qos": [
        ("2", "qos", '"2" is not allowed. Allowed: 0, 1. Correct it, or leave it out for 1.'),
        (2, "qos", "2 is not allowed. Allowed: 0, 1."),
        ("0.5", "qos", '"0.5" is not allowed. Allowed: 0, 1.'),
        (0.5, "qos", "0.5"),
        ("one", "qos", '"one"'),
        ("", "qos", '""'),
        (True, "qos", "a truth value is no number"),
        (None, "qos", "null"),
        ([1], "qos", "a list of length 1"),
    ],
    "qos_of": [({"a": ["1", "3"]}, "qos_of/a/1", '"3" is not allowed. Allowed: 0, 1, 2, or null.')],
    "record": [("xml", "record", '"csv", "json_lines"')],
    "seed": [(-1, "seed", "whole number >= 0, or null"), ("x", "seed", '"x"')],
    "max_bytes": [(1000, "max_bytes", ">= 1024 bytes"), (10**30, "max_bytes", "64 bits")],
    "broker": [
        ({}, "broker/host", "missing"),
        ({"host": "h", "port": 0}, "broker/port", ">= 1 and <= 65535"),
        ({"host": "h", "port": "mqtt"}, "broker/port", '"mqtt"'),
        ({"host": "h", "tls": True, "port": True}, "broker/port", "truth value"),
        ({"host": "h", "hots": "h"}, "broker/hots", 'Did you mean "host"?'),
        ({"host": "h" * 21}, "broker/host", "<= 20 characters"),
        ("localhost", "broker", "object, or null"),
    ],
    "mirrors": [
        ([{"host": "a"}, {"host": "b", "port": -1}], "mirrors/1/port", "-1"),
        ({"host": "a"}, "mirrors", "list of objects"),
    ],
    "intervall_s": [(5, "intervall_s", 'Did you mean "interval_s"? Correct the name or remove it.')],
    "zzz": [(5, "zzz", "Known here: interval_s, heartbeat_every")],
}
CASES = [(key, *case) for key, cases in BAD.items() for case in cases]


@pytest.mark.parametrize(("key", "value", "path", "text"), CASES)
def test_wrong_setting_is_named_with_what_is_allowed(key: str, value: Any, path: str, text: str) -> None:
    faults = faults_of({key: value})
    assert any(fault.startswith(f"/settings/{path}: ") for fault in faults)
    assert text in " ".join(faults)
    assert all(fault.endswith(".") for fault in faults)
    assert all("\n" not in fault for fault in faults)


@given(st.fixed_dictionaries({}, optional={key: st.sampled_from(cases) for key, cases in BAD.items()}))
def test_all_faults_are_named_at_once(chosen: dict[str, tuple[Any, str, str]]) -> None:
    settings = {key: value for key, (value, _, _) in chosen.items()}
    expected = {f"/settings/{path}" for _, path, _ in chosen.values()}
    try:
        load(settings)
        named = set()
    except ConfigError as error:
        named = {fault.split(": ")[0] for fault in error.faults} - {"GG_COMPONENT_CONFIG"}
    assert named == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{configuration:/settings}", "the nucleus found nothing there"),
        ("{com.example.Probe:configuration:/settings}", "the nucleus found nothing there"),
        ("", "not JSON"),
        ("interval_s: 5", "not JSON at line 1, column 1"),
        ('{"interval_s": 5', "not JSON"),
        ("{'interval_s': 5}", "not JSON"),
        ("[]", "no object"),
        ("null", "no object"),
        ("5", "no object"),
        ('"{}"', "no object"),
        ('{"seed": 1, "seed": 2}', "'seed' stands there 2 times"),
        ('{"warn_above": {"a": 1, "a": 2}}', "'a' stands there 2 times"),
        ('{"interval_s": NaN}', "NaN is not a number in JSON"),
        ("[" * 100_000, "nested deeper"),
    ],
)
def test_text_that_is_no_object_of_settings_is_refused(text: str, reason: str) -> None:
    assert reason in faults_of(text)[0]


def test_faults_of_the_text_and_of_the_settings_are_named_together() -> None:
    faults = faults_of('{"seed": 1, "seed": 2, "interval_s": -1}')
    assert [fault.split(":")[0] for fault in faults] == ["GG_COMPONENT_CONFIG", "/settings/interval_s"]


def test_nothing_given_means_every_default() -> None:
    assert load_config(Settings, {"AWS_IOT_THING_NAME": THING}) == load({})


def test_settings_as_text_mean_the_same_as_typed_ones() -> None:
    """Lite delivers every scalar of a YAML recipe as text; the classic nucleus may make 10 into 10.0."""
    typed = load(
        {
            "interval_s": 0.5,
            "heartbeat_every": 10,
            "host_readings": True,
            "filters": ["a/b"],
            "warn_above": {"t": 28},
            "qos": 0,
            "qos_of": {"a": [1, None, 2]},
            "seed": 7,
            "broker": {"host": "h", "port": 1884},
        }
    )
    lite = load(
        {
            "interval_s": "0.5",
            "heartbeat_every": "10",
            "host_readings": "true",
            "filters": ["a/b"],
            "warn_above": {"t": "28"},
            "qos": "0",
            "qos_of": {"a": ["1", None, "2"]},
            "seed": "7",
            "broker": {"host": "h", "port": "1884"},
        }
    )
    classic = load(
        {
            "interval_s": "0.5",
            "heartbeat_every": 10.0,
            "host_readings": True,
            "filters": ["a/b"],
            "warn_above": {"t": 28.0},
            "qos": 0.0,
            "qos_of": {"a": ["1.0", None, 2.0]},
            "seed": "7.0",
            "broker": {"host": "h", "port": 1884.0},
        }
    )
    assert typed == lite == classic
    assert (typed.qos, typed.qos_of) == (0, {"a": (1, None, 2)})


def test_thing_name_is_put_into_texts_and_their_defaults() -> None:
    config = load({"filters": ["{iot:thingName}/commands/#", "other/+"]})
    assert config.topic == f"{THING}/sensors/data"
    assert config.filters == (f"{THING}/commands/#", "other/+")
    assert config.status.topic == f"{THING}/status"
    assert [copy.topic for copy in config.copies] == [f"{THING}/copy"]


def test_missing_thing_name_is_a_fault_of_each_setting_that_needs_it() -> None:
    faults = faults_of({"filters": ["a/b"]}, thing=None)
    assert [fault.split(": ")[0] for fault in faults] == [
        "/settings/topic",
        "/settings/status/topic",
        "/settings/copies/0/topic",
    ]
    assert "AWS_IOT_THING_NAME is not set" in faults[0]


@pytest.mark.parametrize("name", ["", "a/b", "a+b", "a#", "a b", "é", "a" * 129, "a\n"])
def test_thing_name_that_aws_iot_would_not_take_is_refused(name: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_thing_name({"AWS_IOT_THING_NAME": name})
    assert refusal.value.faults[0].startswith("AWS_IOT_THING_NAME: ")


def test_thing_name_comes_from_the_environment() -> None:
    assert load_thing_name({"AWS_IOT_THING_NAME": THING}) == THING


@pytest.mark.parametrize(
    "broker",
    [
        {"host": "h", "password": "correct-horse-battery"},
        {"host": "h", "password": ["correct-horse-battery"]},
        {"host": "h", "pasword": "correct-horse-battery"},
        {"password": "correct-horse-battery"},
        ["correct-horse-battery"],
    ],
)
def test_secret_is_never_shown(broker: Any) -> None:
    assert "horse" not in " ".join(faults_of({"broker": broker}))


def test_secret_is_not_shown_by_pydantic_either() -> None:
    with pytest.raises(ValidationError) as refusal:
        Broker.model_validate({"host": "h", "password": "correct-horse-battery"})
    assert "horse" not in str(refusal.value)


def test_long_value_is_cut() -> None:
    assert len(faults_of({"source": "x" * 10_000})[0]) < 300
    assert len(faults_of({"x" * 10_000: 1})[0]) < 500


def test_config_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        load({}).seed = 5


def test_table_has_a_row_for_each_setting_in_order() -> None:
    rows = {row.key: row for row in settings_table(Settings)}
    assert list(rows) == [
        "interval_s",
        "heartbeat_every",
        "host_readings",
        "topic",
        "filters",
        "warn_above",
        "source",
        "qos",
        "qos_of",
        "record",
        "seed",
        "max_bytes",
        "broker/host",
        "broker/port",
        "broker/tls",
        "broker/password",
        "mirrors",
        "mirrors[]/host",
        "mirrors[]/port",
        "mirrors[]/tls",
        "mirrors[]/password",
        "status/topic",
        "copies",
        "copies[]/topic",
    ]
    assert rows["interval_s"] == SettingRow(
        key="interval_s",
        type="number",
        default="5.0",
        unit="s",
        range="> 0 and <= 3600",
        description="Time between two readings.",
    )
    assert rows["source"].range == '"simulated", "host"'
    assert rows["source"].default == '"simulated"'
    assert rows["filters"].type == "list of texts"
    assert rows["warn_above"].unit == "°C"
    assert rows["seed"].type == "whole number or null"
    assert rows["max_bytes"].unit == "bytes"
    assert rows["broker/host"].default == ""
    assert rows["broker/password"].default == '"***"'
