"""`edge doctor` on a board: real files in the nucleus's own form, real sockets."""

import getpass
import grp
import json
import os
import platform
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge_cli.app import main
from edge_cli.device.this_board import ThisBoard
from edge_cli.doctor import board_verdicts
from edge_cli.doctor.board import examine
from edge_cli.doctor.board_verdicts import judge_configuration
from edge_cli.doctor.verdicts import Check, Verdict
from edge_cli.place import Kind, Place
from support.board.board import write_build


@pytest.fixture
def endpoint() -> Iterator[int]:
    """The port of something on loopback that plays IoT Core."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def config(endpoint: int, tmp_path: Path) -> dict[str, Any]:
    """`effectiveConfig.yaml` of a device that has everything."""
    for name in ("device.pem.crt", "private.pem.key"):
        (tmp_path / name).write_text("")
    group = grp.getgrgid(os.getgid()).gr_name
    return {
        "system": {
            "thingName": "orangepi5-core-001",
            "certificateFilePath": str(tmp_path / "device.pem.crt"),
            "privateKeyPath": str(tmp_path / "private.pem.key"),
        },
        "services": {
            "aws.greengrass.Nucleus": {
                "componentType": "NUCLEUS",
                "version": "2.12.6",
                "configuration": {
                    "iotRoleAlias": "GreengrassV2TokenExchangeRoleAlias",
                    "iotDataEndpoint": "127.0.0.1",
                    "iotCredEndpoint": "",
                    "mqtt": {"port": endpoint},
                    "runWithDefault": {"posixUser": f"{getpass.getuser()}:{group}"},
                },
            }
        },
    }


@pytest.fixture
def look(tmp_path: Path, config: dict[str, Any]) -> Iterator[Callable[[], dict[str, Check]]]:
    """Writes the configuration and examines the device, which runs."""
    root = tmp_path / "v2"
    (root / "config").mkdir(parents=True)
    (root / "bin").mkdir()
    (root / "bin" / "greengrass-cli").write_text("")
    here = os.open(root, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as ipc:
        ipc.bind(f"/proc/self/fd/{here}/ipc.socket")  # the path itself may be longer than a socket's may
        ipc.listen()

        def examined() -> dict[str, Check]:
            (root / "config" / "effectiveConfig.yaml").write_text(yaml.safe_dump(config) if config else "")
            checks = examine(Place(Kind.CLASSIC, root), synchronized=True, build=tmp_path / "build")
            return {check.subject: check for check in checks}

        yield examined
    os.close(here)


def test_device_that_has_everything_has_no_fault(
    look: Callable[[], dict[str, Check]], tmp_path: Path
) -> None:
    write_build(tmp_path / "build", "com.example.A", "true")
    found = look()
    wanted = ("Nucleus", "Running", "User", "Identity", "Credentials", "Ports", "Command", "Build", "Clock")
    assert {name: found[name].verdict for name in wanted} == dict.fromkeys(wanted, Verdict.OK)
    assert "2.12.6" in found["Nucleus"].found


@pytest.mark.parametrize(
    ("pointer", "value", "expected"),
    [
        (("configuration", "iotRoleAlias"), "", ("Credentials", "iotRoleAlias")),
        (("configuration", "runWithDefault", "posixUser"), "no_such_user", ("User", "useradd")),
        (("configuration", "mqtt", "port"), 1, ("Ports", "8883")),
        (("version",), "2.5.3", ("Nucleus", "2.6.0")),
    ],
)
def test_what_is_missing_is_found_and_said_what_to_do(
    look: Callable[[], dict[str, Check]],
    config: dict[str, Any],
    pointer: tuple[str, ...],
    value: object,
    expected: tuple[str, str],
) -> None:
    place = config["services"]["aws.greengrass.Nucleus"]
    for key in pointer[:-1]:
        place = place[key]
    place[pointer[-1]] = value
    subject, advice = expected
    check = look()[subject]
    assert check.verdict is Verdict.FAIL
    assert advice in check.advice


def test_configuration_that_is_empty_is_called_by_its_name(
    look: Callable[[], dict[str, Check]], config: dict[str, Any]
) -> None:
    config.clear()
    check = look()["Configuration"]
    assert check.verdict is Verdict.FAIL
    assert "nucleus's configuration" in check.found
    assert "recipe" not in check.found


@pytest.mark.parametrize(("is_root", "advice"), [(True, "restart greengrass"), (False, "sudo scripts/edge")])
def test_root_is_asked_of_those_only_who_are_not(is_root: bool, advice: str) -> None:  # noqa: FBT001  a case
    assert advice in judge_configuration("it is empty", is_root=is_root).advice


def test_certificate_that_is_gone_is_named(look: Callable[[], dict[str, Check]], tmp_path: Path) -> None:
    (tmp_path / "device.pem.crt").unlink()
    check = look()["Identity"]
    assert (check.verdict, "device.pem.crt" in check.found) == (Verdict.FAIL, True)


def test_python_that_a_recipe_names_and_that_is_missing_is_a_fault(
    look: Callable[[], dict[str, Check]], tmp_path: Path
) -> None:
    write_build(tmp_path / "build", "com.example.A", "exec python3.99 -u -m part")
    check = look()["Python"]
    assert check.verdict is Verdict.FAIL
    assert "apt install python3.99" in check.advice
    assert f"scripts/edge build A --python 3.{sys.version_info.minor} --arch" in check.advice


def test_version_that_the_device_has_with_other_content_is_told(
    look: Callable[[], dict[str, Check]], tmp_path: Path
) -> None:
    write_build(tmp_path / "build", "com.example.A", "true")
    kept = tmp_path / "v2" / "packages" / "artifacts" / "com.example.A" / "1.0.0"
    kept.mkdir(parents=True)
    (kept / f"part-cp311-{platform.machine()}.zip").write_bytes(b"another")
    check = look()["Build"]
    assert (check.verdict, "ComponentVersion in its recipe to 1.0.1" in check.advice) == (Verdict.WARN, True)


def test_whoever_is_deploying_just_now_is_told(look: Callable[[], dict[str, Check]], tmp_path: Path) -> None:
    assert look()["Deploying"].verdict is Verdict.OK
    with ThisBoard().alone(str(tmp_path / "v2")):
        check = look()["Deploying"]
    assert check.verdict is Verdict.WARN
    assert "ps -fp " in check.advice


def test_build_for_another_processor_is_a_fault(look: Callable[[], dict[str, Check]], tmp_path: Path) -> None:
    other = "aarch64" if platform.machine() == "x86_64" else "x86_64"
    write_build(tmp_path / "build", "com.example.A", "true", machine=other)
    assert look()["Build"].advice == f"scripts/edge build --arch {platform.machine()}"


@pytest.mark.parametrize(
    ("free", "verdict"),
    [(335_000_000, Verdict.FAIL), (336_000_000, Verdict.WARN), (2_000_000_000, Verdict.OK)],
)
def test_disk_must_hold_an_outbox_in_its_share(free: int, verdict: Verdict) -> None:
    assert board_verdicts.judge_room(Path("/"), free).verdict is verdict


def test_command_examines_the_device_that_it_is_told_of_and_fails_where_the_nucleus_is_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "alts").mkdir()
    assert main(["doctor", "--root", str(tmp_path), "--json"]) == 1
    checks = {check["subject"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert "systemctl start greengrass" in checks["Running"]["advice"]
    assert "Run its installer to the end" in checks["Nucleus"]["advice"]
    assert "aws.greengrass.Cli" in checks["Command"]["advice"]


def test_lite_is_examined_as_lite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.db").write_bytes(b"")
    assert main(["doctor", "--root", str(tmp_path), "--json"]) == 1
    checks = {check["subject"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert "Greengrass Lite" in checks["Nucleus"]["found"]
    assert "greengrass-lite.target" in checks["Running"]["advice"]
