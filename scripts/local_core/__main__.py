"""`python -m local_core`: one core in the foreground until SIGTERM, SIGINT or `edge core down`.

Prints nothing on success but one line of JSON, its status, to `--ready-fd` once everything listens.
A core that cannot start prints one message to stderr and exits with 1.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path

from local_core.core import LocalCore
from local_core.errors import CoreError, explain_os_error
from local_core.model.platforms import ARCHITECTURES
from local_core.settings import CoreSettings, Flavor

_logger = logging.getLogger(__name__)

MAX_PORT = 65_535


def main(argv: list[str] | None = None) -> int:
    """Run a core; returns the exit code."""
    arguments = _parser().parse_args(argv)
    settings = CoreSettings(
        root=arguments.root.resolve(),
        thing_name=arguments.thing,
        region=arguments.region,
        flavor=Flavor(arguments.flavor),
        mqtt_port=arguments.mqtt_port,
        s3_port=arguments.s3_port,
        interpolate_component_configuration=arguments.interpolate_component_configuration,
        architecture=arguments.architecture,
    )
    try:
        asyncio.run(_serve(settings, arguments.ready_fd))
    except CoreError as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(explain_os_error(error, settings.root))
    return 0


def _refuse(message: str) -> int:
    sys.stderr.write(f"error: {message}\n")
    return 1


async def _serve(settings: CoreSettings, ready_fd: int | None) -> None:
    core = LocalCore(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, core.ask_down)
    try:
        await core.start()
        if ready_fd is not None:
            with os.fdopen(ready_fd, "w") as ready:
                ready.write(json.dumps(core.status()) + "\n")
        await core.until_down()
    except (CoreError, OSError):
        raise
    except Exception:
        _logger.exception("The core failed")  # while its log is still open
        raise
    finally:
        await core.stop()


def _parser() -> argparse.ArgumentParser:
    defaults = CoreSettings(root=Path())
    parser = argparse.ArgumentParser(prog="python -m local_core", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--root", type=Path, required=True, help="the core's folder, a device's /greengrass/v2"
    )
    parser.add_argument("--thing", default=defaults.thing_name, help="thing name (default: %(default)s)")
    parser.add_argument("--region", default=defaults.region, help="AWS region (default: %(default)s)")
    parser.add_argument("--flavor", choices=[f.value for f in Flavor], default=defaults.flavor.value)
    parser.add_argument("--mqtt-port", type=_port, default=0, help="port of the broker; 0: any free one")
    parser.add_argument("--s3-port", type=_port, default=0, help="port of the S3 stand-in; 0: any free one")
    parser.add_argument(
        "--interpolate-component-configuration",
        action="store_true",
        help="the classic nucleus's option of that name: {iot:thingName} and the like are replaced in "
        "ComponentConfiguration",
    )
    parser.add_argument(
        "--architecture",
        choices=ARCHITECTURES,
        help="the nucleus's option platformOverride: take manifests for this one, not for this machine's; "
        "their interpreter must be able to run it",
    )
    parser.add_argument("--ready-fd", type=int, help="file descriptor that gets one line of JSON when ready")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no TCP port: give a number from 0 to {MAX_PORT}")
    return int(text)


if __name__ == "__main__":
    raise SystemExit(main())
