"""`edge deploy --local`: what would change, the question, the copy, the nucleus, and how it went."""

import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from edge_cli.device import packing, planning, views
from edge_cli.device.board import NoAnswerError
from edge_cli.device.nucleus import (
    BROKEN_STATES,
    FINAL,
    NUCLEUS_LOG,
    SUCCEEDED,
    Installed,
    Nucleus,
    Order,
    Progress,
)
from edge_cli.device.planning import Plan, Wish
from edge_cli.device.report import LastLines, Report
from edge_cli.errors import CommandError
from edge_cli.screen.asking import agrees
from edge_cli.screen.console import Screen

DONE = 0
DECLINED = 1
FAILED_ON_THE_BOARD = 3
NOT_THROUGH_IN_TIME = 4
POLL_S = 0.5
_LONGEST_POLL_S = 5.0  # each look at a classic nucleus starts a Java machine there
_LOG_LINES = 20
_UNKNOWN = "no answer"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a deployment is done.

    Attributes:
        dry_run: Nothing is changed.
        yes: Nobody is asked.
        again: It is done though nothing changes, so that the nucleus tries once more.
        timeout_s: How long to wait for the outcome; None does not wait.
    """

    dry_run: bool
    yes: bool
    again: bool
    timeout_s: float | None


def deploy(screen: Screen, nucleus: Nucleus, wish: Wish, manner: Manner) -> int:
    """Plan, ask, deploy, wait; returns the exit code.

    Raises:
        CommandError: It could not be done, and nothing was changed; or the board was lost on the way.
    """
    board = nucleus.board
    with tempfile.TemporaryDirectory(prefix="edge-pack.") as folder, ExitStack() as until_done:
        with screen.working(f"Looking at {board.name}"):
            pack = packing.pack(wish.builds, board, Path(folder))
            if manner.yes and not manner.dry_run:
                until_done.enter_context(board.alone(nucleus.root))
            made = planning.plan(nucleus, wish, pack)
        plan = _as_planned(nucleus, wish, made)
        if not screen.as_json:
            screen.show(None, lambda: views.plan(plan, made))
        if manner.dry_run or not (made.differences or manner.again):
            return _conclude_unchanged(screen, plan, made, manner)
        if not manner.yes:
            if not agrees(screen, "Deploy this?"):
                return DECLINED
            until_done.enter_context(board.alone(nucleus.root))
            with screen.working(f"Looking at {board.name} once more"):
                _refuse_outdated(nucleus, made, planning.plan(nucleus, wish, pack))
        if made.changes:
            packing.write_configuration(made.changes, pack.folder)
        with screen.working(f"Copying to {board.name}"):
            copied = board.receive(pack.folder)
        order = packing.order(copied, wish.builds, wish.remove, made.changes)
        deployment_id, outcome = _carry_out(screen, nucleus, order, manner.timeout_s)
        report = _report(nucleus, plan, deployment_id, outcome)
    _show(screen, report)
    return _conclude(screen, nucleus, report, waited=outcome is not None)


def _refuse_outdated(nucleus: Nucleus, made: Plan, now: Plan) -> None:
    """Somebody may have deployed while a person was looking at the plan; that must not be undone."""
    if now != made:
        raise CommandError(
            f"Somebody else has deployed to {nucleus.board.name} meanwhile. Nothing was changed. "
            "Run this again to see what would change now."
        )


def _as_planned(nucleus: Nucleus, wish: Wish, made: Plan) -> Report:
    return Report(
        nucleus.board.name,
        nucleus.kind,
        made.differences,
        made.warnings,
        made.grants_reset,
        tuple(wish.remove),
        components=[Installed(build.name, build.version, "") for build in wish.builds],
    )


def _conclude_unchanged(screen: Screen, plan: Report, made: Plan, manner: Manner) -> int:
    _show(screen, plan)
    if made.differences or manner.dry_run or not made.broken:
        return DONE
    screen.say(f"{', '.join(made.broken)} has failed there. To have the nucleus try once more: --again")
    return FAILED_ON_THE_BOARD


def _carry_out(
    screen: Screen, nucleus: Nucleus, order: Order, timeout_s: float | None
) -> tuple[str, Progress | None]:
    """Hand over a deployment and wait; returns its id and how it fares, None where nobody waited.

    What was copied stays on the board until the deployment is through: the nucleus may still have to read it.
    """
    board = nucleus.board
    try:
        with screen.working(f"Handing it over to the nucleus of {board.name}"):
            deployment_id = nucleus.submit(order)
    except BaseException as error:
        board.discard(order.folder)
        if isinstance(error, KeyboardInterrupt | NoAnswerError):
            screen.note(f"It is not known whether {board.name} has the deployment. Run this again to see.")
        raise
    if order.changes_configuration:  # read by now, and it may hold secrets
        board.discard(f"{order.folder}/{packing.UPDATE_CONFIG}")
    screen.note(f"Deployment {deployment_id} on {board.name}")
    if timeout_s is None:
        return deployment_id, None
    try:
        with screen.working(f"Waiting for {board.name}"):
            outcome = _await(screen, nucleus, deployment_id, timeout_s)
    except KeyboardInterrupt:
        screen.note(f"It goes on anyway. On the board: {nucleus.advice_to_look(deployment_id)}")
        raise
    except CommandError as error:
        raise CommandError(f"{error} Deployment {deployment_id} goes on anyway.") from None
    if outcome.status in FINAL:
        board.discard(order.folder)
    return deployment_id, outcome


def _await(screen: Screen, nucleus: Nucleus, deployment_id: str, timeout_s: float) -> Progress:
    """Look until it is through or the time is; a board that does not answer for a while is asked again."""
    pause = threading.Event()
    deadline = time.monotonic() + timeout_s
    told, wait_s = "", POLL_S
    while True:
        try:
            seen = nucleus.progress(deployment_id)
        except NoAnswerError as error:
            seen = Progress(_UNKNOWN, (str(error),))
        if seen.status in FINAL:
            return seen
        if seen.status != told:
            screen.note(f"{nucleus.board.name}: {' '.join((seen.status, *seen.reasons))}")
            told = seen.status
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            return seen
        pause.wait(min(wait_s, left_s))
        wait_s = min(wait_s * 1.5, _LONGEST_POLL_S)


def _report(nucleus: Nucleus, plan: Report, deployment_id: str, outcome: Progress | None) -> Report:
    status = outcome.status if outcome else None
    reasons = outcome.reasons if outcome else ()
    if status not in FINAL:
        return replace(plan, deployment_id=deployment_id, status=status, reasons=reasons)
    planned = {one.name: one for one in plan.components}
    try:
        present = nucleus.components()
    except NoAnswerError:  # it may restart itself after a deployment
        present = None
    there = [
        one if present is None else present.get(name, Installed(name, "", "not there"))
        for name, one in planned.items()
    ]
    blamed = [] if status == SUCCEEDED else nucleus.blamed(planned)
    named = [name for name in planned if any(name in reason for reason in reasons)]
    broken = [one.name for one in there if one.state in BROKEN_STATES]
    failed = list(dict.fromkeys([*broken, *blamed, *named]))
    if status != SUCCEEDED and not failed:
        failed = [NUCLEUS_LOG]
    logs = [LastLines(one, nucleus.last_lines(one, _LOG_LINES)) for one in failed]
    return replace(
        plan, deployment_id=deployment_id, status=status, reasons=reasons, components=there, logs=logs
    )


def _show(screen: Screen, report: Report) -> None:
    document = asdict(report)
    for component in document["components"]:
        del component["configuration"]  # may hold what is nobody's business
    screen.show(document, lambda: views.report(report))


def _conclude(screen: Screen, nucleus: Nucleus, report: Report, *, waited: bool) -> int:
    if not waited:
        return DONE
    if report.status not in FINAL:
        look = nucleus.advice_to_look(str(report.deployment_id))
        screen.say(f"Not finished yet; it goes on. To look again, on the board: {look}")
        return NOT_THROUGH_IN_TIME
    if report.status != SUCCEEDED:
        if nucleus.failure_policy:
            screen.say(f"{report.board} runs what it ran before. Once that is repaired, run this again.")
        return FAILED_ON_THE_BOARD
    return FAILED_ON_THE_BOARD if any(one.state in BROKEN_STATES for one in report.components) else DONE
