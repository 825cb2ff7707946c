"""Real readings of the machine that the component runs on: something to measure without any sensor.

Owns the fields; the only module that imports psutil. No threads.

| field               | unit | what                                                                        |
|---------------------|------|-----------------------------------------------------------------------------|
| cpu_temp            | °C   | the processor, the hottest of its zones (`edge_common.sensors.temperatures`)|
| <zone>_temp         | °C   | any other zone: gpu_temp, npu_temp, center_temp, bigcore0_temp, nvme_temp   |
| load_1m             | 1    | processes that run or wait to, averaged over a minute; of the whole machine |
| memory_used_percent | %    | of the memory, what is not available to a new process                       |
| disk_used_percent   | %    | of the file system at `disk_path`, for ordinary users                       |
| uptime_s            | s    | since the machine started, standby included                                 |

A field that this machine does not have is left out: a virtual machine has no temperatures.
"""

import time
from pathlib import Path

import psutil

from edge_common.config import ComponentConfig, setting
from edge_common.errors import PermanentError
from edge_common.log import get_logger
from edge_common.metrics import Metrics
from edge_common.sensors.missing import MissingFields
from edge_common.sensors.temperatures import CPU_FIELD, read_temperatures

_log = get_logger("host")


class HostConfig(ComponentConfig):
    """Settings of the source `host`."""

    disk_path: str = setting(
        "/", min_length=1, description="Any path on the file system whose `disk_used_percent` is measured."
    )
    sysfs_root: str = setting(
        "/sys", min_length=1, description="Where sysfs is mounted; in a container it may be elsewhere."
    )


class HostSource:
    """Asks the kernel at each reading.

    Args:
        config: Which disk, and where sysfs is.
        metrics: `sensor_fields_not_read` counts what this machine has and what is missing in readings.

    Raises:
        PermanentError: `disk_path` is not there.
    """

    due_s: None = None

    def __init__(self, config: HostConfig, metrics: Metrics) -> None:
        self._disk_path = config.disk_path
        self._root = Path(config.sysfs_root)
        self._missing = MissingFields("host", metrics)
        self._absent_told = False
        if not Path(self._disk_path).exists():
            reason = f"disk_path: {self._disk_path} is not there. Name a folder that is."
            raise PermanentError(reason, code="no_such_path")

    def read(self) -> dict[str, float]:
        """What the kernel says now; a zone without a value is left out, logged and counted."""
        values, faults = read_temperatures(self._root)
        values["load_1m"] = round(psutil.getloadavg()[0], 2)
        values["memory_used_percent"] = round(psutil.virtual_memory().percent, 1)
        try:
            values["disk_used_percent"] = round(psutil.disk_usage(self._disk_path).percent, 1)
        except OSError as error:
            faults.append(f"cannot look at {self._disk_path}: {error.strerror}. Look at the disk.")
        # A property of the machine, read as one: no clock of the component.
        values["uptime_s"] = round(time.clock_gettime(time.CLOCK_BOOTTIME), 1)
        self._missing.note(faults)
        self._tell_absent_once(values)
        return values

    def _tell_absent_once(self, values: dict[str, float]) -> None:
        if not self._absent_told and CPU_FIELD not in values:
            where = f"{self._root / 'class/thermal'} and {self._root / 'class/hwmon'}"
            _log.info("host_fields_absent", fields=CPU_FIELD, reason=f"no zone of the processor in {where}")
        self._absent_told = True
