"""`edge run --set`: changes to a recipe's settings."""

from pathlib import Path

import pytest

from edge_cli.core.run_component import advice, changed, prepare
from edge_cli.errors import CommandError
from edge_cli.project import find_component

SETTINGS = {"qos": "1", "sensor": {"source": "simulated", "seed": "1"}}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("qos=0", {"qos": 0, "sensor": {"source": "simulated", "seed": "1"}}),
        ("sensor.source=host", {"qos": "1", "sensor": {"source": "host", "seed": "1"}}),
        ("new.deep.key=a=b", {**SETTINGS, "new": {"deep": {"key": "a=b"}}}),
        ('sensor={"source": "host"}', {"qos": "1", "sensor": {"source": "host"}}),
        ("qos=", {"qos": "", "sensor": {"source": "simulated", "seed": "1"}}),
    ],
)
def test_change_replaces_one_setting(change: str, expected: dict[str, object]) -> None:
    assert changed(SETTINGS, [change]) == expected


def test_settings_that_were_read_are_left_alone() -> None:
    changed(SETTINGS, ["sensor.source=host"])
    assert SETTINGS["sensor"] == {"source": "simulated", "seed": "1"}


@pytest.mark.parametrize("change", ["qos", "=1", "a..b=1", ".a=1", "qos.inner=1"])
def test_change_of_another_form_is_refused(change: str) -> None:
    with pytest.raises(CommandError, match="--set"):
        changed(SETTINGS, [change])


def test_component_that_opens_nothing_is_said_to_talk_to_no_core(tmp_path: Path) -> None:
    prepared = prepare(find_component("mqtt_publisher"), tmp_path, ["--check"], [])
    assert prepared.core == "The component talks to no core."


def test_component_that_refuses_its_settings_gets_the_words_that_change_them(tmp_path: Path) -> None:
    uploader = prepare(find_component("s3_batch_uploader"), tmp_path, ["--check"], [])
    publisher = prepare(find_component("mqtt_publisher"), tmp_path, ["--check"], [])
    assert "--set bucket=edge-local" in advice(uploader, 2)
    assert "--set sensor.source=host" in advice(publisher, 2)
    assert (advice(uploader, 0), advice(uploader, 1)) == ("", "")
