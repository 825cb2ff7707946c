"""`edge deploy --local`: what would change, the question, the copy, the nucleus, and how it went."""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from edge_cli.core.deployments import FINAL_STATES
from edge_cli.deploy_options import DeployOptions
from edge_cli.device import packing, planning, views
from edge_cli.device.board import NoAnswerError
from edge_cli.device.nucleus import (
    BROKEN_STATES,
    NUCLEUS_LOG,
    SUCCEEDED,
    BoardDeployment,
    Installed,
    Nucleus,
    Progress,
)
from edge_cli.device.planning import BoardDeployRequest, Plan
from edge_cli.device.report import LogEnd, Report
from edge_cli.errors import CommandError
from edge_cli.exit_codes import ExitCode
from edge_cli.screen.asking import agrees
from edge_cli.screen.console import Screen

POLL_S = 0.5
_LONGEST_POLL_S = 5.0  # each look at a classic nucleus starts a Java machine there
_LOG_LINES = 20
_UNKNOWN = "no answer"
_UNTOUCHED = "Nothing was changed."
# What a nucleus says of a failed deployment (its DetailedDeploymentStatus) -> what it means.
_AFTERWARDS = {
    "FAILED_NO_STATE_CHANGE": "{board} runs what it ran before.",
    "FAILED_ROLLBACK_COMPLETE": "{board} was rolled back: it runs what it ran before.",
    "FAILED_UNABLE_TO_ROLLBACK": "{board} could not be rolled back; what it runs is not known.",
}
_NOT_TOLD = "{board} does not say whether it was rolled back."


def deploy(screen: Screen, nucleus: Nucleus, request: BoardDeployRequest, options: DeployOptions) -> ExitCode:
    """Plan, ask, deploy, wait; returns the exit code.

    Raises:
        CommandError: It could not be done, and nothing was changed; or the board was lost on the way.
    """
    board = nucleus.board
    with tempfile.TemporaryDirectory(prefix="edge-pack.") as folder, ExitStack() as until_done:
        with _untouched(screen), screen.working(f"Looking at {board.name}"):
            pack = packing.pack(request.builds, board, Path(folder))
            if options.yes and not options.dry_run:
                until_done.enter_context(board.alone(nucleus.root))
            made = planning.plan(nucleus, request, pack)
        plan = _as_planned(nucleus, request, made)
        if not screen.as_json:
            screen.show(None, lambda: views.plan(plan, made))
        if options.dry_run or not (made.differences or options.again):
            return _conclude_unchanged(screen, plan, made, options)
        if not options.yes:
            with _untouched(screen):
                agreed = agrees(screen, "Deploy this?")
            if not agreed:
                screen.say(_UNTOUCHED)
                return ExitCode.NOT_DONE
            until_done.enter_context(board.alone(nucleus.root))
            with _untouched(screen), screen.working(f"Looking at {board.name} once more"):
                _refuse_outdated(nucleus, made, planning.plan(nucleus, request, pack))
        if made.changes:
            packing.write_configuration(made.changes, pack.folder)
        with _untouched(screen), screen.working(f"Copying to {board.name}"):
            copied = board.receive(pack.folder)
        deployment = packing.deployment(copied, request.builds, request.remove, made.changes)
        deployment_id, outcome = _carry_out(screen, nucleus, deployment, options.timeout_s)
        report = _report(nucleus, plan, deployment_id, outcome)
    _show(screen, report)
    return _conclude(screen, nucleus, report, waited=outcome is not None)


@contextmanager
def _untouched(screen: Screen) -> Iterator[None]:
    """Whoever interrupts what changes nothing is told so."""
    try:
        yield
    except KeyboardInterrupt:
        screen.note(_UNTOUCHED)
        raise


def _refuse_outdated(nucleus: Nucleus, made: Plan, now: Plan) -> None:
    """Somebody may have deployed while a person was looking at the plan; that must not be undone."""
    if now != made:
        raise CommandError(
            f"Somebody else has deployed to {nucleus.board.name} meanwhile. Nothing was changed. "
            "Run this again to see what would change now."
        )


