"""`edge cloud up` and `diff` as a person sees them: what would change, the question, how it went."""

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

from edge_cli.cloud_stack import change_set as change_sets
from edge_cli.cloud_stack import stack as stacks
from edge_cli.cloud_stack import views
from edge_cli.cloud_stack.change_set import ChangeSet
from edge_cli.cloud_stack.following import Operation, conclude, followed
from edge_cli.cloud_stack.progress import Ending
from edge_cli.exit_codes import ExitCode
from edge_cli.fleet.aws import Aws
from edge_cli.screen.asking import agrees
from edge_cli.screen.console import Screen


@dataclass(frozen=True, slots=True)
class StackOptions:
    """How a stack is changed.

    Attributes:
        dry_run: Nothing is changed.
        yes: Nobody is asked.
        timeout_s: Longest time to wait for CloudFormation.
    """

    dry_run: bool
    yes: bool
    timeout_s: float


def apply(screen: Screen, aws: Aws, name: str, prefix: str | None, options: StackOptions) -> ExitCode:
    """Bring a stack to what the template says, as far as a person agrees; returns the exit code.

    Args:
        screen: Where it is shown.
        aws: Who is asked.
        name: Of the stack.
        prefix: Of the things' names; None keeps the present one, or takes the template's.
        options: How.

    Raises:
        CommandError: It could not be done, and nothing was changed.
    """
    with ExitStack() as until_done:
        with screen.working("Asking CloudFormation what would change"):
            present = stacks.find(aws, name)
            stacks.refuse_unchangeable(present)
            made = until_done.enter_context(change_sets.proposed(aws, name, prefix, present))
        if not screen.as_json:
            screen.show(None, lambda: views.changes(name, made.changes))
        if options.dry_run or not made.changes:
            _report(screen, aws, name, made, None)
            return ExitCode.DONE
        if not options.yes and not agrees(screen, "Apply this?"):
            return ExitCode.NOT_DONE
        token = change_sets.execute(aws, made)
        operation = Operation("Changing", name, made.stack_id, token, len(made.changes))
        ending = followed(screen, aws, operation, options.timeout_s)
    _report(screen, aws, name, made, ending)
    return conclude(screen, name, ending)


def _report(screen: Screen, aws: Aws, name: str, made: ChangeSet, ending: Ending | None) -> None:
    """The outcome; the stack is asked for its outputs where it may have some."""
    now = stacks.find(aws, name) if made.is_executed or not made.changes else None
    outputs = now.outputs if now else {}
    document: dict[str, Any] = {
        "stack": name,
        "region": aws.region,
        "changes": [asdict(one) for one in made.changes],
        "status": ending.status if ending else None,
        "failures": [asdict(one) for one in ending.failures] if ending else [],
        "outputs": outputs,
    }
    if outputs and (ending is None or ending.is_good):
        screen.show(document, lambda: views.outputs(outputs))
    elif ending is None:
        screen.tell(document, "Nothing was changed.")
    elif screen.as_json:
        screen.emit(document)
