"""`scripts/edge spool …`: the words; what they do is in `edge_cli.spool`."""

# ruff: noqa: PLC0415  a command imports what it needs when it runs, so that `--help` answers at once

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer

from edge_cli.commands.options import AsJson, Root, Sections, examples, group
from edge_cli.errors import CommandError
from edge_cli.exit_codes import ExitCode
from edge_cli.screen.console import Screen
from edge_cli.screen.reporting import reporting

app = group(
    "Inspect what components keep on disk.\n\n"
    "DIR is an outbox, where a component keeps what the far end does not have yet; or one spool of it; or "
    "the component's work folder that holds it. Looking takes no lock and changes nothing: it works while "
    "the component runs, on a copy of the folder, and as any user who may read it. `scripts/edge spool DIR` "
    "means `show DIR`; without DIR it lists the outboxes of the core."
)

Folder = Annotated[
    Path,
    typer.Argument(
        metavar="DIR", readable=False, help="An outbox, a spool, or the work folder of a component."
    ),
]


class ShowByDefault(Sections):
    """A group whose first word may be a folder: then, and without any word, it runs `show`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `show` before what is no command and no misspelt one."""
        word = args[0] if args else "show"
        is_misspelt = not Path(word).exists() and get_close_matches(word, self.commands)
        if not args or (word not in {*self.commands, "--help", "-h"} and not is_misspelt):
            args = ["show", *args]
        return super().parse_args(ctx, args)


@app.command(
    epilog=examples(
        "scripts/edge spool",
        "scripts/edge spool .edge/core/work/com.example.MqttPublisher",
        "scripts/edge spool show /greengrass/v2/work/com.example.S3BatchUploader/outbox --json",
    )
)
def show(
    *,
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]",
            readable=False,
            show_default=False,
            help="An outbox, a spool, or a component's work folder. Default: every outbox of the core.",
        ),
    ] = None,
    root: Root,
    as_json: AsJson = False,
) -> None:
    """Show what waits and since when, what was lost, what was dead-lettered.

    Reads only the end of each spool. `verify` finds damage that nobody has met yet.
    """
    with _looking(as_json=as_json) as screen:
        from edge_cli.spool import places, survey, views

        today = datetime.now(UTC).date().isoformat()
        if folder is not None:
            found = survey.take(places.find(folder))
            screen.show(asdict(found), lambda: views.survey(found, today))
            return
        every = [survey.take(place) for place in places.outboxes_below(root / "work")]
        document = {"root": str(root), "outboxes": [asdict(outbox) for outbox in every]}
        screen.show(document, lambda: views.surveys(every, root, today))


@app.command(
    epilog=examples(
        "scripts/edge spool verify .edge/core/work/com.example.MqttPublisher",
        "scripts/edge spool verify copied/outbox --json",
    )
)
def verify(*, folder: Folder, as_json: AsJson = False) -> None:
    """Read everything that waits and check every checksum.

    Names each damaged range: its records, its file, its bytes. Exits with 1 when anything is damaged.
    """
    with _looking(as_json=as_json) as screen:
        from edge_cli.spool import places, progress, verdict_view, views
        from edge_cli.spool import verify as verification

        with progress.bar(screen, "Reading") as on_progress:
            found = verification.verify(places.find(folder), on_progress)
        if found.in_use_by is not None:
            screen.note(views.in_use(found.in_use_by))
        screen.show(asdict(found), lambda: verdict_view.verdict(screen, found))
        if not found.whole:
            raise typer.Exit(ExitCode.NOT_DONE)


@app.command(
    epilog=examples(
        "scripts/edge spool export copied/outbox --out records.jsonl",
        "scripts/edge spool export copied/outbox --dead | jq .reason",
    )
)
def export(
    *,
    folder: Folder,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="Output file. Default: stdout."),
    ] = None,
    dead: Annotated[
        bool, typer.Option("--dead", help="Export the dead letters, with reasons, instead of what waits.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write what waits as JSON Lines: lane, number and record.

    A record that is JSON is written as `record`, any other as `record_base64`. Records that arrive meanwhile
    are
    left out, and records delivered meanwhile may be. Exits with 1 when damaged records had to be left out.
    """
    with _looking(as_json=as_json) as screen:
        from edge_cli.spool import export as exporting
        from edge_cli.spool import places

        job = exporting.Export(places.find(folder), dead=dead)
        kind = "dead letters" if dead else "records"
        if out is None:
            sys.stdout.flush()
            for line in job.lines():
                sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
            if not job.exported:
                screen.note(f"There are no {kind} in {job.place.path}.")
        else:
            exporting.write(job, out)
            screen.tell({"exported": job.exported, "file": str(out)}, f"{job.exported} {kind} in {out}")
        job.require_whole()


@app.command(
    epilog=examples(
        "scripts/edge spool requeue .edge/core/work/com.example.MqttPublisher --dry-run",
        "scripts/edge spool requeue .edge/core/work/com.example.MqttPublisher --code too_large",
    )
)
def requeue(
    *,
    folder: Folder,
    code: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="Only letters with this reason code; `show` lists the codes."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would go back and change nothing.")
    ] = False,
    max_bytes: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="BYTES",
            help="The component's outbox.max_bytes. Default: the value noted in the outbox.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put dead letters back into the queue.

    Each goes to the end of its lane; one from `live`, which is for fresh records, goes to
    `backlog`. The component must be stopped, and this must run as its user. A kill in the middle can only
    repeat letters, not lose one.
    """
    with _looking(as_json=as_json) as screen:
        from edge_cli.spool import places, views
        from edge_cli.spool import requeue as requeuing

        place = places.find(folder)
        plan = requeuing.plan(place, code, dry_run=dry_run)
        if plan.chosen and not dry_run:
            with screen.working("Putting dead letters back"):
                requeuing.carry_out(place, plan.chosen, max_bytes)
        screen.tell(asdict(plan.outcome), views.requeued(plan.outcome))
        if plan.chosen and dry_run and (reason := requeuing.in_the_way(place)):
            screen.note(reason)


@contextmanager
def _looking(*, as_json: bool) -> Iterator[Screen]:
    """As `reporting`, for what the spools' own errors say too; their log stays out of the results."""
    with reporting(as_json=as_json) as screen:
        from edge_common import log
        from edge_common.errors import EdgeError

        log.configure({log.LEVEL_VARIABLE: "ERROR"})
        try:
            yield screen
        except EdgeError as error:
            raise CommandError(error.reason) from error
        finally:
            log.configure({})