def _as_planned(nucleus: Nucleus, request: BoardDeployRequest, made: Plan) -> Report:
    return Report(
        nucleus.board.name,
        nucleus.kind,
        made.differences,
        made.warnings,
        made.grants_reset,
        tuple(request.remove),
        components=[Installed(build.name, build.version, "") for build in request.builds],
    )


def _conclude_unchanged(screen: Screen, plan: Report, made: Plan, options: DeployOptions) -> ExitCode:
    _show(screen, plan)
    if made.differences or options.dry_run or not made.broken:
        return ExitCode.DONE
    screen.say(f"{', '.join(made.broken)} has failed there. To have the nucleus try once more: --again")
    return ExitCode.FAILED


def _carry_out(
    screen: Screen, nucleus: Nucleus, deployment: BoardDeployment, timeout_s: float | None
) -> tuple[str, Progress | None]:
    """Hand over a deployment and wait; returns its id and how it fares, None where nobody waited.

    What was copied stays on the board until the deployment is through: the nucleus may still have to read it.
    """
    board = nucleus.board
    try:
        with screen.working(f"Handing it over to the nucleus of {board.name}"):
            deployment_id = nucleus.submit(deployment)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | NoAnswerError):
            screen.note(f"It is not known whether {board.name} has the deployment. Run this again to see.")
        board.discard(deployment.folder)
        raise
    try:
        if deployment.changes_configuration:  # read by now, and it may hold secrets
            board.discard(f"{deployment.folder}/{packing.UPDATE_CONFIG}")
        screen.note(f"Deployment {deployment_id} on {board.name}")
        if timeout_s is None:
            return deployment_id, None
        with screen.working(f"Waiting for {board.name}"):
            outcome = _await(screen, nucleus, deployment_id, timeout_s)
    except KeyboardInterrupt:
        screen.note(
            f"Deployment {deployment_id} goes on anyway. To look, on the board: "
            f"{nucleus.advice_to_look(deployment_id)}\n"
            f"When it is finished, {deployment.folder} on {board.name} is not needed any more: "
            f"sudo rm -r {deployment.folder}"
        )
        raise
    except CommandError as error:
        raise CommandError(f"{error} Deployment {deployment_id} goes on anyway.") from None
    if outcome.status in FINAL_STATES:
        board.discard(deployment.folder)
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
        if seen.status in FINAL_STATES:
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
    if status not in FINAL_STATES:
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
    logs = [LogEnd(one, nucleus.said_since(one, _LOG_LINES)) for one in failed]
    return replace(
        plan, deployment_id=deployment_id, status=status, reasons=reasons, components=there, logs=logs
    )


def _show(screen: Screen, report: Report) -> None:
    document = asdict(report)
    for component in document["components"]:
        del component["configuration"]  # may hold what is nobody's business
    for end in document["logs"]:
        end["lines"] = [line for one in end.pop("records") for line in (one["raw"], *one["continuation"])]
    screen.show(document, lambda: views.report(report))


def _conclude(screen: Screen, nucleus: Nucleus, report: Report, *, waited: bool) -> ExitCode:
    if not waited:
        return ExitCode.DONE
    if report.status not in FINAL_STATES:
        look = nucleus.advice_to_look(str(report.deployment_id))
        screen.say(f"Not finished yet; it goes on. To look again, on the board: {look}")
        return ExitCode.NOT_FINISHED
    if report.status != SUCCEEDED:
        if nucleus.failure_policy:
            screen.say(f"{_afterwards(report)} Once that is repaired, run this again.")
        return ExitCode.FAILED
    return ExitCode.FAILED if any(one.state in BROKEN_STATES for one in report.components) else ExitCode.DONE


def _afterwards(report: Report) -> str:
    """What the board runs now, as far as its nucleus says so."""
    told = next((text for word, text in _AFTERWARDS.items() if word in " ".join(report.reasons)), _NOT_TOLD)
    sentence = told.format(board=report.board)
    return sentence[:1].upper() + sentence[1:]
