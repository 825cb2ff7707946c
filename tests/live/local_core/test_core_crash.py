"""A core that is killed: nothing it started survives, and the next one on its root takes over."""

from pathlib import Path

import yaml

from support.core import RunningCore, running_core, start_core
from support.ipc import connect
from support.runtime import process_has_ended, wait_for_process_end
from support.waiting import wait_until

NAME = "com.example.Family"
DAEMON = "setsid sh -c 'echo $$ > daemon; exec sleep 1000' &"
SCRIPT = f"{DAEMON} sleep 1000 & echo $! > grandchild; echo $$ > child; wait"
FAMILY = ("child", "grandchild", "daemon")


def write_recipe(folder: Path, name: str = NAME, step: str = "run") -> None:
    recipe = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": name,
        "ComponentVersion": "1.0.0",
        "ComponentConfiguration": {"DefaultConfiguration": {"a": 1}},
        "Manifests": [{"Platform": {"os": "linux", "runtime": "*"}, "Lifecycle": {step: {"Script": SCRIPT}}}],
    }
    folder.mkdir(exist_ok=True)
    (folder / f"{name}-1.0.0.yaml").write_text(yaml.safe_dump(recipe))


def deploy(core: RunningCore, recipes: Path, name: str) -> None:
    with connect(Path(core.endpoints["ipc"]), core.cli_token) as cli:
        cli.create_local_deployment(
            recipe_directory_path=str(recipes), root_component_versions_to_add={name: "1.0.0"}
        )


def family_of(core: RunningCore, component: str = NAME) -> list[int]:
    files = [core.root / "work" / component / name for name in FAMILY]

    def written() -> list[int] | None:
        texts = [file.read_text() if file.exists() else "" for file in files]
        return [int(text) for text in texts] if all(text.endswith("\n") for text in texts) else None

    return wait_until(written, 30, "the family's ids")


def test_killed_core_leaves_no_process_and_the_next_one_runs_the_same_components(tmp_path: Path) -> None:
    root, recipes = tmp_path / "core", tmp_path / "recipes"
    write_recipe(recipes)
    process, status = start_core(root)
    try:
        core = RunningCore(root, process, status["endpoints"])
        deploy(core, recipes, NAME)
        core.wait_for_state(NAME, "RUNNING")
        family = family_of(core)
        wait_until(lambda: core.wait_for_state(NAME, "RUNNING")["is_root"], 30, "end of the deployment")
    finally:
        process.kill()
        process.wait()
    for pid in family:
        wait_for_process_end(pid)
    for name in FAMILY:
        (root / "work" / NAME / name).unlink()

    with running_core(root) as core:
        core.wait_for_state(NAME, "RUNNING")
        next_family = family_of(core)

    assert all(process_has_ended(pid) for pid in next_family)


def test_core_that_is_killed_while_it_deploys_comes_back_as_it_was_before(tmp_path: Path) -> None:
    root, recipes, newcomer = tmp_path / "core", tmp_path / "recipes", "com.example.Newcomer"
    write_recipe(recipes)
    write_recipe(recipes, newcomer, "install")
    process, status = start_core(root)
    try:
        core = RunningCore(root, process, status["endpoints"])
        deploy(core, recipes, NAME)
        wait_until(lambda: core.wait_for_state(NAME, "RUNNING")["is_root"], 30, "end of the deployment")
        deploy(core, recipes, newcomer)
        family = family_of(core) + family_of(core, newcomer)
    finally:
        process.kill()
        process.wait()
    for pid in family:
        wait_for_process_end(pid)

    with running_core(root) as core:
        core.wait_for_state(NAME, "RUNNING")
        assert core.component(newcomer) is None
        assert newcomer not in (root / "config" / "configuration.json").read_text()
