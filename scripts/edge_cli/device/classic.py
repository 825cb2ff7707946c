"""The classic nucleus on a board, through the `greengrass-cli` that lies in its folder."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from edge_cli.core.deployments import FailurePolicy
from edge_cli.device import complaints
from edge_cli.device.board import Ended, NoAnswerError
from edge_cli.device.nucleus import BROKEN_STATES, NUCLEUS_LOG, BoardDeployment, Installed, Nucleus, Progress
from edge_cli.errors import CommandError
from edge_cli.logs import lines
from edge_cli.logs.lines import LogRecord

# What greengrass-cli prints: DeploymentCommand and ComponentCommand of aws-greengrass-cli.
_SUBMITTED = re.compile(r"Deployment Id: (\S+)")
_STATUS = re.compile(r"^(?P<id>\S+): (?P<status>[A-Z_]+)$", re.MULTILINE)
_FACT = re.compile(r"^\s*(Component Name|Version|State|Configuration): (.*)$", re.MULTILINE)
_CANNOT_RUN, _NOT_THERE = 126, 127
_LINES_LOOKED_THROUGH = 2000  # of a log: minutes of it, even while a deployment is under way


class ClassicNucleus(Nucleus):
    """As `Nucleus`."""

    kind = "the classic nucleus"
    failure_policy = FailurePolicy.ROLLBACK
    _submitted_at = ""

    def components(self) -> Mapping[str, Installed]:
        """As `Nucleus.components`; one call for all, for each starts a Java machine."""
        ended = self._cli("component", "list")
        if ended.code:
            raise self._refused("asked about its components", ended)
        return {one.name: one for one in _listed(ended.stdout)}

    def submit(self, deployment: BoardDeployment) -> str:
        """As `Nucleus.submit`."""
        words = ["deployment", "create", "--failure-handling-policy", self.failure_policy]
        if deployment.versions:
            folder = deployment.folder
            words += ["--recipeDir", f"{folder}/recipes", "--artifactDir", f"{folder}/artifacts"]
        for name, version in deployment.versions.items():
            words += ["--merge", f"{name}={version}"]
        for name in deployment.remove:
            words += ["--remove", name]
        if deployment.changes_configuration:
            words += ["--update-config", f"{deployment.folder}/update-config.json"]
        # The board's clock, as its log has it; whole seconds, which sort before their decimals.
        self._submitted_at = self.board.run(["date", "-u", "+%Y-%m-%dT%H:%M:%S"]).stdout.strip()
        ended = self._cli(*words)
        submitted = _SUBMITTED.search(ended.stdout)
        if ended.code or submitted is None:
            raise self._refused("told to deploy", ended)
        return submitted[1]

    def progress(self, deployment_id: str) -> Progress:
        """As `Nucleus.progress`."""
        ended = self._cli("deployment", "status", "--deploymentId", deployment_id)
        found = next((one for one in _STATUS.finditer(ended.stdout) if one["id"] == deployment_id), None)
        if found is None:
            raise self._refused("asked about the deployment", ended)
        further = ended.stdout[found.end() :].splitlines()
        return Progress(found["status"], tuple(line.strip() for line in further if line.strip()))

    def blamed(self, names: Collection[str]) -> list[str]:
        """As `Nucleus.blamed`, from greengrass.log: after a rollback nothing else tells."""
        broken = {
            record.fact("serviceName")
            for record in self.said_since(NUCLEUS_LOG, _LINES_LOOKED_THROUGH)
            if record.fact("newState") in BROKEN_STATES
        }
        return [name for name in names if name in broken]

    def said_since(self, log: str, count: int) -> list[LogRecord]:
        """As `Nucleus.said_since`."""
        path = f"{self.root}/logs/{log}.log"
        tail = ["tail", "-n", str(_LINES_LOOKED_THROUGH), "--", path]
        said = self.board.run_as_root(tail).stdout.splitlines()
        since = [one for one in lines.records(log, said) if one.sort_key >= self._submitted_at]
        return since[-count:]

    def advice_to_look(self, deployment_id: str) -> str:
        """As `Nucleus.advice_to_look`."""
        return f"sudo {self._program} deployment status -i {deployment_id}"

    @property
    def _program(self) -> str:
        return f"{self.root}/bin/greengrass-cli"

    def _cli(self, *words: str) -> Ended:
        ended = self.board.run_as_root([self._program, "--ggcRootPath", self.root, *words])
        by_sudo = ended.stderr.startswith("sudo: ") and "command not found" in ended.stderr
        if ended.code not in {_CANNOT_RUN, _NOT_THERE} and not by_sudo:
            return ended
        if self.board.run_as_root(["test", "-e", self._program]).code:
            raise CommandError(
                f"There is no greengrass-cli in {self.root}/bin on {self.board.name}. It is the component "
                "aws.greengrass.Cli: add it to the device's deployment, or install the nucleus with "
                "--deploy-dev-tools true. Is the nucleus elsewhere? --root"
            )
        if ended.code == _CANNOT_RUN:
            raise self._refused("started", ended)
        raise CommandError(
            f"greengrass-cli on {self.board.name} cannot run: {ended.said.rstrip('.')}. It takes Java on the "
            f"PATH of root, or in JAVA_HOME: {complaints.JAVA}"
        )

    def _refused(self, when: str, ended: Ended) -> CommandError:
        said = f"{ended.stderr}\n{ended.stdout}".strip() or f"it ended with {ended.code} and said nothing"
        board = self.board
        complaint = complaints.understood(
            said, is_root=board.can_be_root, root=self.root, advice_on_root=board.advice_on_root()
        )
        text = f"greengrass-cli on {board.name}, {when}: {complaint.reason}. {complaint.advice}"
        return NoAnswerError(text) if complaint.is_silence else CommandError(text)


def _listed(text: str) -> Iterator[Installed]:
    """What `component list` and `component details` print: four lines for each component."""
    facts: dict[str, str] = {}
    for key, value in [*_FACT.findall(text), ("Component Name", "")]:
        if key == "Component Name":
            if facts:
                yield Installed(
                    facts["Component Name"],
                    facts.get("Version", ""),
                    facts.get("State", ""),
                    _configuration(facts.get("Configuration", "")),
                )
            facts = {}
        facts[key] = value.strip()


def _configuration(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
