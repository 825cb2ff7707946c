"""One operation of CloudFormation as a person sees it: progress, failures, what to do then."""

from collections.abc import Callable
from dataclasses import dataclass

from edge_cli.cloud_stack import progress
from edge_cli.cloud_stack.progress import Ending, Event
from edge_cli.errors import CommandError
from edge_cli.exit_codes import ExitCode
from edge_cli.fleet.aws import Aws, AwsError
from edge_cli.screen.console import Screen

_MEANINGS = {
    "ROLLBACK_COMPLETE": "What was made has been removed again. Repair that, then: scripts/edge cloud down, "
    "for CloudFormation keeps the name, and scripts/edge cloud up",
    "ROLLBACK_FAILED": "Not everything that was made could be removed again: scripts/edge cloud down tries "
    "once more.",
    "UPDATE_ROLLBACK_COMPLETE": "Everything is as it was before. Repair that, then: scripts/edge cloud up",
    "UPDATE_ROLLBACK_FAILED": "What had changed could not be taken back. Repair that, then: aws "
    "cloudformation continue-update-rollback --stack-name {name}",
    "IMPORT_ROLLBACK_COMPLETE": "Everything is as it was before. Repair that, then: scripts/edge cloud up",
    "DELETE_FAILED": "The rest is gone. Repair that, then: scripts/edge cloud down",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """What CloudFormation is at.

    Attributes:
        doing: A word for it, such as "Changing".
        name: Of the stack.
        stack_id: ARN of the stack.
        token: Marks its events.
        count: How many resources it is about.
    """

    doing: str
    name: str
    stack_id: str
    token: str
    count: int


def followed(screen: Screen, aws: Aws, operation: Operation, timeout_s: float) -> Ending:
    """Wait for the end, and show how it goes: a moving line on a terminal, else one for each event."""
    goes_on = (
        f"CloudFormation goes on with stack {operation.name} anyway: scripts/edge cloud diff --stack "
        f"{operation.name} shows what is left when it is through."
    )
    try:
        with screen.working(operation.doing) as update:
            tell = Teller(screen, update, operation)
            return progress.follow(aws, operation.stack_id, operation.token, timeout_s, tell)
    except KeyboardInterrupt:
        screen.note(goes_on)
        raise
    except AwsError as error:
        raise CommandError(f"{error} {goes_on}") from None


class Teller:
    """Tells of events: failures on lines of their own, the rest as the screen has it.

    Args:
        screen: Where.
        update: Changes the moving line on a terminal.
        operation: Which one.
    """

    def __init__(self, screen: Screen, update: Callable[[str], None], operation: Operation) -> None:
        self._screen, self._update, self._operation = screen, update, operation
        self._through: set[str] = set()

    def __call__(self, event: Event) -> None:
        """One more event."""
        if not event.status.endswith("_IN_PROGRESS"):
            self._through.add(event.logical_id)
        if not self._screen.is_terminal or event.status.endswith("_FAILED"):
            self._screen.note(f"{event.status:18} {event.logical_id}{f': {event.reason}' * event.is_cause}")
        if self._screen.is_terminal:
            counted = f"{len(self._through)} of {self._operation.count}"
            self._update(f"{self._operation.doing} {self._operation.name}: {counted}, {event.logical_id}")


def conclude(screen: Screen, name: str, ending: Ending) -> ExitCode:
    """Say how it ended, where that is not well, and what to do; returns the exit code."""
    if ending.is_good:
        return ExitCode.DONE
    if not ending.status:
        screen.say(
            f"Stack {name} is not finished yet. CloudFormation goes on; scripts/edge cloud diff shows it."
        )
        return ExitCode.NOT_FINISHED
    for event in ending.failures:
        screen.say(f"{event.logical_id} ({event.kind}) failed: {event.reason or event.status}")
    screen.say(
        f"Stack {name} is {ending.status}. {_MEANINGS.get(ending.status, '').format(name=name)}".rstrip()
    )
    return ExitCode.FAILED
