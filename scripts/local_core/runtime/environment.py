"""The environment of a component's processes: what a device's core sets, nothing of the laptop user's own.

Sources: ShellRunner, Kernel, DeviceConfiguration and TokenExchangeService of the classic nucleus.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PASSED_ON = ("TZ",)
# The interpreter that this program runs on, without the packages of its environment, which no device has.
OWN_PYTHON = Path(sys.base_prefix) / "bin"


@dataclass(frozen=True, slots=True)
class CoreVariables:
    """What is the same for every component of a core; asked for at each start of a process.

    Attributes:
        ipc_socket: Path of the IPC socket as it is to be given to components.
        thing_name: AWS_IOT_THING_NAME.
        region: AWS_REGION and AWS_DEFAULT_REGION.
        nucleus_version: GGC_VERSION.
        home: HOME: a folder of the core's own, as ggc_user's is on a device. The user's real home would
            hand every component the keys in ~/.aws before boto3 ever asks the token exchange.
        root_ca_path: GG_ROOT_CA_PATH; empty as on a device without one.
        credentials_uri: AWS_CONTAINER_CREDENTIALS_FULL_URI, for components that depend on the token exchange.
        first_on_path: Folder in which interpreters are looked up before those of PATH; empty: none.
        extra: What only a laptop needs, e.g. AWS_ENDPOINT_URL_S3.
    """

    ipc_socket: Path
    thing_name: str
    region: str
    nucleus_version: str
    home: Path
    root_ca_path: str = ""
    credentials_uri: str = ""
    first_on_path: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


def component_environment(
    core: CoreVariables, token: str, *, uses_token_exchange: bool, setenv: Mapping[str, str]
) -> dict[str, str]:
    """The whole environment of one process.

    Args:
        core: What is the same for all.
        token: The component's identity: SVCUID, and what boto3 shows the token exchange.
        uses_token_exchange: Whether it depends on aws.greengrass.TokenExchangeService, directly or not.
        setenv: The recipe's Setenv of manifest and step, the step's values over the manifest's.
    """
    socket = str(core.ipc_socket)
    system_path = os.environ.get("PATH", _SYSTEM_PATH)
    environment = {
        "PATH": ":".join(folder for folder in (core.first_on_path, system_path) if folder),
        "HOME": str(core.home),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        # A device has no instance metadata; a laptop in EC2 has, and boto3 would take its role.
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH": socket,
        "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT": socket,
        "AWS_IOT_THING_NAME": core.thing_name,
        "AWS_REGION": core.region,
        "AWS_DEFAULT_REGION": core.region,
        "GGC_VERSION": core.nucleus_version,
        "GG_ROOT_CA_PATH": core.root_ca_path,
        "SVCUID": token,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
    }
    if uses_token_exchange:
        environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = core.credentials_uri
    return environment | dict(core.extra) | dict(setenv)
