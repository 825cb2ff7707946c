"""What a device that failed runs now, as far as it says so itself. Pure; no I/O.

The deployment's policy asks for a rollback; only the device knows whether there was one. Its reason begins
with a detailed status (`DeploymentResult.DeploymentStatus` of the classic nucleus), then a colon and a
sentence.
"""

from collections.abc import Sequence

from edge_cli.fleet.rollout import DeviceResult
from edge_cli.fleet.target import few

_AFTERMATHS = {
    "FAILED_NO_STATE_CHANGE": "nothing was changed there.",
    "FAILED_ROLLBACK_COMPLETE": "rolled back to what ran before.",
    "FAILED_ROLLBACK_NOT_REQUESTED": "not rolled back, because the deployment does not ask for it.",
    "FAILED_UNABLE_TO_ROLLBACK": "the rollback failed too, so what runs there is not known.",
}
_NOT_SAID = "whether it was rolled back is not known."


def sentences(failed: Sequence[DeviceResult]) -> list[str]:
    """A sentence for each thing that became of devices.

    Args:
        failed: Devices that are through and did not succeed.

    >>> sentences([DeviceResult("core-1", "FAILED", "FAILED_ROLLBACK_COMPLETE: it broke")])
    ['Failed on core-1: rolled back to what ran before.']
    """
    devices: dict[str, list[str]] = {}
    for one in failed:
        devices.setdefault(_aftermath(one), []).append(one.device)
    return [f"Failed on {few(names)}: {aftermath}" for aftermath, names in devices.items()]


def _aftermath(result: DeviceResult) -> str:
    return _AFTERMATHS.get(result.reason.partition(":")[0].strip(), _NOT_SAID)
