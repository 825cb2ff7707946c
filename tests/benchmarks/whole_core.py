"""A whole core for benchmarks: broker, spooler and all, with a component whose token the clients may use."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.core import running_core
from support.ipc import connect
from support.waiting import wait_until

NAME, VERSION = "com.example.benchmark.Publisher", "1.0.0"
# Its only work is to have an identity: the benchmark's clients connect with its token.
RECIPE = {
    "RecipeFormatVersion": "2020-01-25",
    "ComponentName": NAME,
    "ComponentVersion": VERSION,
    "ComponentConfiguration": {
        "DefaultConfiguration": {
            "accessControl": {
                "aws.greengrass.ipc.mqttproxy": {
                    f"{NAME}:mqttproxy:1": {
                        "operations": ["aws.greengrass#PublishToIoTCore"],
                        "resources": ["+/+/+"],
                    }
                }
            }
        }
    },
    "Manifests": [
        {
            "Platform": {"os": "linux", "runtime": "*"},
            "Lifecycle": {"run": {"Script": "umask 077; echo $SVCUID > token; exec sleep 3600"}},
        }
    ],
}


@contextmanager
def whole_core(flavor: str = "classic") -> Iterator[tuple[Path, str]]:
    """A core with one component deployed: its socket and the component's token."""
    with tempfile.TemporaryDirectory() as folder, running_core(Path(folder), "--flavor", flavor) as core:
        recipes = Path(folder) / "recipes"
        recipes.mkdir()
        (recipes / f"{NAME}-{VERSION}.json").write_text(json.dumps(RECIPE))
        socket_path = Path(core.endpoints["ipc"])
        with connect(socket_path, core.cli_token) as cli:
            cli.create_local_deployment(
                recipe_directory_path=str(recipes), root_component_versions_to_add={NAME: VERSION}
            )
        token_file = core.root / "work" / NAME / "token"
        token = wait_until(lambda: token_file.read_text() if token_file.exists() else None, 30, "the token")
        yield socket_path, token.strip()
