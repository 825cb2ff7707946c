"""Work that takes a while: a note in a pipe, a moving line on a terminal, nothing as JSON."""

from io import StringIO

import pytest
from rich.console import Console

from edge_cli.screen.console import Screen

Captured = pytest.CaptureFixture[str]


def test_each_update_is_a_note_beside_the_result_in_a_pipe(capsys: Captured) -> None:
    with Screen(as_json=False).working("Publishing") as update:
        update("Uploading a.zip")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "Uploading a.zip\n")


def test_updates_are_left_out_of_json(capsys: Captured) -> None:
    with Screen(as_json=True).working("Publishing") as update:
        update("Uploading a.zip")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


def test_update_changes_the_moving_line_of_a_terminal(capsys: Captured) -> None:
    drawn = StringIO()
    screen = Screen(as_json=False)
    screen.console = Console(file=drawn, force_terminal=True, width=80)
    with screen.working("Publishing") as update:
        update("Uploading a.zip")
    assert "Uploading a.zip" in drawn.getvalue()
    assert capsys.readouterr().err == ""
