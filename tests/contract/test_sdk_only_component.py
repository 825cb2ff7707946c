"""A component deployed from its own recipe, using nothing but the AWS SDK, on a whole core."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from support.core import running_core
from support.ipc import connect
from support.waiting import wait_until

SOURCE = Path(__file__).with_name("sdk_only")
NAME, VERSION = "com.example.test.SdkOnly", "1.0.0"


@pytest.mark.parametrize("flavor", ["classic", "lite"])
def test_component_with_only_the_sdk_does_what_its_recipe_grants_and_no_more(
    tmp_path: Path, flavor: str
) -> None:
    recipes, artifacts = tmp_path / "recipes", tmp_path / "artifacts" / NAME / VERSION
    recipes.mkdir()
    artifacts.mkdir(parents=True)
    recipe = (SOURCE / f"{NAME}-{VERSION}.yaml").read_text()
    # The one that has the SDK installed: the core's own Python comes without packages, as a device's does.
    (recipes / f"{NAME}-{VERSION}.yaml").write_text(recipe.replace("python3", sys.executable))
    shutil.copy(SOURCE / "exercise.py", artifacts)

    with running_core(tmp_path / "core", "--flavor", flavor) as core:
        with connect(Path(core.endpoints["ipc"]), core.cli_token) as cli:
            cli.create_local_deployment(
                recipe_directory_path=str(recipes),
                artifacts_directory_path=str(tmp_path / "artifacts"),
                root_component_versions_to_add={NAME: VERSION},
            )
        results_file = core.root / "work" / NAME / "results.json"
        results = json.loads(
            wait_until(lambda: results_file.read_text() if results_file.exists() else None, 60, "results")
        )
        core.wait_for_state(NAME, "FINISHED")

    assert results == {
        "local_round_trip": "ok",
        "cloud_round_trip": "ok",
        "read_configuration": "ok",
        "change_configuration": "ok",
        "update_state": "ok",
        "credentials": "ok",
        "publish_local_not_granted": "UnauthorizedError",
        "subscribe_local_not_granted": "UnauthorizedError",
        "publish_cloud_not_granted": "UnauthorizedError",
        "subscribe_cloud_not_granted": "UnauthorizedError",
        "validate_token_not_granted": "UnauthorizedError",
        "change_grants": "InvalidArgumentsError",
    }
