"""The runtime of components, by real processes and real signals."""

import signal
from pathlib import Path

import pytest

from support.component_process import started
from support.waiting import wait_until

PROBE = "support.probe_component"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_a_working_component_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with started(PROBE, tmp_path) as component:
        component.wait_for("INFO working")
        component.process.send_signal(number)
        assert component.exit_code() == 0
        assert f"INFO stopping signal={number.name}" in component.stdout
        assert "INFO stopped exit_code=0" in component.stdout
        assert component.stderr == ""


def test_one_stop_request_that_arrives_by_two_ways_still_drains(tmp_path: Path) -> None:
    """The nucleus signals the component, and sudo above it passes the signal on once more.

    Two different signals here: the kernel would make one of two equal ones.
    """
    with started(PROBE, tmp_path, {"behavior": "drain"}) as component:
        component.wait_for("INFO working")
        component.process.send_signal(signal.SIGTERM)
        component.process.send_signal(signal.SIGINT)
        component.wait_for("INFO draining")
        (tmp_path / "drained").touch()
        assert component.exit_code() == 0


def test_second_stop_request_ends_a_component_that_drains_too_long(tmp_path: Path) -> None:
    with started(PROBE, tmp_path, {"behavior": "drain"}) as component:
        component.wait_for("INFO working")
        component.process.send_signal(signal.SIGTERM)
        component.wait_for("INFO draining")

        def ended_by_another_signal() -> bool:
            component.process.send_signal(signal.SIGTERM)
            return component.process.poll() is not None

        wait_until(ended_by_another_signal, 20.0, "the end of the process")
        assert component.exit_code() == 128 + signal.SIGTERM
        assert "WARNING stopped_at_once" in component.stdout


def test_signal_is_taken_while_the_main_thread_holds_the_lock_of_the_stop_event(tmp_path: Path) -> None:
    """A handler in the main thread that set the event there would never return."""
    with started(PROBE, tmp_path, {"behavior": "hold_the_lock"}) as component:
        component.wait_for("INFO holding")
        component.process.send_signal(signal.SIGTERM)
        component.wait_for("INFO stopping")
        (tmp_path / "release").touch()
        assert component.exit_code() == 0


def test_component_that_is_stuck_when_told_to_stop_ends_and_says_where(tmp_path: Path) -> None:
    with started(PROBE, tmp_path, {"behavior": "block"}) as component:
        component.wait_for("INFO blocking")
        component.process.send_signal(signal.SIGTERM)
        assert component.exit_code() == 1
        assert "ERROR stuck reason=" in component.stdout
        assert "in _misbehave" in component.stderr


def test_failure_of_our_own_kind_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    with started(PROBE, tmp_path, {"behavior": "fail"}) as component:
        assert component.exit_code() == 1
        assert 'ERROR failed reason="the probe cannot go on: it was told so.' in component.stdout
        assert component.stderr == ""


def test_configuration_found_wrong_by_the_app_ends_with_exit_code_2(tmp_path: Path) -> None:
    with started(PROBE, tmp_path, {"behavior": "refuse"}) as component:
        assert component.exit_code() == 2
        assert component.stderr == "configuration: /settings/behavior: the probe found out late\n"


def test_defect_shows_its_traceback_without_secrets_and_exits_1(tmp_path: Path) -> None:
    with started(PROBE, tmp_path, {"behavior": "crash"}, SVCUID="QWERTYUIOP123456") as component:
        assert component.exit_code() == 1
        assert "ERROR crashed error=" in component.stdout
        assert "Traceback (most recent call last):" in component.stderr
        assert "ZeroDivisionError: a defect beside token ***\nand a second line\n" in component.stderr
        assert "QWERTYUIOP123456" not in component.stdout + component.stderr


def test_defect_in_another_thread_stops_the_component_with_exit_code_1(tmp_path: Path) -> None:
    with started(PROBE, tmp_path, {"behavior": "crash_in_thread"}) as component:
        assert component.exit_code() == 1
        assert "ERROR crashed error=\"KeyError: 'delivery'\" thread=delivery" in component.stdout
        assert "INFO stopped exit_code=1" in component.stdout


