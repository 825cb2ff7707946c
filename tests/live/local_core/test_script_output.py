"""What a component's script writes, when it writes more than anyone can read."""

import asyncio
import os
from pathlib import Path

from local_core.processes.children import Children
from local_core.runtime.process import start_script

LINES = 100_000
MAX_LINES_A_TURN = 1_000


def test_flood_of_lines_arrives_whole_and_in_order_and_never_holds_the_core_for_long(tmp_path: Path) -> None:
    """A turn is a bounded number of lines; then everything else that the core does is looked at."""
    turns: list[list[str]] = []
    lines_since_others_had_a_turn = 0
    longest_wait_lines = 0

    def take(_stream: str, lines: list[str]) -> None:
        nonlocal lines_since_others_had_a_turn, longest_wait_lines
        turns.append(lines)
        lines_since_others_had_a_turn += len(lines)
        longest_wait_lines = max(longest_wait_lines, lines_since_others_had_a_turn)

    async def others() -> None:
        nonlocal lines_since_others_had_a_turn
        while True:
            lines_since_others_had_a_turn = 0
            await asyncio.sleep(0)

    async def work() -> None:
        children = Children(tmp_path / "children.json")
        environment = {"PATH": os.environ["PATH"]}
        beside = asyncio.create_task(others())
        script = await start_script(children, f"seq {LINES}", cwd=tmp_path, env=environment, on_output=take)
        await script.wait()
        await script.stop(1)
        beside.cancel()

    asyncio.run(work())

    assert [line for lines in turns for line in lines] == [str(number) for number in range(1, LINES + 1)]
    assert longest_wait_lines <= MAX_LINES_A_TURN
