"""What a nucleus is told and asked, whichever kind it is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from edge_cli.device.board import Board

QUEUED = "QUEUED"
SUCCEEDED = "SUCCEEDED"
FAILED = "FAILED"
FINAL = frozenset({SUCCEEDED, FAILED, "CANCELED"})
BROKEN_STATES = frozenset({"BROKEN", "ERRORED"})  # LifecycleState of Greengrass IPC


@dataclass(frozen=True, slots=True)
class Order:
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

    def __init__(self, board: Board, root: str) -> None:
        self.board = board
        self.root = root

    @abstractmethod
    def installed(self, name: str) -> Installed | None:
        """One component; None where the nucleus has none of that name, or cannot say.

        Raises:
            CommandError: The nucleus does not answer.
        """

    @abstractmethod
    def submit(self, order: Order) -> str:
        """Hand over a deployment; returns its id as soon as the nucleus has it.

        Raises:
            CommandError: The nucleus refuses it, or it does not answer.
        """

    @abstractmethod
    def progress(self, deployment_id: str) -> Progress:
        """How a deployment fares.

        Raises:
            CommandError: The nucleus does not answer, or does not know it.
        """

    @abstractmethod
    def last_lines(self, log: str, count: int) -> list[str]:
        """The end of a component's log, or of the nucleus's own (`greengrass`); empty without rights."""

    @property
    def packages(self) -> str:
        """Where the nucleus keeps recipes and artifacts."""
        return str(PurePosixPath(self.root, "packages"))
