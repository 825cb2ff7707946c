"""What a classic nucleus is configured with: `config/effectiveConfig.yaml`, which it writes. Read only.

Certificates and keys are named there by their paths; none of their content is read here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_cli import recipes
from edge_cli.errors import CommandError
from local_core.layout import Layout

_NUCLEUS = "aws.greengrass.Nucleus"
_MQTT_PORT = 8883  # the nucleus's default for `mqtt.port`
_DEFAULT_USER = "ggc_user:ggc_group"  # the installer's default


@dataclass(frozen=True, slots=True)
class EffectiveConfig:
    """What matters of it; empty where it says nothing.

    Attributes:
        version: Of the nucleus.
        thing_name: Of the device.
        certificate: Path of the device's certificate.
        private_key: Path of its key, or a PKCS #11 address.
        role_alias: Through which components get AWS credentials.
        data_endpoint: Host of IoT Core.
        credentials_endpoint: Host that gives credentials.
        mqtt_port: Port of IoT Core.
        run_as: `user` or `user:group` of components.
    """

    version: str
    thing_name: str
    certificate: str
    private_key: str
    role_alias: str
    data_endpoint: str
    credentials_endpoint: str
    mqtt_port: int
    run_as: str


def read(root: Path) -> EffectiveConfig:
    """Read it.

    Raises:
        CommandError: It is not there, may not be read, or is broken.
    """
    document = _read(Layout(root).state / "effectiveConfig.yaml")
    system = _mapping(document, "system")
    nucleus = _mapping(document, "services", _NUCLEUS)
    configuration = _mapping(nucleus, "configuration")
    port = _text(_mapping(configuration, "mqtt"), "port")
    return EffectiveConfig(
        version=_text(nucleus, "version"),
        thing_name=_text(system, "thingName"),
        certificate=_text(system, "certificateFilePath"),
        private_key=_text(system, "privateKeyPath"),
        role_alias=_text(configuration, "iotRoleAlias"),
        data_endpoint=_text(configuration, "iotDataEndpoint"),
        credentials_endpoint=_text(configuration, "iotCredEndpoint"),
        mqtt_port=int(port) if port.isdecimal() else _MQTT_PORT,
        run_as=_text(_mapping(configuration, "runWithDefault"), "posixUser") or _DEFAULT_USER,
    )


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return recipes.read_mapping(path)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise CommandError(f"The nucleus's configuration {path} cannot be read: {why}.") from None


def _mapping(document: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        value = document.get(key)
        document = value if isinstance(value, Mapping) else {}
    return document


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key)
    return "" if value is None else str(value)
