"""Versions and names that a core takes, and components that move into another namespace."""

import pytest

from edge_cli.building.names import checked_version, renaming
from edge_cli.errors import CommandError

PUMP, VALVE = "com.example.Pump", "com.example.Valve"


@pytest.mark.parametrize(
    "version", ["1.0.0-01", "1.0.0-rc.01", "1.0.0-00", "1.0.0-rc..1", "1.0.0-rc_1", "1.0.0+"]
)
def test_a_version_that_breaks_semantic_versioning_is_refused(version: str) -> None:
    with pytest.raises(CommandError, match=r"not a valid version.*no number with a leading 0"):
        checked_version(version)


@pytest.mark.parametrize(
    "version", ["1.0.0-0", "1.0.0-rc.10", "1.0.0-0a", "1.0.0-01a", "1.0.0--", "1.0.0+01", "1.0.0-1+001.x"]
)
def test_a_version_of_semantic_versioning_is_taken(version: str) -> None:
    assert checked_version(version) == version


@pytest.mark.parametrize(
    ("text", "renamed"),
    [
        (PUMP, "com.acme.Pump"),
        (f"{PUMP}:pubsub:1", "com.acme.Pump:pubsub:1"),
        (f"{PUMP}/state of {VALVE}.", "com.acme.Pump/state of com.acme.Valve."),
        (f"s3://bucket/{PUMP}/1.0.0/x.zip", "s3://bucket/com.acme.Pump/1.0.0/x.zip"),
        (f"{PUMP}Extras", f"{PUMP}Extras"),
        (f"{PUMP}-old {PUMP}_2", f"{PUMP}-old {PUMP}_2"),
        (f"{PUMP}.Extras", f"{PUMP}.Extras"),
        (f"org.{PUMP}", f"org.{PUMP}"),
        ("com.exampleXPump", "com.exampleXPump"),
    ],
)
def test_only_whole_names_of_our_components_move_into_a_namespace(text: str, renamed: str) -> None:
    assert renaming([PUMP, VALVE], "com.acme")(text) == renamed


def test_without_a_namespace_every_name_stays() -> None:
    assert renaming([PUMP], None)(f"{PUMP}:1") == f"{PUMP}:1"
