"""Everything of one test of the fleet's commands: the cloud, a bucket, a build folder, and the command."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edge_cli.app import main
from support.aws.account import SECRET_KEY, SESSION_TOKEN
from support.aws.stand_in import GreengrassCloud
from support.s3.store import Store


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said.

    Attributes:
        code: Its exit code.
        out: On stdout.
        err: On stderr.
    """

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Its one JSON document."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where commands run.

    Attributes:
        cloud: What they reach.
        bucket: An empty one.
        folder: For builds.
        capture: Of pytest.
    """

    cloud: GreengrassCloud
    bucket: str
    folder: Path
    capture: pytest.CaptureFixture[str]

    def edge(self, *words: str, expect: int = 0) -> Said:
        """Run a command, with the real boto3, in this process."""
        code = main(list(words))
        captured = self.capture.readouterr()
        for canary in (SECRET_KEY, SESSION_TOKEN):
            assert canary not in captured.out + captured.err
        assert code == expect, f"edge {' '.join(words)}: {code}\n{captured.out}{captured.err}"
        return Said(code, captured.out, captured.err)

    def publish(self, *words: str, expect: int = 0) -> Said:
        """`edge publish` of the build folder into the bucket."""
        return self.edge(
            "publish", "--bucket", self.bucket, "--build", str(self.folder), *words, expect=expect
        )

    def deploy(self, *words: str, expect: int = 0) -> Said:
        """`edge deploy` with the names of the build folder."""
        return self.edge("deploy", *words, "--build", str(self.folder), expect=expect)


@contextmanager
def bench(
    store: Store, folder: Path, capture: pytest.CaptureFixture[str], environment: pytest.MonkeyPatch
) -> Iterator[Bench]:
    """A bench; afterwards nothing may have been asked or answered against the services' models."""
    with GreengrassCloud(store) as cloud:
        for variable in [name for name in os.environ if name.startswith("AWS_")]:
            environment.delenv(variable)
        for variable, value in cloud.environment.items():
            environment.setenv(variable, value)
        bucket = cloud.buckets.make(
            f"artifacts-{folder.parent.name.lower().replace('_', '-')[-40:]}".strip("-")
        )
        yield Bench(cloud, bucket, folder, capture)
        assert cloud.wrong == []
