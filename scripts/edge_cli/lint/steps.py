"""The steps of a lifecycle, each with its script read as commands. Values only."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from edge_cli.lint.shell import Script, read_script
from edge_cli.lint.values import scripts
from local_core.model.recipe_document import Value


@dataclass(frozen=True)
class Step:
    """One step and its script.

    Attributes:
        phase: Its name, e.g. `run`.
        value: The script as it is written.
    """

    phase: str
    value: Value

    @property
    def text(self) -> str:
        """The script."""
        return str(self.value.content)

    @cached_property
    def script(self) -> Script:
        """The script's commands."""
        return read_script(self.text)


def steps_of(lifecycle: Value | None) -> Iterator[Step]:
    """The steps of a lifecycle that have a script."""
    return (Step(phase, value) for phase, value in scripts(lifecycle))
