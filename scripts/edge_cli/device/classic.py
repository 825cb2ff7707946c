"""The classic nucleus on a board, through the `greengrass-cli` that lies in its folder."""

import json
import re

from edge_cli.device.board import Ended
from edge_cli.device.commanding import Installed, Nucleus, Order, Progress
from edge_cli.errors import CommandError

# What greengrass-cli prints: DeploymentCommand and ComponentCommand of aws-greengrass-cli.
_SUBMITTED = re.compile(r"Deployment Id: (\S+)")
_STATUS = re.compile(r"^(?P<id>\S+): (?P<status>[A-Z_]+)$", re.MULTILINE)
_FACT = re.compile(r"^\s*(Version|State|Configuration): (.*)$", re.MULTILINE)
_NO_SUCH_COMPONENT = re.compile(r"ResourceNotFound|not found|does not exist|[Nn]o such component")
_NO_ANSWER = re.compile(r"[Cc]onnect|socket|Unable to (?:create|find)|No core (?:runs|answers)|ipc_info")
_NO_RIGHTS = re.compile(
    r"[Pp]ermission denied|AccessDenied|Unauthorized|not permitted|a password is required"
)
_CANNOT_RUN, _NOT_THERE = 126, 127


class ClassicNucleus(Nucleus):
    """As `Nucleus`.

    Raises:
        CommandError: There is no greengrass-cli in its folder.
    """

    kind = "the classic nucleus"

    def installed(self, name: str) -> Installed | None:
        """As `Nucleus.installed`."""
        ended = self._cli("component", "details", "--name", name)
        if ended.code:
            if _NO_SUCH_COMPONENT.search(ended.said):
                return None
            raise self._refused("asked about a component", ended)
        facts = dict(_FACT.findall(ended.stdout))
        try:
            configuration = json.loads(facts.get("Configuration", "{}"))
        except ValueError:
            configuration = None
        return Installed(
            name,
            facts.get("Version", ""),
            facts.get("State", ""),
            configuration if isinstance(configuration, dict) else {},
        )

    def submit(self, order: Order) -> str:
        """As `Nucleus.submit`."""
        words = ["deployment", "create"]
        if order.versions:
            words += ["--recipeDir", f"{order.folder}/recipes", "--artifactDir", f"{order.folder}/artifacts"]
        for name, version in order.versions.items():
            words += ["--merge", f"{name}={version}"]
        for name in order.remove:
            words += ["--remove", name]
        if order.changes_configuration:
            words += ["--update-config", f"{order.folder}/update-config.json"]
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

    def last_lines(self, log: str, count: int) -> list[str]:
        """As `Nucleus.last_lines`."""
        path = f"{self.root}/logs/{log}.log"
        return self.board.run_as_root(["tail", "-n", str(count), "--", path]).stdout.splitlines()

    def _cli(self, *words: str) -> Ended:
        ended = self.board.run_as_root(
            [f"{self.root}/bin/greengrass-cli", "--ggcRootPath", self.root, *words],
        )
        missing = ended.code == _NOT_THERE or "command not found" in ended.stderr
        if missing or (ended.code == _CANNOT_RUN and not _NO_RIGHTS.search(ended.said)):
            raise CommandError(
                f"There is no greengrass-cli in {self.root}/bin on {self.board.name}. It is the component "
                "aws.greengrass.Cli: add it to the device's deployment, or install the nucleus with "
                "--deploy-dev-tools true. Is the nucleus elsewhere? --root"
            )
        return ended

    def _refused(self, when: str, ended: Ended) -> CommandError:
        said = ended.said or f"it ended with {ended.code} and said nothing"
        if _NO_RIGHTS.search(said):
            advice = f"That takes root. {self.board.advice_on_root()}"
        elif _NO_ANSWER.search(said):
            advice = (
                "Is the nucleus running? systemctl status greengrass, and scripts/edge doctor on the board"
            )
        else:
            advice = f"Its log: {self.root}/logs/greengrass.log"
        reason = said.removeprefix("error: ").rstrip(".")
        return CommandError(f"greengrass-cli on {self.board.name}, {when}: {reason}. {advice}")
