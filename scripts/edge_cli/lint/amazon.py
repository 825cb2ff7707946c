"""The names of the components that Amazon provides, to tell a misspelt one. Values only.

Source: AWS IoT Greengrass V2 developer guide, "AWS-provided components". There may be others by now: a name
that is like none of these is nobody's business here.
"""

import difflib
from collections.abc import Iterable

_GREENGRASS = (
    "Cli", "Cloudwatch", "DeviceDefender", "DiskSpooler", "DockerApplicationManager", "KinesisFirehose",
    "LambdaLauncher", "LambdaManager", "LambdaRuntimes", "LegacySubscriptionRouter", "LocalDebugConsole",
    "LogManager", "ModbusRTUProtocolAdapter", "Nucleus", "NucleusLite", "SNS", "SageMakerEdgeManager",
    "SecretManager", "SecureTunneling", "ShadowManager", "StreamManager", "SystemsManagerAgent",
    "TokenExchangeService", "clientdevices.Auth", "clientdevices.IPDetector", "clientdevices.mqtt.Bridge",
    "clientdevices.mqtt.EMQX", "clientdevices.mqtt.Moquette", "crypto.Pkcs11Provider",
    "telemetry.NucleusEmitter",
)  # fmt: skip
_IOT = ("EdgeConnectorForKVS", "SiteWiseEdgeCollectorOpcua", "SiteWiseEdgeProcessor", "SiteWiseEdgePublisher")
COMPONENTS = frozenset(
    {f"aws.greengrass.{name}" for name in _GREENGRASS} | {f"aws.iot.{name}" for name in _IOT}
)
LIKENESS = 0.86  # takes TokenExchange for TokenExchangeService; the part that all share makes any two alike
LIKENESS_OF_OURS = 0.93  # does not take PublisherExtras, which may be somebody's, for Publisher


def misspelt(name: str, known: Iterable[str], likeness: float = LIKENESS) -> str | None:
    """Which of `known` `name` is a misspelling of; None when it is one of them, or like none.

    >>> misspelt("aws.greengrass.StreamManger", COMPONENTS)
    'aws.greengrass.StreamManager'
    """
    names = {one.lower(): one for one in known}
    if name in names.values():
        return None
    close = difflib.get_close_matches(name.lower(), names, n=1, cutoff=likeness)
    return names[close[0]] if close else None
