"""`edge deploy --local`: takes what was built to the nucleus of a board, waits, and says how it went."""

import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge_cli.console import Screen
from edge_cli.device import holdings, packing, views
from edge_cli.device.commanding import BROKEN_STATES, FINAL, SUCCEEDED, Installed, Nucleus, Order, Progress
from edge_cli.device.lite import LiteNucleus
from edge_cli.device.report import LastLines, Report
from edge_cli.errors import CommandError
from edge_cli.fleet.builds import Build

DONE = 0
FAILED_ON_THE_BOARD = 3
NOT_THROUGH_IN_TIME = 4
POLL_S = 0.5
_LOG_LINES = 20
_GRANTS = "/accessControl"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for.

    Attributes:
        builds: What is to be deployed.
        remove: Components to take away.
        changes: Component -> {"MERGE": …, "RESET": […]}.
        dry_run: Nothing is changed.
        timeout_s: How long to wait for the outcome; None does not wait.
    """

    builds: Sequence[Build]
    remove: Sequence[str]
    changes: Mapping[str, Mapping[str, Any]]
    dry_run: bool
    timeout_s: float | None


def deploy(screen: Screen, nucleus: Nucleus, wish: Wish) -> int:
    """Check everything, deploy, wait; returns the exit code.

    Raises:
        CommandError: It could not be done, and nothing was changed; or the board was lost on the way.
    """
    board = nucleus.board
    with tempfile.TemporaryDirectory(prefix="edge-pack.") as packed:
        with screen.working(f"Looking at {board.name}"):
            reset = _prepare(nucleus, wish, Path(packed))
        planned = [Installed(build.name, build.version, "") for build in wish.builds]
        if wish.dry_run:
            _show(screen, Report(board.name, nucleus.kind, None, None, (), planned, reset, wish.remove, ()))
            return DONE
        changes = _with_resets(wish.changes, reset)
        if changes:
            packing.write_configuration(changes, Path(packed))
        with screen.working(f"Copying to {board.name}"):
            folder = board.receive(Path(packed))
    order = packing.order(folder, wish.builds, wish.remove, changes)
    deployment_id, outcome = _carry_out(screen, nucleus, order, wish.timeout_s)
    report = _report(nucleus, deployment_id, outcome, (planned, reset, wish.remove))
    _show(screen, report)
    return _conclude(screen, report, waited=outcome is not None)


def _carry_out(
    screen: Screen, nucleus: Nucleus, order: Order, timeout_s: float | None
) -> tuple[str, Progress | None]:
    """Hand over a deployment and wait; returns its id and how it fares, None where nobody waited.

    What was copied stays on the board until the deployment is through: the nucleus may still have to read it.
    """
    board = nucleus.board
    try:
        deployment_id = nucleus.submit(order)
    except BaseException:
        board.discard(order.folder)
        raise
    screen.note(f"Deployment {deployment_id} on {board.name}")
    if timeout_s is None:
        return deployment_id, None
    goes_on = f"Deployment {deployment_id} goes on all the same."
    try:
        with screen.working(f"Waiting for {board.name}"):
            outcome = _await(screen, nucleus, deployment_id, timeout_s)
    except KeyboardInterrupt:
        screen.note(goes_on)
        raise
    except CommandError as error:
        raise CommandError(f"{error} {goes_on}") from None
    if outcome.status in FINAL:
        board.discard(order.folder)
    return deployment_id, outcome


def _prepare(nucleus: Nucleus, wish: Wish, packed: Path) -> list[str]:
    """Pack and check everything; returns the components whose grants must be reset."""
    for name in wish.changes.keys() - {build.name for build in wish.builds}:
        if nucleus.kind != LiteNucleus.kind and nucleus.installed(name) is None:
            raise CommandError(
                f"--configuration is for {name}, which {nucleus.board.name} does not have. "
                f"Deploy it with its configuration: scripts/edge deploy {name} --local --configuration …"
            )
    machine = nucleus.board.machine
    digests = {build.name: packing.pack(build, machine, packed) for build in wish.builds}
    for build in wish.builds:
        holdings.refuse_other_content(nucleus, build, digests[build.name])
    return [
        build.name
        for build in wish.builds
        if holdings.has_other_grants(nucleus, build.name, packing.grants(build))
    ]


def _with_resets(changes: Mapping[str, Mapping[str, Any]], reset: Sequence[str]) -> dict[str, dict[str, Any]]:
    merged = {name: dict(change) for name, change in changes.items()}
    for name in reset:
        pointers = list(merged.setdefault(name, {}).get("RESET", []))
        merged[name]["RESET"] = list(dict.fromkeys([*pointers, _GRANTS]))
    return merged


def _await(screen: Screen, nucleus: Nucleus, deployment_id: str, timeout_s: float) -> Progress:
    pause = threading.Event()
    deadline = time.monotonic() + timeout_s
    told = ""
    while (seen := nucleus.progress(deployment_id)).status not in FINAL:
        if seen.status != told:
            screen.note(f"{nucleus.board.name}: {seen.status}")
            told = seen.status
        if time.monotonic() >= deadline:
            break
        pause.wait(POLL_S)
    return seen


def _report(
    nucleus: Nucleus,
    deployment_id: str,
    outcome: Progress | None,
    plan: tuple[Sequence[Installed], Sequence[str], Sequence[str]],
) -> Report:
    planned, reset, removed = plan
    name, kind = nucleus.board.name, nucleus.kind
    if outcome is None or outcome.status not in FINAL:
        status = outcome.status if outcome else None
        return Report(name, kind, deployment_id, status, (), planned, reset, removed, ())
    there = [nucleus.installed(one.name) or one for one in planned]
    broken = [one.name for one in there if one.state in BROKEN_STATES]
    logs = [LastLines(one, nucleus.last_lines(one, _LOG_LINES)) for one in broken]
    if outcome.status != SUCCEEDED and not broken:
        logs = [LastLines("greengrass", nucleus.last_lines("greengrass", _LOG_LINES))]
    return Report(name, kind, deployment_id, outcome.status, outcome.reasons, there, reset, removed, logs)


def _show(screen: Screen, report: Report) -> None:
    document = asdict(report)
    for component in document["components"]:
        del component["configuration"]  # may hold what is nobody's business
    screen.show(document, lambda: views.report(report))


def _conclude(screen: Screen, report: Report, *, waited: bool) -> int:
    if not waited:
        return DONE
    if report.status not in FINAL:
        screen.say(
            f"Not through yet; it goes on. Look again on the board: greengrass-cli deployment status -i "
            f"{report.deployment_id}"
        )
        return NOT_THROUGH_IN_TIME
    failed = report.status != SUCCEEDED or any(one.state in BROKEN_STATES for one in report.components)
    return FAILED_ON_THE_BOARD if failed else DONE
