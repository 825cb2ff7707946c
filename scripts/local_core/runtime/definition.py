"""What one component is made of in one deployment, and how much of it has changed since the last. Pure."""

from dataclasses import dataclass
from enum import IntEnum

from local_core.model.recipe_model import Dependency, Lifecycle, Phase


@dataclass(frozen=True, slots=True)
class RunWith:
    """The user and the limits a deployment asks for.

    The laptop core notes them, because a change of them reinstalls a component, and applies neither: it runs
    every component as its own user, without limits.

    Attributes:
        posix_user: `user` or `user:group`; None when not asked for.
        cpus: CPU time, 1.0 is one core; None for no limit.
        memory_kb: Memory in kilobytes; None for no limit.
    """

    posix_user: str | None = None
    cpus: float | None = None
    memory_kb: int | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    """One component as a deployment wants it.

    Attributes:
        name: Component name.
        version: Component version.
        lifecycle: Its manifest's, every variable replaced.
        written: The same as the recipe has it, variables and all; what logs may show.
        dependencies: Direct ones.
        uses_token_exchange: Whether it depends on aws.greengrass.TokenExchangeService, directly or not.
        run_with: What the deployment asks for; noted only.
    """

    name: str
    version: str
    lifecycle: Lifecycle
    written: Lifecycle
    dependencies: tuple[Dependency, ...] = ()
    uses_token_exchange: bool = False
    run_with: RunWith = RunWith()

    def phase(self, name: str) -> Phase | None:
        """The lifecycle step of that name; None when the recipe has none."""
        return self.lifecycle.phases.get(name)


class Change(IntEnum):
    """What has to be done to go from one definition to the next; more includes less."""

    NONE = 0
    RESTART = 1
    REINSTALL = 2


_REINSTALLING_PHASES = ("install", "bootstrap")
_HARMLESS_PHASES = ("shutdown", "uninstall")


def change_between(old: Definition, new: Definition) -> Change:
    """How much a component must be disturbed.

    Reinstalled: another version, install script or runWith. Restarted: any other change of its scripts or its
    Setenv, or a dependency it did not have. Not at all: a changed shutdown script, or what is only in its
    configuration (source: constructor of GenericExternalService, GreengrassService.setupDependencies).
    """
    if (old.version, old.run_with) != (new.version, new.run_with):
        return Change.REINSTALL
    if any(old.phase(name) != new.phase(name) for name in _REINSTALLING_PHASES):
        return Change.REINSTALL
    added = {each.name for each in new.dependencies} - {each.name for each in old.dependencies}
    if added or _restarting(old.lifecycle) != _restarting(new.lifecycle):
        return Change.RESTART
    # Its environment grows by the address of the token exchange.
    return Change.RESTART if new.uses_token_exchange and not old.uses_token_exchange else Change.NONE


def needs_bootstrap(old: Definition | None, new: Definition) -> bool:
    """Whether the bootstrap step is due: a new component, another version or another script.

    Source: GenericExternalService.isBootstrapRequired.
    """
    step = new.phase("bootstrap")
    return step is not None and (old is None or old.version != new.version or old.phase("bootstrap") != step)


def _restarting(lifecycle: Lifecycle) -> Lifecycle:
    kept = {name: phase for name, phase in lifecycle.phases.items() if name not in _HARMLESS_PHASES}
    return Lifecycle(lifecycle.setenv, kept)
