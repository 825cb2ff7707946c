"""Local deployments of real recipes and artifacts, to their end."""

import json
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from local_core.deployments.deployment import ConfigurationUpdate, DetailedStatus, FailurePolicy, Status
from local_core.runtime.states import State
from local_core.settings import Flavor
from support.file_size import file_size_limit
from support.runtime import RuntimeUnderTest, process_has_ended
from support.waiting import wait_until

NAME, LIB = "com.example.App", "com.example.Lib"
FOREVER = "exec sleep 1000"
RUN = {"run": {"Script": FOREVER}}
BROKEN = {"install": {"Script": "exit 1"}}


def default(configuration: dict[str, Any]) -> dict[str, Any]:
    return {"ComponentConfiguration": {"DefaultConfiguration": configuration}}


def needs(*names: str, requirement: str = ">=1.0.0") -> dict[str, Any]:
    return {"ComponentDependencies": {name: {"VersionRequirement": requirement} for name in names}}


def pid_of(core: RuntimeUnderTest, name: str = NAME) -> int:
    pid = core.wait_for_state(name, State.RUNNING).pid
    assert pid is not None
    return pid


def test_code_from_an_unpacked_artifact_runs(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        with zipfile.ZipFile(core.artifact_path(NAME, "1.0.0", "app.zip"), "w") as archive:
            archive.writestr("pkg/__init__.py", "")
            archive.writestr("pkg/__main__.py", "print('from the artifact', flush=True)")
        run = {
            "Script": "exec python3 -u -m pkg",
            "Setenv": {"PYTHONPATH": "{artifacts:decompressedPath}/app"},
        }
        artifact = {"Uri": "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/app.zip", "Unarchive": "ZIP"}
        core.write_recipe(NAME, {"run": run}, artifacts=[artifact])

        core.deployed({NAME: "1.0.0"})

        core.wait_for_log(NAME, "stdout. from the artifact.")


def test_missing_artifact_fails_the_deployment_and_nothing_that_runs_is_touched(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(NAME, RUN)
        core.deployed({NAME: "1.0.0"})
        pid = pid_of(core)
        file = core.write_recipe(NAME, RUN, "1.1.0", artifacts=[{"Uri": "s3://B/C/V/app.zip"}])

        record = core.deploy({NAME: "1.1.0"})

        assert record.status is Status.FAILED
        assert record.detailed_status is DetailedStatus.FAILED_NO_STATE_CHANGE
        assert record.failure
        assert f"{file}: artifact app.zip" in record.failure.cause
        assert record.failure.error_stack == ("DEPLOYMENT_FAILURE", "ARTIFACT_DOWNLOAD_ERROR")
        assert pid_of(core) == pid


def test_deployment_that_fails_before_it_is_applied_leaves_the_code_that_runs_alone(tmp_path: Path) -> None:
    file = [{"Uri": "s3://B/C/V/words.txt"}]
    with RuntimeUnderTest(tmp_path / "core") as core:
        words = core.artifact_path(LIB, "1.0.0", "words.txt")
        words.write_text("old artifact\n")
        run = f"cat {{artifacts:path}}/words.txt; echo old recipe; {FOREVER}"
        core.write_recipe(LIB, {"run": {"Script": run}}, artifacts=file)
        core.deployed({LIB: "1.0.0"})
        words.write_text("new artifact\n")
        core.write_recipe(LIB, {"run": {"Script": run.replace("old", "new")}}, artifacts=file)
        core.write_recipe(NAME, RUN, artifacts=[{"Uri": "s3://B/C/V/missing.txt"}])
        assert core.deploy({LIB: "1.0.0", NAME: "1.0.0"}).status is Status.FAILED
        assert not (core.layout.root / "packages" / "staged").exists()

    with RuntimeUnderTest(tmp_path / "core") as core:
        wait_until(lambda: core.log(LIB).count("stdout. old recipe") == 2, 30, "the code again")
        assert core.log(LIB).count("stdout. old artifact") == 2


def test_one_can_go_back_to_an_older_version_and_only_what_is_in_use_is_kept(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        for version in ("1.0.0", "1.1.0"):
            core.artifact_path(NAME, version, "version.txt").write_text(version)
            script = f"cat {{artifacts:path}}/version.txt; echo; {FOREVER}"
            core.write_recipe(
                NAME, {"run": {"Script": script}}, version, artifacts=[{"Uri": "s3://B/C/V/version.txt"}]
            )

        for version in ("1.0.0", "1.1.0", "1.0.0"):
            core.deployed({NAME: version})
            assert core.wait_for_state(NAME, State.RUNNING).version == version

        wait_until(lambda: core.log(NAME).count("stdout. 1.0.0.") == 2, 30, "the first version again")
        packages = tmp_path / "core" / "packages"
        assert [path.name for path in (packages / "artifacts" / NAME).iterdir()] == ["1.0.0"]
        assert [path.name for path in (packages / "recipes").iterdir()] == [f"{NAME}-1.0.0.yaml"]


def test_existing_values_beat_new_defaults_until_they_are_reset(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(NAME, RUN, **default({"a": 1, "b": {"c": 1}}))
        core.deployed({NAME: "1.0.0"}, configuration={NAME: ConfigurationUpdate({"b": {"d": 2}})})
        assert core.store.get(NAME) == {"a": 1, "b": {"c": 1, "d": 2}}

        core.write_recipe(NAME, RUN, "1.1.0", **default({"a": 10, "b": {"c": 10}, "new": True}))
        core.deployed({NAME: "1.1.0"})
        assert core.store.get(NAME) == {"a": 1, "b": {"c": 1, "d": 2}, "new": True}

        core.deployed({}, configuration={NAME: ConfigurationUpdate({"b": {"e": 3}}, ("/a", "/b"))})
        assert core.store.get(NAME) == {"a": 10, "b": {"c": 10, "e": 3}, "new": True}

        core.deployed({NAME: "1.1.0"}, configuration={NAME: ConfigurationUpdate(None, ("",))})
        assert core.store.get(NAME) == {"a": 10, "b": {"c": 10}, "new": True}


def test_configuration_of_what_is_no_root_component_is_ignored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(NAME, RUN, **needs(LIB))
        core.write_recipe(LIB, RUN, **default({"a": 1}))

        core.deployed({NAME: "1.0.0"}, configuration={LIB: ConfigurationUpdate({"a": 2})})

        assert core.store.get(LIB) == {"a": 1}
        assert f"The configuration update of {LIB} is ignored" in caplog.text


def test_same_deployment_again_restarts_nothing(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(NAME, RUN, **default({"a": 1}))
        core.deployed({NAME: "1.0.0"})
        pid = pid_of(core)

        core.deployed({NAME: "1.0.0"})

        assert pid_of(core) == pid


def test_configuration_restarts_only_those_whose_scripts_or_environment_name_it(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        named = {"run": {"Script": FOREVER, "Setenv": {"VALUE": "{configuration:/a}"}}}
        core.write_recipe(NAME, named, **default({"a": 1}))
        core.write_recipe(LIB, RUN, **default({"a": 1}))
        core.deployed({NAME: "1.0.0", LIB: "1.0.0"})
        before = {name: pid_of(core, name) for name in (NAME, LIB)}

        update = ConfigurationUpdate({"a": 2})
        core.deployed({NAME: "1.0.0", LIB: "1.0.0"}, configuration={NAME: update, LIB: update})

        wait_until(lambda: pid_of(core, NAME) != before[NAME], 30, "restart of the one that names it")
        assert pid_of(core, LIB) == before[LIB]
        assert core.store.get(LIB) == {"a": 2}


RESOURCE = "{iot:thingName}/x"
REPLACED = "thing-under-test/x"


@pytest.mark.parametrize(
    ("flavor", "interpolates", "stored", "enforced"),
    [
        (Flavor.CLASSIC, False, RESOURCE, RESOURCE),
        (Flavor.CLASSIC, True, REPLACED, REPLACED),
        (Flavor.LITE, False, RESOURCE, REPLACED),
    ],
)
def test_variables_in_the_configuration_are_replaced_where_the_nucleus_does_it(
    tmp_path: Path, flavor: Flavor, stored: str, enforced: str, *, interpolates: bool
) -> None:
    """Classic: only with its option on. Lite: in resources where they are enforced; reads are literal."""
    with RuntimeUnderTest(tmp_path / "core", flavor, interpolates=interpolates) as core:
        policy = {"operations": ["*"], "resources": [RESOURCE]}
        access_control = {"aws.greengrass.ipc.pubsub": {"policy": policy}}
        core.write_recipe(NAME, RUN, **default({"accessControl": access_control}))

        core.deployed({NAME: "1.0.0"}, configuration={NAME: ConfigurationUpdate({"topic": RESOURCE})})

        service = "aws.greengrass.ipc.pubsub"
        assert core.store.get(NAME, ["topic"]) == stored
        assert core.store.get(NAME, ["accessControl", service, "policy", "resources"]) == [stored]
        assert core.access_control(NAME)[service]["policy"]["resources"] == [enforced]


def test_changed_artifact_of_the_same_version_is_taken_but_restarts_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.artifact_path(NAME, "1.0.0", "file.txt").write_text("old")
        core.write_recipe(NAME, RUN, artifacts=[{"Uri": "s3://B/C/V/file.txt"}])
        core.deployed({NAME: "1.0.0"})
        pid = pid_of(core)
        core.artifact_path(NAME, "1.0.0", "file.txt").write_text("new")

        core.deployed({NAME: "1.0.0"})

        assert (core.layout.artifacts(NAME, "1.0.0") / "file.txt").read_text() == "new"
        assert pid_of(core) == pid
        assert f"artifacts of {NAME} changed, but not its version" in caplog.text


def test_removed_root_goes_with_what_nobody_else_needs_and_with_its_configuration(tmp_path: Path) -> None:
    shared = "com.example.Shared"
    with RuntimeUnderTest(tmp_path / "core") as core:
        uninstall = {"Script": 'echo "$GREENGRASS_LIFECYCLE_EVENT $GREENGRASS_COMPONENT_VERSION" > bye'}
        core.write_recipe(NAME, RUN | {"uninstall": uninstall}, **needs(LIB, shared), **default({"a": 1}))
        core.write_recipe("com.example.Other", RUN, **needs(shared))
        core.write_recipe(LIB, RUN)
        core.write_recipe(shared, RUN)
        core.deployed({NAME: "1.0.0", "com.example.Other": "1.0.0"})
        gone = [pid_of(core, name) for name in (NAME, LIB)]
        kept = [pid_of(core, name) for name in ("com.example.Other", shared)]

        core.deployed({}, root_components_to_remove=(NAME,))

        assert all(process_has_ended(pid) for pid in gone)
        assert core.status(NAME) is None
        assert core.status(LIB) is None
        assert [pid_of(core, name) for name in ("com.example.Other", shared)] == kept
        assert core.store.component_names() == ["com.example.Other", shared]
        assert core.wait_for_text(NAME, "bye") == "uninstall 1.0.0\n"
        roots = {status.name: status.is_root for status in core.call(core.supervisor.status)}
        assert roots == {"aws.greengrass.Nucleus": False, "com.example.Other": True, shared: False}


def test_failed_deployment_with_rollback_restores_what_was_there(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(NAME, RUN, **default({"a": 1}))
        core.deployed({NAME: "1.0.0"}, configuration={NAME: ConfigurationUpdate({"b": 2})})
        core.write_recipe(NAME, BROKEN, "1.1.0", **needs(LIB), **default({"c": 3}))
        core.write_recipe(LIB, RUN)

        record = core.deploy(
            {NAME: "1.1.0"},
            configuration={NAME: ConfigurationUpdate({"a": 100})},
            failure_policy=FailurePolicy.ROLLBACK,
        )

        assert record.status is Status.FAILED
        assert record.detailed_status is DetailedStatus.FAILED_ROLLBACK_COMPLETE
        assert core.wait_for_state(NAME, State.RUNNING).version == "1.0.0"
        assert core.store.get(NAME) == {"a": 1, "b": 2}
        assert core.status(LIB) is None
        assert core.store.component_names() == [NAME]
        core.deployed({})  # nobody wants 1.1.0 any more
        assert core.wait_for_state(NAME, State.RUNNING).version == "1.0.0"


def test_failed_deployment_without_rollback_leaves_everything_as_it_is(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(NAME, RUN)
        core.deployed({NAME: "1.0.0"})
        core.write_recipe(NAME, BROKEN, "1.1.0")
        core.write_recipe(LIB, RUN)

        record = core.deploy({NAME: "1.1.0", LIB: "1.0.0"})

        assert record.detailed_status is DetailedStatus.FAILED_ROLLBACK_NOT_REQUESTED
        assert core.wait_for_state(NAME, State.BROKEN).version == "1.1.0"
        pid_of(core, LIB)


def test_rollback_that_fails_as_well_says_so(tmp_path: Path) -> None:
    """The version to go back to cannot be installed any more."""
    with RuntimeUnderTest(tmp_path / "core") as core:
        once = {"install": {"Script": "[ ! -e installed ] && touch installed"}, **RUN}
        core.write_recipe(NAME, once)
        core.deployed({NAME: "1.0.0"})
        core.write_recipe(NAME, BROKEN, "1.1.0")

        record = core.deploy({NAME: "1.1.0"}, failure_policy=FailurePolicy.ROLLBACK)

        assert record.status is Status.FAILED
        assert record.detailed_status is None
        assert record.failure
        assert "The rollback failed as well" in record.failure.cause


def test_dependency_conflict_fails_the_deployment_before_anything_changes(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(NAME, RUN, **needs(LIB, requirement=">=2.0.0"))
        core.write_recipe(LIB, RUN)

        record = core.deploy({NAME: "1.0.0"})

        assert record.failure
        assert f"{NAME} 1.0.0 wants >=2.0.0" in record.failure.cause
        assert record.failure.error_types == ("REQUEST_ERROR",)
        assert core.status(NAME) is None


def test_groups_keep_their_own_roots_and_conflicts_between_them_name_both(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(NAME, RUN)
        core.write_recipe(NAME, RUN, "1.1.0")
        core.write_recipe(LIB, RUN)
        core.deployed({NAME: "1.0.0"}, group_name="plant")
        core.deployed({LIB: "1.0.0"})

        record = core.deploy({NAME: "1.1.0"})
        core.deployed({}, root_components_to_remove=(LIB,))

        assert record.failure
        assert "thinggroup/plant wants 1.0.0" in record.failure.cause
        assert "LOCAL_DEPLOYMENT wants 1.1.0" in record.failure.cause
        assert core.wait_for_state(NAME, State.RUNNING).version == "1.0.0"
        assert core.status(LIB) is None


def test_deployments_are_carried_out_one_after_the_other(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        slow = {"install": {"Script": "while [ ! -e {work:path}/go ]; do sleep 0.05; done"}, **RUN}
        core.write_recipe(NAME, slow)
        core.write_recipe(LIB, RUN)

        first = core.submit({NAME: "1.0.0"})
        second = core.submit({LIB: "1.0.0"})
        core.wait_for_state(NAME, State.NEW)

        assert core.call(core.deployments.find, second).status is Status.QUEUED
        core.work_file(NAME, "go").touch()
        assert core.wait_for_end(first).status is Status.SUCCEEDED
        assert core.wait_for_end(second).status is Status.SUCCEEDED


def test_queued_deployment_can_be_cancelled_and_one_that_changes_things_cannot(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        slow = {"install": {"Script": "while [ ! -e {work:path}/go ]; do sleep 0.05; done"}, **RUN}
        core.write_recipe(NAME, slow)
        core.write_recipe(LIB, RUN)
        first = core.submit({NAME: "1.0.0"})
        core.wait_for_log(NAME, "shell-runner-start")
        second = core.submit({LIB: "1.0.0"})

        core.call(core.deployments.cancel, first)
        core.call(core.deployments.cancel, second)
        core.work_file(NAME, "go").touch()

        assert core.wait_for_end(second).status is Status.CANCELED
        assert core.wait_for_end(first).status is Status.SUCCEEDED
        assert core.status(LIB) is None


def test_next_core_on_the_root_starts_the_same_components_again(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        lifecycle = {
            "bootstrap": {"Script": "echo x >> bootstraps"},
            "install": {"Script": "echo x >> installs"},
            "run": {"Script": f"echo {{configuration:/a}} >> runs; {FOREVER}"},
        }
        core.write_recipe(NAME, lifecycle, **needs(LIB, "aws.greengrass.Nucleus"), **default({"a": 1}))
        core.write_recipe(LIB, RUN)
        core.deployed({NAME: "1.0.0"}, configuration={NAME: ConfigurationUpdate({"a": 7})})
        core.wait_for_text(NAME, "runs")
        (deployment,) = core.deployments.list()

    with RuntimeUnderTest(tmp_path / "core") as core:
        core.wait_for_state(NAME, State.RUNNING)
        core.wait_for_state(LIB, State.RUNNING)
        assert core.wait_for_text(NAME, "runs", "7\n7\n")
        assert core.work_file(NAME, "installs").read_text() == "x\nx\n"
        assert core.work_file(NAME, "bootstraps").read_text() == "x\n"
        assert core.deployments.list() == [deployment]
        statuses = {status.name: status for status in core.call(core.supervisor.status)}
        assert statuses[NAME].is_root
        assert not statuses[LIB].is_root
        assert statuses["aws.greengrass.Nucleus"].is_built_in


def test_core_that_ends_while_it_deploys_leaves_no_configuration_of_a_component_that_never_came(
    tmp_path: Path,
) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(LIB, RUN, **default({"a": 1}))
        core.deployed({LIB: "1.0.0"})
        core.write_recipe(NAME, {"install": {"Script": FOREVER}, **RUN}, **default({"a": 1}))
        core.submit({NAME: "1.0.0"})
        core.wait_for_log(NAME, "shell-runner-start")

    with RuntimeUnderTest(tmp_path / "core") as core:
        assert core.store.component_names() == [LIB]
        core.write_recipe(NAME, RUN, **default({"a": 2}))
        core.deployed({NAME: "1.0.0"})
        assert core.store.get(NAME) == {"a": 2}


def test_core_that_ends_while_it_deploys_comes_back_with_the_configuration_it_had(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(LIB, RUN, **default({"a": 1}))
        core.deployed({LIB: "1.0.0"}, configuration={LIB: ConfigurationUpdate({"a": 2})})
        core.write_recipe(NAME, {"install": {"Script": FOREVER}, **RUN})
        update = ConfigurationUpdate({"a": 3, "new": True})
        core.submit({LIB: "1.0.0", NAME: "1.0.0"}, configuration={LIB: update})
        core.wait_for_log(NAME, "shell-runner-start")
        assert core.store.get(LIB) == {"a": 3, "new": True}

    with RuntimeUnderTest(tmp_path / "core") as core:
        assert core.store.get(LIB) == {"a": 2}
        core.call(core.store.update, LIB, ["a"], "its own", time.time_ns() // 1_000_000)

    with RuntimeUnderTest(tmp_path / "core") as core:
        assert core.store.get(LIB) == {"a": "its own"}, "restored once, not at every start"


@pytest.mark.parametrize("policy", FailurePolicy)
def test_deployment_that_has_ended_is_not_undone_by_the_next_core(
    tmp_path: Path, policy: FailurePolicy
) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(LIB, RUN, **default({"a": 1}))
        core.deployed({LIB: "1.0.0"})
        core.write_recipe(NAME, BROKEN)
        update = {LIB: ConfigurationUpdate({"a": 2})}
        core.deploy({LIB: "1.0.0", NAME: "1.0.0"}, configuration=update, failure_policy=policy)
        core.call(core.store.update, LIB, ["own"], True, time.time_ns() // 1_000_000)
        last = core.store.get(LIB)

    with RuntimeUnderTest(tmp_path / "core") as core:
        assert core.store.get(LIB) == last


def test_removed_component_leaves_no_daemon_not_even_of_its_uninstall_script(tmp_path: Path) -> None:
    def daemon(file_name: str) -> str:
        waits = f"until [ -s {file_name} ]; do sleep 0.02; done"
        return f"setsid sh -c 'echo $$ > {file_name}; exec sleep 1000' & {waits}"

    with RuntimeUnderTest(tmp_path / "core") as core:
        steps = {step: {"Script": daemon(step)} for step in ("startup", "uninstall")}
        core.write_recipe(NAME, steps)
        core.deployed({NAME: "1.0.0"})
        assert not process_has_ended(int(core.wait_for_text(NAME, "startup")))

        core.deployed({}, root_components_to_remove=(NAME,))

        for step in steps:
            assert process_has_ended(int(core.wait_for_text(NAME, step)))


def test_next_core_unpacks_what_a_killed_one_was_unpacking(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        with zipfile.ZipFile(core.artifact_path(NAME, "1.0.0", "app.zip"), "w") as archive:
            archive.writestr("words.txt", "from the archive")
        run = {"Script": f"cat {{artifacts:decompressedPath}}/app/words.txt; echo; {FOREVER}"}
        core.write_recipe(NAME, {"run": run}, artifacts=[{"Uri": "s3://B/C/V/app.zip", "Unarchive": "ZIP"}])
        core.deployed({NAME: "1.0.0"})
        core.wait_for_log(NAME, "from the archive")
    unpacked = core.layout.artifacts_unarchived(NAME, "1.0.0") / "app"
    unpacked.rename(unpacked.with_name("app.old"))

    with RuntimeUnderTest(tmp_path / "core") as core:
        wait_until(lambda: core.log(NAME).count("stdout. from the archive") == 2, 30, "the code again")


def test_removed_component_stays_away_when_the_disk_was_full_as_it_went(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(LIB, RUN)
        waits = {"Script": "while [ ! -e {work:path}/go ]; do sleep 0.05; done"}
        core.write_recipe(NAME, RUN | {"uninstall": waits}, **default({"a": 1}))
        core.deployed({NAME: "1.0.0", LIB: "1.0.0"})
        removal = core.submit({}, root_components_to_remove=(NAME,))
        core.wait_for_log(NAME, f"services.{NAME}.lifecycle.uninstall.script")

        with file_size_limit(0):
            core.work_file(NAME, "go").touch()
            record = core.wait_for_end(removal)

        assert record.status is Status.FAILED
        assert record.detailed_status is DetailedStatus.FAILED_ROLLBACK_NOT_REQUESTED
        core.deployed({LIB: "1.0.0"})
        assert core.status(NAME) is None

    with RuntimeUnderTest(tmp_path / "core") as core:
        pid_of(core, LIB)
        assert core.status(NAME) is None


def test_deployment_that_cannot_be_noted_is_refused_and_forgotten(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        with file_size_limit(0), pytest.raises(OSError, match="too large"):
            core.submit({NAME: "1.0.0"})

        assert core.call(core.deployments.list) == []


def test_component_whose_recipe_was_lost_does_not_keep_the_next_core_from_starting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        core.write_recipe(NAME, RUN)
        core.write_recipe(LIB, RUN)
        core.deployed({NAME: "1.0.0", LIB: "1.0.0"})
        (core.layout.recipes / f"{NAME}-1.0.0.yaml").unlink()

    with RuntimeUnderTest(tmp_path / "core") as core:
        pid_of(core, LIB)

    assert f"{NAME} 1.0.0 cannot be started again" in caplog.text


def test_token_exchange_is_told_to_those_that_depend_on_it_and_to_those_that_depend_on_them(
    tmp_path: Path,
) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        script = f'echo "$AWS_CONTAINER_CREDENTIALS_FULL_URI|" > uri; {FOREVER}'
        lifecycle = {"run": {"Script": script}}
        core.write_recipe(LIB, lifecycle, **needs("aws.greengrass.TokenExchangeService"))
        core.write_recipe(NAME, lifecycle, **needs(LIB))
        core.write_recipe("com.example.Other", lifecycle)
        core.deployed({NAME: "1.0.0", "com.example.Other": "1.0.0"})

        assert core.wait_for_text(LIB, "uri").startswith("http://")
        assert core.wait_for_text(NAME, "uri").startswith("http://")
        assert core.wait_for_text("com.example.Other", "uri") == "|\n"


def test_configuration_values_reach_scripts_as_json(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core") as core:
        settings = {"list": [1, 2], "text": "it's"}
        run = {
            "Script": f'echo "$SETTINGS" > settings; {FOREVER}',
            "Setenv": {"SETTINGS": "{configuration:/s}"},
        }
        core.write_recipe(NAME, {"run": run}, **default({"s": settings}))
        core.deployed({NAME: "1.0.0"})

        assert json.loads(core.wait_for_text(NAME, "settings")) == settings