def test_thread_that_an_app_forgot_does_not_keep_the_process(tmp_path: Path) -> None:
    with started(PROBE, tmp_path, {"behavior": "leave_thread"}) as component:
        component.wait_for("INFO working")
        component.process.send_signal(signal.SIGTERM)
        assert component.exit_code() == 0
        assert "WARNING threads_left_running threads='[\"forgotten\"]'" in component.stdout


def test_stop_request_after_the_app_has_ended_does_not_change_the_exit_code(
    tmp_path: Path,
) -> None:
    """The forgotten thread keeps the process for half a second; the signal falls into it."""
    with started(PROBE, tmp_path, {"behavior": "leave_thread"}) as component:
        component.wait_for("INFO working")
        component.process.send_signal(signal.SIGTERM)
        component.wait_for("WARNING threads_left_running")
        component.process.send_signal(signal.SIGTERM)
        assert component.exit_code() == 0


def test_once_does_one_unit_of_work_and_ends(tmp_path: Path) -> None:
    with started(PROBE, tmp_path, None, "--once", "--dry-run") as component:
        assert component.exit_code() == 0
        assert "INFO working dry_run=true mode=once" in component.stdout
        assert "INFO metrics units_done=1" in component.stdout


def test_counters_are_logged_while_the_component_works(tmp_path: Path) -> None:
    with started(PROBE, tmp_path) as component:
        wait_until(
            lambda: component.stdout.count("INFO metrics units_done=") >= 2, 20.0, "two lines of counters"
        )


def test_check_says_that_the_configuration_is_valid_and_starts_nothing(tmp_path: Path) -> None:
    with started(PROBE, tmp_path, {"interval_s": "0.5"}, "--check") as component:
        assert component.exit_code() == 0
        assert component.stdout == "configuration is valid\n"
        assert component.stderr == ""


@pytest.mark.parametrize("arguments", [(), ("--check",)])
def test_wrong_configuration_names_every_fault_on_a_line_of_its_own(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    settings = {"interval_s": 0, "intervall_s": 5, "behavior": "dance", "password": "correct horse"}
    environment = {"AWS_IOT_THING_NAME": None, "GG_COMPONENT_LOG_LEVEL": "LOUD"}
    with started(PROBE, tmp_path, settings, *arguments, **environment) as component:
        assert component.exit_code() == 2
        assert component.stdout == ""
        keys = [line.split(": ")[1] for line in component.stderr.splitlines()]
        assert keys == [
            "GG_COMPONENT_LOG_LEVEL",
            "AWS_IOT_THING_NAME",
            "/settings/behavior",
            "/settings/interval_s",
            "/settings/password",
            "/settings/intervall_s",
        ]
        assert "Traceback" not in component.stderr
        assert "correct horse" not in component.stderr


def test_line_breaks_in_a_wrong_value_cannot_forge_a_line(tmp_path: Path) -> None:
    with started(PROBE, tmp_path, {"x\nERROR forged": 1}) as component:
        assert component.exit_code() == 2
        assert component.stderr.count("\n") == 1


def test_unknown_argument_is_refused_with_exit_code_2(tmp_path: Path) -> None:
    with started(PROBE, tmp_path, None, "--dance") as component:
        assert component.exit_code() == 2
        assert "--dance" in component.stderr


def test_unknown_log_level_alone_is_refused(tmp_path: Path) -> None:
    with started(PROBE, tmp_path, None, "--once", GG_COMPONENT_LOG_LEVEL="LOUD") as component:
        assert component.exit_code() == 2
        assert component.stderr.startswith("configuration: GG_COMPONENT_LOG_LEVEL: 'LOUD' is not allowed.")


def test_component_works_on_while_its_log_cannot_be_written(tmp_path: Path) -> None:
    """/dev/full answers every write with "no space left on device"."""
    (tmp_path / "stdout").symlink_to("/dev/full")
    with started(PROBE, tmp_path, None, "--once", PYTHONUNBUFFERED=None) as component:
        assert component.exit_code() == 0
        assert component.stderr == ""
