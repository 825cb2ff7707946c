"""What `edge deploy` says of a deployment: what failed devices run, and whether anything is sent again."""

from typing import Any

import pytest

from support.aws.bench import Bench
from support.aws.builds import PUBLISHER
from support.aws.group import DEVICES, GROUP, components, given, latest
from support.terminal import asked

FAILED = {"coreDeviceExecutionStatus": "FAILED"}


@pytest.fixture
def at(group_bench: Bench) -> Bench:
    """A bench with a group of five devices, and one component built and published."""
    return group_bench


def _failed(reason: str) -> dict[str, Any]:
    return FAILED | {"reason": reason}


def test_rollback_is_told_only_of_devices_that_say_so_themselves(at: Bench) -> None:
    at.cloud.fleet.endings = {
        "core-1": _failed("FAILED_ROLLBACK_COMPLETE: It broke"),
        "core-2": _failed("FAILED_UNABLE_TO_ROLLBACK: The rollback failed too"),
        "core-3": _failed("FAILED_NO_STATE_CHANGE: No room"),
        "core-4": FAILED,
        "core-5": _failed("FAILED_ROLLBACK_NOT_REQUESTED: It broke"),
    }
    said = at.deploy(*GROUP, "--yes", expect=3)
    assert said.out.splitlines()[-6:] == [
        "Failed on core-1: rolled back to what ran before.",
        "Failed on core-2: the rollback failed too, so what runs there is not known.",
        "Failed on core-3: nothing was changed there.",
        "Failed on core-4: whether it was rolled back is not known.",
        "Failed on core-5: not rolled back, because the deployment does not ask for it.",
        "When the cause is repaired, run the same command with --again",
    ]


def test_nothing_is_said_to_be_sent_again_when_nothing_is_sent(at: Bench) -> None:
    at.cloud.fleet.endings["core-3"] = FAILED
    at.deploy(*GROUP, "--yes", expect=3)
    said = at.deploy(*GROUP, expect=3)
    assert "Nothing to change." in said.out
    assert "failed on core-3. To have devices try again: --again" in said.out
    assert "sent again" not in said.out
    assert "Deploys" not in said.out
    assert len(at.cloud.fleet.deployments) == 1


def test_reset_is_not_said_to_be_done_once_more_when_nothing_is_sent(at: Bench) -> None:
    at.cloud.fleet.silent.update(DEVICES)
    update = {"reset": ["/settings/a"]}
    given(at, {PUBLISHER: {"componentVersion": "1.0.0", "configurationUpdate": update}})
    assert "once more" not in at.deploy(*GROUP, "--dry-run").out
    assert "once more" in at.deploy(*GROUP, "--dry-run", "--again").out


def test_again_says_that_the_same_is_deployed_and_to_how_many(at: Bench) -> None:
    at.deploy(*GROUP, "--yes")
    with asked("deploy", *GROUP, "--build", str(at.folder), "--again") as terminal:
        said = terminal.answer(b"n\n")
    assert b"Deploys the same again, to 5 core devices." in said
    assert b"Nothing to change." not in said
    assert b"Nothing was changed." in said
    assert len(at.cloud.fleet.deployments) == 1


def test_going_back_from_a_cancelled_deployment_shows_what_changes_where_it_arrived(at: Bench) -> None:
    given(at, {PUBLISHER: {"componentVersion": "0.9.0"}})
    first = latest(at).deployment_id
    at.deploy(*GROUP, "--yes")
    latest(at).is_canceled = True
    said = at.deploy(*GROUP, "--base", first, "--dry-run").out
    assert "Deploys what was there before the cancelled deployment, to 5 core devices." in said
    assert "Unchanged" not in said
    before, _, after = said.partition("On devices that took the cancelled deployment:")
    assert PUBLISHER not in before
    assert f"changed  {PUBLISHER} 1.0.0 -> 0.9.0" in after
    document = at.deploy(*GROUP, "--base", first, "--yes", "--json").document
    assert document["differences"] == []
    assert [one["after"] for one in document["differences_from_cancelled"]] == ["0.9.0"]
    assert components(at) == {PUBLISHER: {"componentVersion": "0.9.0"}}


def test_dry_run_says_that_no_core_has_connected(at: Bench) -> None:
    at.cloud.fleet.add_thing("lamp", is_core=False)
    said = at.deploy("--thing", "lamp", "--dry-run")
    assert "note: No Greengrass core has connected as thing lamp yet." in said.out
