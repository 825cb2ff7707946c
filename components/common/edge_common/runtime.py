"""The life of a component's process: arguments, configuration, signals, exit code.

Owns the main thread, which runs the app; beside it run the signal thread (`edge_common.signals`) and the
metrics thread (`edge_common.lifetime`), both daemons. A component's `__main__.py` is

    raise SystemExit(run("com.example.MqttPublisher", MqttPublisherConfig, MqttPublisher))

Exit codes: 0 done, 1 failure (the nucleus starts it again), 2 wrong arguments or configuration (a person must
change them). If the process dies here, nothing is lost that was safe before.
"""

import os
import sys
import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from edge_common import log
from edge_common.clock import SystemClock, clock_synchronized
from edge_common.config import ComponentConfig, load_config, load_thing_name
from edge_common.context import Context, Mode
from edge_common.errors import ConfigError
from edge_common.lifetime import (
    EXIT_CONFIGURATION,
    EXIT_DONE,
    Outcome,
    end_despite,
    metrics_logged,
    never_stuck,
)
from edge_common.metrics import Metrics
from edge_common.signals import stop_on_signals

METRICS_INTERVAL_S = 60.0

C = TypeVar("C", bound=ComponentConfig)
T = TypeVar("T")
_log = log.get_logger("runtime")


class App(Protocol):
    """One component's own work, made with its settings and the context; what it opens it also closes."""

    def run(self) -> None:
        """Work until `context.stop` is set, or for one unit of work, and return after a tidy drain.

        Raises:
            EdgeError: It cannot go on; its one line is logged and the process ends with 1 (ConfigError: 2).
        """


def run(
    name: str,
    config_model: type[C],
    app_factory: Callable[[C, Context], App],
    argv: Sequence[str] | None = None,
    *,
    metrics_interval_s: float = METRICS_INTERVAL_S,
) -> int:
    """Run one component from its arguments to its exit code; call it in the main thread.

    Args:
        name: The component's name, as in its recipe.
        config_model: Its settings; they are checked before anything is opened.
        app_factory: Makes the app, usually its class.
        argv: Arguments; None takes the process's own, and the process is then ours to its end: once the app
            has ended, further signals change nothing.
        metrics_interval_s: Seconds between two log lines with all counters.

    Returns:
        The exit code.
    """
    arguments = _parsed(name, argv)
    try:
        config, thing_name = _checked(config_model, os.environ, debug=arguments.debug)
    except ConfigError as error:
        for fault in error.faults:
            log.tell(f"configuration: {fault}")
        return EXIT_CONFIGURATION
    if arguments.check:
        sys.stdout.write("configuration is valid\n")
        return EXIT_DONE
    context = Context(
        name=name,
        thing_name=thing_name,
        stop=threading.Event(),
        mode=Mode.ONCE if arguments.once else Mode.RUN,
        dry_run=arguments.dry_run,
        metrics=Metrics(),
        clock=SystemClock(),
    )
    with stop_on_signals(context.stop, to_the_end=argv is None):
        return _live(context, lambda: app_factory(config, context).run(), metrics_interval_s)


def _parsed(name: str, argv: Sequence[str] | None) -> Namespace:
    parser = ArgumentParser(prog=name, description="A Greengrass component; the nucleus starts it so.")
    parser.add_argument("--check", action="store_true", help="check the configuration, open nothing, and end")
    parser.add_argument("--once", action="store_true", help="do one unit of work and end")
    parser.add_argument("--dry-run", action="store_true", help="print what would be sent, and send nothing")
    parser.add_argument("--debug", action="store_true", help="log at level DEBUG")
    return parser.parse_args(argv)


def _checked(config_model: type[C], environment: Mapping[str, str], *, debug: bool) -> tuple[C, str]:
    """Settings and thing name, or the faults of everything that the environment says."""
    faults: list[str] = []
    _tried(lambda: log.configure(environment, debug=debug), faults)
    thing_name = _tried(lambda: load_thing_name(environment), faults)
    config = _tried(lambda: load_config(config_model, environment), faults)
    if config is None or thing_name is None or faults:
        raise ConfigError(faults)
    return config, thing_name


def _tried(check: Callable[[], T], faults: list[str]) -> T | None:
    try:
        return check()
    except ConfigError as error:
        faults += error.faults
        return None


def _live(context: Context, work: Callable[[], None], metrics_interval_s: float) -> int:
    """Do the work with everything around it; returns the exit code."""
    outcome = Outcome(context.stop)
    started_s = context.clock.monotonic_s()
    threads_before = set(threading.enumerate())
    with outcome.of_threads(), metrics_logged(context.metrics, context.stop, metrics_interval_s):
        _log.info(
            "started",
            component=context.name,
            thing=context.thing_name,
            mode=context.mode,
            dry_run=context.dry_run,
            boot_id=context.clock.boot_id,
            clock_synchronized=clock_synchronized(),
        )
        with never_stuck(context.stop):
            outcome.of(work)
    uptime_s = context.clock.monotonic_s() - started_s
    _log.info("stopped", exit_code=outcome.exit_code, uptime_s=round(uptime_s, 1))
    end_despite(set(threading.enumerate()) - threads_before, outcome.exit_code)
    log.finish()
    return outcome.exit_code
