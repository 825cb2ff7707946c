"""What a nucleus is told and asked, whichever kind it is."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from edge_cli.device.board import Board
from edge_cli.logs.lines import LogRecord

QUEUED = "QUEUED"
SUCCEEDED = "SUCCEEDED"
FAILED = "FAILED"
BROKEN_STATES = frozenset({"BROKEN", "ERRORED"})  # LifecycleState of Greengrass IPC
NUCLEUS_LOG = "greengrass"


@dataclass(frozen=True, slots=True)
class BoardDeployment:
    """What is to be deployed.

    Attributes:
        folder: On the board: `recipes/`, `artifacts/` and, where configurations change, `update-config.json`.
        versions: Component -> version.
        remove: Components to take away.
        changes_configuration: Whether there is an `update-config.json`.
    """

    folder: str
    versions: Mapping[str, str]
    remove: Sequence[str]
    changes_configuration: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How a deployment fares: the nucleus's word, and its reasons when it has failed."""

    status: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Installed:
    """A component as the nucleus describes it; `state` and `configuration` empty where it does not say."""

    name: str
    version: str
    state: str
    configuration: Mapping[str, Any] = field(default_factory=dict)


class Nucleus(ABC):
    """A nucleus on a board.

    Args:
        board: Where it runs.
        root: Its folder there.
    """

    kind: str
    """What a person calls it."""

    failure_policy: str | None
    """What it does with a deployment that fails, in greengrass-cli's words; None where it cannot be told."""

    def __init__(self, board: Board, root: str) -> None:
        self.board = board
        self.root = root

    @abstractmethod
    def components(self) -> Mapping[str, Installed] | None:
        """All that it has, by name; None where it cannot say.

        Raises:
            CommandError: It does not answer, or this user may not ask.
        """

    def refuse_what_it_cannot(self, versions: Collection[str], *, removes: bool, configures: bool) -> None:
        """Refuse what this kind of nucleus does not do in a local deployment; a classic one does it all.

        Args:
            versions: Components to be deployed.
            removes: Whether some are to be taken away.
            configures: Whether configurations are changed.

        Raises:
            CommandError: It does not; the text says what to do instead.
        """
        del versions, removes, configures

    @abstractmethod
    def submit(self, deployment: BoardDeployment) -> str:
        """Hand over a deployment; returns its id as soon as the nucleus has it.

        Raises:
            CommandError: The nucleus refuses it, or it does not answer.
        """

    @abstractmethod
    def progress(self, deployment_id: str) -> Progress:
        """How a deployment fares.

        Raises:
            NoAnswerError: The nucleus does not answer just now.
            CommandError: It does not know it.
        """

    @abstractmethod
    def blamed(self, names: Collection[str]) -> list[str]:
        """Those of the components that have failed since `submit`, whatever became of them since."""

    @abstractmethod
    def said_since(self, log: str, count: int) -> list[LogRecord]:
        """What a component's log, or the nucleus's own (`NUCLEUS_LOG`), has got since `submit`.

        Args:
            log: Whose.
            count: At most so many, the latest.

        Returns:
            Oldest first; empty without rights.
        """

    @abstractmethod
    def advice_to_look(self, deployment_id: str) -> str:
        """How a person sees, on the board, how a deployment fares."""

    @property
    def packages(self) -> str:
        """Where the nucleus keeps recipes and artifacts."""
        return str(PurePosixPath(self.root, "packages"))
