"""Where a core keeps its files: the folders of a device's /greengrass/v2, below any root."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths below one root; making them is the business of whoever writes there first."""

    root: Path

    @property
    def ipc_socket(self) -> Path:
        """Unix socket of Greengrass IPC."""
        return self.root / "ipc.socket"

    @property
    def logs(self) -> Path:
        """One `<component>.log` each, and `greengrass.log` of the core itself."""
        return self.root / "logs"

    @property
    def state(self) -> Path:
        """What a core must know again after a restart: configuration, root components, component states."""
        return self.root / "config"

    @property
    def cli_ipc_info(self) -> Path:
        """One JSON file for each user who may use the command: auth token and socket path, as on a device."""
        return self.root / "cli_ipc_info"

    @property
    def recipes(self) -> Path:
        """Recipes of every version that has been deployed: `<name>-<version>.yaml`."""
        return self.root / "packages" / "recipes"

    def artifacts(self, component: str, version: str) -> Path:
        """`{artifacts:path}`: the artifact files of one component version."""
        return self.root / "packages" / "artifacts" / component / version

    def artifacts_unarchived(self, component: str, version: str) -> Path:
        """`{artifacts:decompressedPath}`: a folder for each unpacked archive, named without `.zip`."""
        return self.root / "packages" / "artifacts-unarchived" / component / version

    def work(self, component: str) -> Path:
        """`{work:path}`: the component's working folder, kept over versions and restarts."""
        return self.root / "work" / component

    @property
    def cloud(self) -> Path:
        """Files of the broker and of the S3 stand-in; a device has no such folder."""
        return self.root / "cloud"

    @property
    def lock(self) -> Path:
        """Held by the running core; a second core on the same root is refused by it."""
        return self.root / "core.lock"

    @property
    def control_socket(self) -> Path:
        """Unix socket of the core's own control channel: status, offline, faults, down."""
        return self.root / "control.socket"
