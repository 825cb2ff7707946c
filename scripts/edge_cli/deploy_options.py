"""How a person wants a deployment done, to a fleet or to a board. Values only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeployOptions:
    """How a deployment is done.

    Attributes:
        dry_run: Nothing is changed.
        yes: Nobody is asked.
        again: It is done though nothing changes, so that devices try once more.
        timeout_s: How long to wait for the outcome; None does not wait.
    """

    dry_run: bool
    yes: bool
    again: bool
    timeout_s: float | None
