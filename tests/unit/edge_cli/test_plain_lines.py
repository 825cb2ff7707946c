"""What a pipe gets of a demo's set-up."""

import pytest

from edge_cli.demo.plain_lines import PlainLines
from edge_cli.demo.state import DemoState, Step
from edge_cli.screen.console import Screen


def test_each_thing_that_takes_long_and_each_step_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    lines, build = PlainLines(Screen(as_json=False)), Step("build")
    state = DemoState(steps=[Step("core", seconds=0.9), build])
    for doing in ("", "Fetching libraries", "Fetching libraries", "Building"):
        build.doing = doing
        lines.refresh(state, [])
    build.seconds = 1.5
    lines.refresh(state, [])
    assert capsys.readouterr().out.splitlines() == [
        "core: 0.9 s",
        "Fetching libraries …",
        "Building …",
        "build: 1.5 s",
    ]
