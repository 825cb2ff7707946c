"""Both components deployed from their recipes on a core of its own process, to be killed, and to be judged.

A killed core is started again on the same root by the test, as a machine's init would. What a component has
taken in is read from its log ("reading_stored", when the core was there to write it down) and from its disk;
what has arrived is `cloud`'s to say.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from edge_cli.building import Built
from local_core.settings import Flavor
from support.core import STOP_DEADLINE_S, RunningCore, start_core
from support.deployed import build_for_here, deploy_built
from support.ipc import connect
from support.pipeline.cloud import PipelineCloud
from support.pipeline.disk import Held, held
from support.pipeline.table import ReadingId
from support.runtime import wait_for_process_end
from support.s3.store import BUCKET
from support.waiting import wait_until

PUBLISHER, UPLOADER = "com.example.MqttPublisher", "com.example.S3BatchUploader"
NAMES = (PUBLISHER, UPLOADER)
PACKAGES = ("mqtt_publisher", "s3_batch_uploader")
MAX_IN_FLIGHT = 4
LANES = 2
WITHIN_S = 30.0
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    PUBLISHER: {
        "publish_interval_s": "0.02",
        "heartbeat_every": "0",
        "max_in_flight": str(MAX_IN_FLIGHT),
    },
    UPLOADER: {
        "bucket": BUCKET,
        "reading_interval_s": "0.02",
        "batch_max_records": "10",
        "batch_max_age_s": "1",
    },
}


class Pipeline:
    """A core with both components; made by `running_pipeline`.

    Attributes:
        core: The one that runs now.
        cloud: Where everything goes.
    """

    def __init__(self, root: Path, cloud: PipelineCloud, flavor: Flavor) -> None:
        self.cloud = cloud
        self._root = root
        self._flavor = flavor
        self.core = self._started()

    def deploy(self, s3_url: str) -> None:
        """Build and deploy both components, uploads going to `s3_url`."""
        output = self._root.parent / "build"
        built = build_for_here(PACKAGES, output)
        for one in built:
            _send_uploads_to(s3_url, one)
        deploy_built(self.core, output, built, SETTINGS)

    def process(self, name: str) -> psutil.Process:
        """The process of a component that runs, or starts now."""

        def found() -> psutil.Process | None:
            component = self.core.component(name)
            pid = component and component["pid"]
            with suppress(psutil.NoSuchProcess):
                return psutil.Process(pid) if pid else None
            return None

        return wait_until(found, WITHIN_S, f"a process of {name}")

    def kill(self, name: str) -> None:
        """End a component by SIGKILL; the core starts it again by itself."""
        process = self.process(name)
        process.kill()
        wait_for_process_end(process.pid)

    def restart(self, name: str) -> None:
        """`component restart`, as a user does: otherwise the third failure in a row would be its last."""
        before = self.process(name)
        with connect(Path(self.core.endpoints["ipc"]), self.core.cli_token) as cli:
            assert cli.restart_component(component_name=name).restart_status == "SUCCEEDED"
        wait_for_process_end(before.pid)

    def kill_core(self) -> None:
        """End the core by SIGKILL, and with it every process that it has started."""
        processes = [self.process(name) for name in NAMES]
        self.core.process.kill()
        self.core.process.wait(WITHIN_S)
        for process in processes:
            wait_for_process_end(process.pid)

    def start_core(self) -> None:
        """Start a core on the same root; what was deployed runs again."""
        self.core = self._started()

    def stop(self) -> None:
        """Ask the core down: the components end tidily before it."""
        self.core.process.terminate()
        self.core.process.wait(STOP_DEADLINE_S)

    def log(self, name: str) -> str:
        """Everything that a component has logged on this root, with what was rotated away."""
        pattern = re.compile(rf"{re.escape(name)}(_\d{{4}}(_\d\d){{3}}_\d+)?\.log")
        paths = [path for path in (self._root / "logs").iterdir() if pattern.fullmatch(path.name)]
        return "".join(path.read_text() for path in paths)

    def stored(self) -> set[ReadingId]:
        """The readings that the publisher has said are safe."""
        found = re.findall(r" reading_stored boot_id=(\w+) sequence=(\d+)", self.log(PUBLISHER))
        return {(boot_id, int(sequence)) for boot_id, sequence in found}

    def work(self, name: str) -> Path:
        """A component's work folder."""
        return self._root / "work" / name

    def held(self, name: str) -> Held:
        """What is on a component's disk."""
        return held(self.work(name) / "outbox")

    def _started(self) -> RunningCore:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("PATH", f"{self.cloud.door}:{os.environ['PATH']}")
            process, status = start_core(self._root, "--flavor", self._flavor)
        return RunningCore(self._root, process, status["endpoints"])


def _send_uploads_to(s3_url: str, built: Built) -> None:
    recipe = yaml.safe_load(built.recipe.read_text())
    for manifest in recipe["Manifests"]:
        manifest["Lifecycle"]["Setenv"]["AWS_ENDPOINT_URL_S3"] = s3_url
    built.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))


@contextmanager
def running_pipeline(
    folder: Path, cloud: PipelineCloud, flavor: Flavor, s3_url: str | None = None
) -> Iterator[Pipeline]:
    """A core with both components at work; gone afterwards.

    Args:
        folder: Gets the core's root and what is built.
        cloud: Where everything goes.
        flavor: Of the core.
        s3_url: The way to the cloud's S3; None is the straight one.
    """
    pipeline = Pipeline(folder / "core", cloud, flavor)
    try:
        pipeline.deploy(s3_url or cloud.store.url)
        yield pipeline
    finally:
        if pipeline.core.process.poll() is None:
            pipeline.stop()
