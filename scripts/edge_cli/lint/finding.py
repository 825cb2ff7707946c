"""What a rule is and what it says. Values only."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Generic, TypeVar

Subject = TypeVar("Subject")


class Severity(StrEnum):
    """An error makes the exit code 1; a warning is for what may be meant."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """Where something stands: file, line and column, both counted from 1."""

    path: Path
    line: int
    column: int = 1


@dataclass(frozen=True, slots=True)
class Remark:
    """What a rule says about one spot: what is wrong, what a nucleus makes of it, what to do."""

    spot: Spot
    text: str


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One remark under its rule's code, as it is reported; ordered by where it stands."""

    spot: Spot
    code: str
    severity: Severity
    text: str


@dataclass(frozen=True, slots=True)
class Rule(Generic[Subject]):
    """One thing that is looked for.

    Attributes:
        code: A fixed word, unique among all rules.
        severity: Of everything that it finds.
        summary: One line for `edge lint --rules`: what it finds.
        check: Yields one remark for each place where the rule is broken.
    """

    code: str
    severity: Severity
    summary: str
    check: Callable[[Subject], Iterable[Remark]]

    def findings(self, subject: Subject) -> Iterable[Finding]:
        """What is wrong with `subject`."""
        return (Finding(remark.spot, self.code, self.severity, remark.text) for remark in self.check(subject))
