"""Greengrass Lite on a board, through `ggl-cli` and the journal.

It has no command that tells how a deployment fares: the journal of its deployment service does.
"""

import json
import re
import time
from pathlib import PurePosixPath

from edge_cli.device.commanding import FAILED, QUEUED, SUCCEEDED, Installed, Nucleus, Order, Progress
from edge_cli.errors import CommandError

DEPLOYER = "ggl.core.ggdeploymentd.service"
# What its deployment service logs last (deployment_handler.c of aws-greengrass-lite).
_OUTCOME = re.compile(r"Completed deployment processing and reporting job as (SUCCEEDED|FAILED)")
_SUBMITTED = re.compile(r"Deployment id: ([^\s.]+)")
_MOST_COMPONENTS = 10  # MAX_COMPONENTS of ggl-cli.c
_NOT_THERE = (126, 127)


class LiteNucleus(Nucleus):
    """As `Nucleus`."""

    kind = "Greengrass Lite"
    _submitted_at_s = 0

    def installed(self, name: str) -> Installed | None:
        """Always None: Lite answers no such question."""
        del name
        return None

    def submit(self, order: Order) -> str:
        """As `Nucleus.submit`.

        Lite does not unpack archives in a local deployment, so that is done here, where it looks for them.
        """
        if order.remove or order.changes_configuration:
            raise CommandError(
                "Greengrass Lite takes neither --remove nor --configuration in a local deployment. "
                "Deploy through AWS: scripts/edge deploy --thing NAME"
            )
        if len(order.versions) > _MOST_COMPONENTS:
            raise CommandError(
                f"ggl-cli deploys {_MOST_COMPONENTS} components at once at most. Name those that are meant."
            )
        for name, version in order.versions.items():
            self._unpack(order.folder, name, version)
        words = ["ggl-cli", "deploy"]
        words += ["--recipe-dir", f"{order.folder}/recipes", "--artifacts-dir", f"{order.folder}/artifacts"]
        for name, version in order.versions.items():
            words += ["--add-component", f"{name}={version}"]
        said_at = self.board.run(["date", "+%s"]).stdout.strip()  # the board's clock, not ours
        self._submitted_at_s = int(said_at) if said_at.isdigit() else int(time.time())
        ended = self.board.run_as_root(words)
        if ended.code in _NOT_THERE:
            raise CommandError(
                f"There is no ggl-cli on {self.board.name}. Install aws-greengrass-lite's package."
            )
        submitted = _SUBMITTED.search(ended.stdout)
        if ended.code or submitted is None:
            raise CommandError(
                f"ggl-cli on {self.board.name}: {ended.said or f'ended with {ended.code}'}. "
                f"That takes root. Is Lite running? systemctl status greengrass-lite.target"
            )
        return submitted[1]

    def progress(self, deployment_id: str) -> Progress:
        """As `Nucleus.progress`; deployments that end at the same time cannot be told apart."""
        del deployment_id
        words = [
            "journalctl",
            "-u",
            DEPLOYER,
            "--since",
            f"@{self._submitted_at_s}",
            "-o",
            "json",
            "--no-pager",
        ]
        ended = self.board.run_as_root(words)
        if ended.code:
            raise CommandError(
                f"journalctl on {self.board.name}: {ended.said or f'ended with {ended.code}'}. "
                f"That takes root. {self.board.advice_on_root()}"
            )
        messages = [str(json.loads(line).get("MESSAGE")) for line in ended.stdout.splitlines() if line]
        outcome = next((found[1] for message in messages if (found := _OUTCOME.search(message))), None)
        if outcome == FAILED:
            return Progress(FAILED, tuple(message for message in messages if message.startswith("E[")))
        return Progress(SUCCEEDED if outcome else QUEUED)

    def last_lines(self, log: str, count: int) -> list[str]:
        """As `Nucleus.last_lines`."""
        unit = DEPLOYER if log == "greengrass" else f"ggl.{log}.service"
        words = ["journalctl", "-u", unit, "-n", str(count), "-o", "cat", "--no-pager"]
        return self.board.run_as_root(words).stdout.splitlines()

    def _unpack(self, folder: str, name: str, version: str) -> None:
        listed = self.board.run(["find", f"{folder}/artifacts/{name}/{version}", "-name", "*.zip"])
        for archive in listed.stdout.splitlines():
            target = PurePosixPath(
                self.root, "packages", "artifacts-unarchived", name, version, PurePosixPath(archive).stem
            )
            ended = self.board.run_as_root(["python3", "-m", "zipfile", "-e", archive, str(target)])
            if ended.code:
                raise CommandError(
                    f"{archive} could not be unpacked to {target} on {self.board.name}: {ended.said}. "
                    f"That takes root and python3. {self.board.advice_on_root()}"
                )
