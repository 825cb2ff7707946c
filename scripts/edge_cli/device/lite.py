"""Greengrass Lite on a board, through `ggl-cli` and the journal.

It has no command that tells how a deployment fares: the journal of its deployment service does.
"""

import json
import re
from collections.abc import Collection
from pathlib import PurePosixPath

from edge_cli.device.board import NoAnswerError
from edge_cli.device.nucleus import (
    FAILED,
    NUCLEUS_LOG,
    QUEUED,
    SUCCEEDED,
    BoardDeployment,
    Installed,
    Nucleus,
    Progress,
)
from edge_cli.errors import CommandError
from edge_cli.logs import lines
from edge_cli.logs.lines import LogRecord

DEPLOYER = "ggl.core.ggdeploymentd.service"
# What its deployment service logs last (deployment_handler.c of aws-greengrass-lite).
_OUTCOME = re.compile(r"Completed deployment processing and reporting job as (SUCCEEDED|FAILED)")
_SUBMITTED = re.compile(r"Deployment id: ([^\s.]+)")
_CURSOR = re.compile(r"^-- cursor: (\S+)$", re.MULTILINE)  # journalctl(1), --show-cursor
_MOST_COMPONENTS = 10  # MAX_COMPONENTS of ggl-cli.c
_NOT_THERE = (126, 127)


class LiteNucleus(Nucleus):
    """As `Nucleus`."""

    kind = "Greengrass Lite"
    failure_policy = None
    _submitted_at: tuple[str, ...] = ()

    def components(self) -> dict[str, Installed] | None:
        """Always None: Lite answers no such question."""
        return None

    def refuse_what_it_cannot(self, versions: Collection[str], *, removes: bool, configures: bool) -> None:
        """As `Nucleus.refuse_what_it_cannot`."""
        if not self.board.can_be_root:
            raise CommandError(
                f"ggl-cli and the journal on {self.board.name} take root. {self.board.advice_on_root()}"
            )
        if removes or configures:
            raise CommandError(
                "Greengrass Lite takes neither --remove nor --configuration in a local deployment. "
                "Deploy through AWS: scripts/edge deploy --thing NAME"
            )
        if len(versions) > _MOST_COMPONENTS:
            raise CommandError(
                f"ggl-cli deploys {_MOST_COMPONENTS} components at once at most, and these are "
                f"{len(versions)}. Name the components to deploy: scripts/edge deploy NAME … --local"
            )

    def submit(self, deployment: BoardDeployment) -> str:
        """As `Nucleus.submit`.

        Lite does not unpack archives in a local deployment, so that is done here, where it looks for them.
        """
        folder = deployment.folder
        for name, version in deployment.versions.items():
            self._unpack(folder, name, version)
        words = ["ggl-cli", "deploy"]
        words += ["--recipe-dir", f"{folder}/recipes", "--artifacts-dir", f"{folder}/artifacts"]
        for name, version in deployment.versions.items():
            words += ["--add-component", f"{name}={version}"]
        self._submitted_at = self._end_of_journal()
        ended = self.board.run_as_root(words)
        if ended.code in _NOT_THERE:
            raise CommandError(
                f"There is no ggl-cli on {self.board.name}. Install aws-greengrass-lite's package."
            )
        submitted = _SUBMITTED.search(ended.stdout)
        if ended.code or submitted is None:
            advice = (
                "Is Lite running? systemctl status greengrass-lite.target"
                if self.board.can_be_root
                else f"That takes root. {self.board.advice_on_root()}"
            )
            raise CommandError(
                f"ggl-cli on {self.board.name}: {ended.said or f'ended with {ended.code}'}. {advice}"
            )
        return submitted[1]

    def progress(self, deployment_id: str) -> Progress:
        """As `Nucleus.progress`; deployments that end at the same time cannot be told apart."""
        del deployment_id
        said = self._journalctl(*self._submitted_at, "-o", "json")
        messages = [str(json.loads(line).get("MESSAGE")) for line in said.splitlines() if line]
        outcome = next((found[1] for message in messages if (found := _OUTCOME.search(message))), None)
        if outcome == FAILED:
            return Progress(FAILED, tuple(message for message in messages if message.startswith("E[")))
        return Progress(SUCCEEDED if outcome else QUEUED)

    def blamed(self, names: Collection[str]) -> list[str]:
        """Always none: what its deployment service says is all that there is."""
        del names
        return []

    def said_since(self, log: str, count: int) -> list[LogRecord]:
        """As `Nucleus.said_since`; the journal's text has no times, so neither have the records."""
        unit = DEPLOYER if log == NUCLEUS_LOG else f"ggl.{log}.service"
        shown = ["-n", str(count), "-o", "cat", "--no-pager"]
        ended = self.board.run_as_root(["journalctl", "-u", unit, *self._submitted_at, *shown])
        return list(lines.records(log, ended.stdout.splitlines()))

    def advice_to_look(self, deployment_id: str) -> str:
        """As `Nucleus.advice_to_look`."""
        del deployment_id
        return f"sudo journalctl -u {DEPLOYER.removesuffix('.service')} -f"

    def _end_of_journal(self) -> tuple[str, ...]:
        """What makes journalctl begin with what comes after now; by its own count, for clocks are set."""
        found = _CURSOR.search(self._journalctl("-n", "1", "--show-cursor", "-o", "cat"))
        return ("--after-cursor", found[1]) if found else ()

    def _journalctl(self, *options: str) -> str:
        ended = self.board.run_as_root(["journalctl", "-u", DEPLOYER, *options, "--no-pager"])
        if ended.code:
            raise NoAnswerError(
                f"journalctl on {self.board.name}: {ended.said or f'ended with {ended.code}'}. "
                f"That takes root. {self.board.advice_on_root()}"
            )
        return ended.stdout

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
