"""Components from real recipes with real shells: the nucleus's states, steps and time-outs."""

import re
import stat
from pathlib import Path
from typing import Any

import pytest

from local_core.deployments.deployment import Status
from local_core.runtime.definition import RunWith
from local_core.runtime.states import State
from local_core.settings import Flavor
from support.runtime import RuntimeUnderTest, Waits, process_has_ended, wait_for_process_end
from support.waiting import wait_until

NAME = "com.example.X"
FOREVER = "exec sleep 1000"
# Fails on the first `count` starts, then runs: the working folder outlives the process.
FAILING = "echo x >> starts; [ $(wc -l < starts) -gt {count} ] || exit 1; exec sleep 1000"


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def test_run_script_runs_in_its_own_folder_by_sh_with_the_recipe_s_environment(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.environment = {"EXTRA": "of the laptop"}
        lifecycle = {
            "Setenv": {"FIRST": "manifest {iot:thingName}", "SECOND": "manifest"},
            "run": {
                "Script": 'echo "$PWD|$0|$FIRST|$SECOND|$EXTRA|$HOME|$(umask)" > facts; ' + FOREVER,
                "Setenv": {"SECOND": "step; 'quoted' $(never run)"},
            },
        }
        core.write_recipe(NAME, lifecycle)
        core.deployed({NAME: "1.0.0"})

        work = core.layout.work(NAME)
        directory, shell, *values, _ = core.wait_for_text(NAME, "facts").strip().split("|")
        assert Path(directory) == work
        assert shell == "sh"
        assert values == [
            "manifest thing-under-test",
            "step; 'quoted' $(never run)",
            "of the laptop",
            str(core.layout.root / "home"),
        ]
        assert stat.S_IMODE(work.stat().st_mode) == 0o700
        assert core.wait_for_state(NAME, State.RUNNING).pid


def test_steps_come_in_order_and_the_shutdown_script_finds_the_process_alive(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        run = (
            "trap 'echo terminated >> order; exit 0' TERM; "
            "echo run >> order; echo $$ > pid; while :; do sleep 0.1; done"
        )
        steps = {
            "install": {"Script": "echo install >> order"},
            "run": {"Script": run},
            "shutdown": {"Script": "kill -0 $(cat pid) && echo shutdown >> order"},
        }
        core.write_recipe(NAME, steps)
        core.deployed({NAME: "1.0.0"})
        core.wait_for_text(NAME, "pid")
        order = core.work_file(NAME, "order")

    assert lines_of(order) == ["install", "run", "shutdown", "terminated"]


def test_process_that_ignores_sigterm_is_killed_after_its_grace_with_its_children(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core", waits=Waits(stop_grace_s=0.3)) as core:
        script = "trap '' TERM; sleep 1000 & echo $! > grandchild; echo $$ > child; while :; do sleep 1; done"
        core.write_recipe(NAME, {"run": {"Script": script}})
        core.deployed({NAME: "1.0.0"})
        family = [int(core.wait_for_text(NAME, name)) for name in ("child", "grandchild")]

        core.call(core.supervisor.components[NAME].stop)

        core.wait_for_state(NAME, State.FINISHED)
        assert all(process_has_ended(pid) for pid in family)
        assert "exitCode=137" in core.log(NAME)


def test_script_that_ends_well_is_finished_and_not_started_again(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(
            NAME, {"run": {"Script": "echo x >> starts"}, "shutdown": {"Script": "echo x > bye"}}
        )
        core.deployed({NAME: "1.0.0"})

        status = core.wait_for_state(NAME, State.FINISHED)

        assert lines_of(core.work_file(NAME, "starts")) == ["x"]
        assert lines_of(core.work_file(NAME, "bye")) == ["x"]
        assert (status.restarts, status.pid) == (0, None)


def test_crash_is_answered_by_recovery_and_another_start_at_once(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        lifecycle = {
            "run": {"Script": FAILING.format(count=2)},
            "recover": {"Script": "echo x >> recoveries"},
            "shutdown": {"Script": "echo x >> shutdowns"},
        }
        core.write_recipe(NAME, lifecycle)
        core.submit({NAME: "1.0.0"})

        def runs_at_third_try() -> bool:
            status = core.status(NAME)
            return bool(status and status.crashes == 2 and status.state == "RUNNING")

        wait_until(runs_at_third_try, 30, "a third start")

        assert len(lines_of(core.work_file(NAME, "recoveries"))) == 2
        assert len(lines_of(core.work_file(NAME, "shutdowns"))) == 2
        core.call(core.supervisor.components[NAME].restart)
        wait_until(lambda: (now := core.status(NAME)) and now.restarts, 30, "a restart that was asked for")
        asked = core.wait_for_state(NAME, State.RUNNING)
        assert (asked.restarts, asked.crashes) == (1, 2)


def test_third_crash_in_a_row_breaks_it_and_only_a_deployment_mends_it(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(NAME, {"run": {"Script": "echo x >> starts; sleep 0.2; exit 3"}})
        core.submit({NAME: "1.0.0"})

        core.wait_for_state(NAME, State.BROKEN)
        core.wait_for_log(NAME, "service-broken. service is broken. Deployment is needed")
        assert len(lines_of(core.work_file(NAME, "starts"))) == 3
        assert core.log(NAME).count("Run script exited. {exitCode=3") == 3
        core.call(core.supervisor.components[NAME].restart)

        core.write_recipe(NAME, {"run": {"Script": FOREVER}}, "1.0.1")
        core.deployed({NAME: "1.0.1"})

        assert core.wait_for_state(NAME, State.RUNNING).version == "1.0.1"
        assert len(lines_of(core.work_file(NAME, "starts"))) == 3


def test_broken_component_gets_three_new_tries_from_a_deployment_of_the_same_version(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(NAME, {"startup": {"Script": "echo x >> starts; exit 1"}})

        for tries in (3, 6):
            assert core.deploy({NAME: "1.0.0"}).status is Status.FAILED
            assert len(lines_of(core.work_file(NAME, "starts"))) == tries


@pytest.mark.parametrize("step", ["install", "bootstrap", "startup"])
def test_step_that_fails_three_times_breaks_the_component_and_the_deployment(
    tmp_path: Path, step: str
) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(NAME, {step: {"Script": "echo x >> tries; exit 1"}})

        record = core.deploy({NAME: "1.0.0"})

        assert record.status is Status.FAILED
        assert record.failure
        assert f"Service {NAME} in broken state after deployment" in record.failure.cause
        assert record.failure.error_stack[-1] == "COMPONENT_BROKEN"
        assert len(lines_of(core.work_file(NAME, "tries"))) == 3


@pytest.mark.parametrize("step", ["install", "startup"])
def test_step_that_takes_too_long_is_ended_and_counts_as_failed(tmp_path: Path, step: str) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(NAME, {step: {"Script": "echo $$ >> pids; exec sleep 1000", "Timeout": 1}})
        core.submit({NAME: "1.0.0"})

        pid = int(core.wait_for_text(NAME, "pids"))

        wait_for_process_end(pid)
        core.wait_for_log(NAME, "imeout")


def test_run_script_with_a_time_limit_is_in_error_when_it_is_over(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(NAME, {"run": {"Script": "echo $$ >> pids; exec sleep 1000", "Timeout": 1}})
        core.submit({NAME: "1.0.0"})

        wait_for_process_end(int(core.wait_for_text(NAME, "pids")))
        core.wait_for_log(NAME, "Service failed to run within timeout")


@pytest.mark.parametrize("code", [0, 100, 101])
def test_bootstrap_runs_once_for_a_version_and_may_ask_for_a_restart(tmp_path: Path, code: int) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        lifecycle = {
            "bootstrap": {"Script": f"echo x >> bootstraps; exit {code}"},
            "run": {"Script": FOREVER},
        }
        core.write_recipe(NAME, lifecycle)
        core.write_recipe(NAME, lifecycle, "1.0.1")

        core.deployed({NAME: "1.0.0"})
        core.deployed({NAME: "1.0.0"}, run_with={NAME: RunWith("somebody")})  # installs it once more
        assert len(lines_of(core.work_file(NAME, "bootstraps"))) == 1
        core.deployed({NAME: "1.0.1"})

        assert len(lines_of(core.work_file(NAME, "bootstraps"))) == 2


def test_startup_script_makes_it_running_when_it_ends_and_its_daemon_goes_with_it(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(NAME, {"startup": {"Script": "sleep 1000 & echo $! > daemon"}})
        core.deployed({NAME: "1.0.0"})
        core.wait_for_state(NAME, State.RUNNING)
        daemon = int(core.wait_for_text(NAME, "daemon"))
        assert not process_has_ended(daemon)

        core.call(core.supervisor.components[NAME].stop)

        core.wait_for_state(NAME, State.FINISHED)
        assert process_has_ended(daemon)


def test_component_without_anything_to_run_is_finished(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(NAME, {"install": {"Script": "true"}})
        core.deployed({NAME: "1.0.0"})

        core.wait_for_state(NAME, State.FINISHED)


@pytest.mark.parametrize(
    ("condition", "is_skipped"),
    [
        ("exists {work:path}/there", True),
        ("exists {work:path}/missing", False),
        ("! exists {work:path}/missing", True),
        ("onpath sh", True),
        ("!onpath sh", False),
        ("onpath no-such-program", False),
    ],
)
def test_step_is_skipped_when_its_condition_holds(
    tmp_path: Path, condition: str, *, is_skipped: bool
) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        there = core.work_file(NAME, "there")
        there.parent.mkdir(parents=True)
        there.touch()
        install = {"Script": "echo x > installed", "Skipif": condition}
        core.write_recipe(NAME, {"install": install, "run": {"Script": FOREVER}})
        core.deployed({NAME: "1.0.0"})

        assert core.work_file(NAME, "installed").exists() is not is_skipped


def test_shutdown_that_takes_too_long_is_cut_off_and_the_component_ends_all_the_same(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        shutdown = {"Script": "echo $$ > shutdown; exec sleep 1000", "Timeout": 1}
        core.write_recipe(NAME, {"run": {"Script": f"echo $$ > pid; {FOREVER}"}, "shutdown": shutdown})
        core.deployed({NAME: "1.0.0"})
        pid = int(core.wait_for_text(NAME, "pid"))

        core.call(core.supervisor.components[NAME].stop)

        core.wait_for_state(NAME, State.FINISHED)
        assert process_has_ended(pid)
        assert process_has_ended(int(core.wait_for_text(NAME, "shutdown")))
        assert "reason=Timeout in shutdown" in core.log(NAME)


def test_lite_tries_three_times_and_knows_no_shutdown_no_recovery_and_no_conditions(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core", Flavor.LITE) as core:
        lifecycle = {
            "install": {"Script": "echo x >> installed", "Skipif": "onpath sh"},
            "run": {"Script": "echo x >> starts; exit 1"},
            "recover": {"Script": "echo x > recovered"},
            "shutdown": {"Script": "echo x > shut"},
        }
        core.write_recipe(NAME, lifecycle)
        core.submit({NAME: "1.0.0"})

        core.wait_for_state(NAME, State.ERRORED)  # for a second; the classic nucleus goes on at once
        core.wait_for_state(NAME, State.BROKEN)

        assert len(lines_of(core.work_file(NAME, "starts"))) == 3
        assert core.work_file(NAME, "installed").exists()
        assert not core.work_file(NAME, "recovered").exists()
        assert not core.work_file(NAME, "shut").exists()


def hard(name: str) -> dict[str, Any]:
    return {"ComponentDependencies": {name: {"VersionRequirement": ">=1.0.0", "DependencyType": "HARD"}}}


def test_component_starts_after_what_it_depends_on_and_stops_before_it(tmp_path: Path) -> None:
    order = tmp_path / "order"
    with RuntimeUnderTest(tmp_path / "core") as core:
        base: dict[str, Any] = {}
        for name, sections, pause in (
            ("com.example.Base", base, "true"),
            (NAME, hard("com.example.Base"), "sleep 0.3"),
        ):
            lifecycle = {
                "startup": {"Script": f"sleep 0.1; echo {name} up >> {order}"},
                "shutdown": {"Script": f"{pause}; echo {name} down >> {order}"},
            }
            core.write_recipe(name, lifecycle, **sections)
        core.deployed({NAME: "1.0.0"})

    assert lines_of(order) == ["com.example.Base up", f"{NAME} up", f"{NAME} down", "com.example.Base down"]


def test_dependant_is_restarted_with_what_it_depends_on_hard_but_not_soft(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        soft = {"VersionRequirement": ">=1.0.0", "DependencyType": "SOFT"}
        core.write_recipe("com.example.Base", {"run": {"Script": FOREVER}})
        core.write_recipe(NAME, {"run": {"Script": FOREVER}}, **hard("com.example.Base"))
        core.write_recipe(
            "com.example.Soft", {"run": {"Script": FOREVER}}, ComponentDependencies={"com.example.Base": soft}
        )
        core.deployed({NAME: "1.0.0", "com.example.Soft": "1.0.0"})

        core.call(core.supervisor.components["com.example.Base"].restart)

        def has_restarted() -> bool:
            status = core.status(NAME)
            return bool(status and status.restarts == 1 and status.state == "RUNNING")

        wait_until(has_restarted, 30, "restart of the dependant")
        untouched = core.wait_for_state("com.example.Soft", State.RUNNING)
        assert untouched.restarts == 0


def test_dependant_of_a_broken_component_waits(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe("com.example.Base", {"startup": {"Script": "exit 1"}})
        core.write_recipe(NAME, {"run": {"Script": FOREVER}}, **hard("com.example.Base"))

        core.deploy({NAME: "1.0.0"})

        core.wait_for_state("com.example.Base", State.BROKEN)
        core.wait_for_state(NAME, State.INSTALLED)


def test_output_and_events_are_in_the_component_s_log_without_its_token(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        script = "echo out; echo err >&2; printf 'a\\rb\\n'; printf 'no end'; exit 0"
        core.write_recipe(
            NAME,
            {"run": {"Script": script + " # {configuration:/password}"}},
            ComponentConfiguration={"DefaultConfiguration": {"password": "s3cret-word"}},
        )
        core.deployed({NAME: "1.0.0"})
        core.wait_for_state(NAME, State.FINISHED)
        log = core.wait_for_log(NAME, "no end")

        events = [
            re.sub(r"^\S+ \[(\w+)\] \(\S+\) \S+: (.*?)\. \{.*$", r"\1 \2", line) for line in log.splitlines()
        ]
        assert events[0] == "INFO shell-runner-start"
        assert {
            "INFO stdout. out",
            "WARN stderr. err",
            "INFO stdout. a",
            "INFO stdout. b",
            "INFO stdout. no end",
            "INFO Run script exited",
        } < set(events)
        assert "scriptName=services.com.example.X.lifecycle.run.script, serviceName=com.example.X" in log
        assert "s3cret-word" not in log


def test_component_that_is_being_installed_does_not_hold_up_the_end_of_the_core(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(NAME, {"install": {"Script": f"echo $$ > pid; {FOREVER}"}})
        core.submit({NAME: "1.0.0"})
        pid = int(core.wait_for_text(NAME, "pid"))

    assert process_has_ended(pid)


def test_script_that_cannot_be_started_breaks_the_component_with_the_reason(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.layout.work(NAME).parent.mkdir(parents=True)
        core.layout.work(NAME).write_text("a file where the working folder belongs")
        core.write_recipe(NAME, {"run": {"Script": FOREVER}})

        record = core.deploy({NAME: "1.0.0"})

        assert record.status is Status.FAILED
        assert "shell-runner-error" in core.log(NAME)
        assert "File exists" in core.log(NAME)
