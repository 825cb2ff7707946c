"""The uploader as a process, started by another command that takes something from it."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.uploading import THING, Bucket, credentials

UPLOADER = "s3_batch_uploader"
_RIGHTS_OF_ROOT = "-dac_override,-dac_read_search"


def with_less(*words: str) -> list[str]:
    """The command that starts the uploader by another one."""
    return [*words, sys.executable, "-m", UPLOADER]


def as_any_user() -> list[str]:
    """The uploader without root's right to read and write everything."""
    if os.geteuid():
        return with_less()
    return with_less("setpriv", "--bounding-set", _RIGHTS_OF_ROOT, "--inh-caps", _RIGHTS_OF_ROOT)


def run_under(
    command: Sequence[str], folder: Path, wanted: dict[str, Any], bucket: Bucket
) -> "subprocess.Popen[bytes]":
    """The uploader under a command; its output goes to `stdout` in its folder."""
    environment = {
        **os.environ,
        **credentials(bucket),
        "AWS_IOT_THING_NAME": THING,
        "GG_COMPONENT_CONFIG": json.dumps(wanted),
    }
    with (folder / "stdout").open("wb") as output:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=output)


def said_by(folder: Path) -> str:
    """What it has written so far."""
    return (folder / "stdout").read_text()
