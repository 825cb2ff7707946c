"""What a local core is started with."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Flavor(StrEnum):
    """Nucleus that the core imitates."""

    CLASSIC = "classic"  # the Java nucleus: 2.5 MiB spooler, typed YAML values
    LITE = "lite"  # Greengrass Lite: no spooler, ServiceError while offline, YAML values as strings


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """Everything that can be chosen when a core starts; frozen for its life.

    Attributes:
        root: The core's folder (a device's /greengrass/v2). One core for each root.
        thing_name: What AWS_IOT_THING_NAME and `{iot:thingName}` say.
        region: What AWS_REGION says.
        flavor: Nucleus to imitate.
        bucket: Name of the bucket made in the S3 stand-in at start.
        mqtt_port: TCP port of the broker on loopback; 0 takes a free one.
        s3_port: TCP port of the S3 stand-in on loopback; 0 takes a free one.
        interpolate_component_configuration: The nucleus option of that name: system variables inside
            ComponentConfiguration (such as `{iot:thingName}` in accessControl) are replaced; off, as there.
        architecture: What the core says it is to `Platform.architecture` of manifests, as the nucleus option
            platformOverride does; None: what this machine is.
    """

    root: Path
    thing_name: str = "orangepi5-core-001"
    region: str = "ap-northeast-2"
    flavor: Flavor = Flavor.CLASSIC
    bucket: str = "edge-local"
    mqtt_port: int = 0
    s3_port: int = 0
    interpolate_component_configuration: bool = False
    architecture: str | None = None
