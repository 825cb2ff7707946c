"""What a core gives its deployments."""

from collections.abc import Callable
from dataclasses import dataclass

from local_core.deployments.notices import UpdateNotices
from local_core.layout import Layout
from local_core.model.configuration import ConfigurationStore
from local_core.runtime.supervisor import Supervisor
from local_core.settings import CoreSettings

# DeploymentConfigMerger.WAIT_SVC_START_POLL_INTERVAL_MILLISEC. What a component does between two looks
# decides whether one that dies at once fails its deployment: the laptop looks as often as a device.
SETTLE_POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class DeploymentHost:
    """Handed to `Deployments` by the core.

    Attributes:
        settings: The core's.
        layout: Where packages and the inventory are.
        store: The components' configurations.
        supervisor: The components.
        notices: How components are asked and told.
        configuration_changed: Called with the name of each component whose configuration a deployment has
            changed or removed.
        settle_poll_s: Seconds between two looks at whether the components have come to rest.
    """

    settings: CoreSettings
    layout: Layout
    store: ConfigurationStore
    supervisor: Supervisor
    notices: UpdateNotices
    configuration_changed: Callable[[str], None]
    settle_poll_s: float = SETTLE_POLL_S
