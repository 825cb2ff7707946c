"""Every part of one core, made and put together: the one place that knows which part needs which.

Nothing is started, written or listened on here; that is `core`. Everything runs on the core's event loop.
"""

from local_core.cloud.broker import Broker
from local_core.cloud.link import Link
from local_core.cloud.outage import CloudOutage
from local_core.cloud.s3.store import ObjectStore
from local_core.cloud.token_exchange import TokenExchange
from local_core.deployments.host import DeploymentHost
from local_core.deployments.queue import Deployments
from local_core.ipc.authorization import MQTTPROXY, PUBSUB, Authorizer
from local_core.ipc.dialect import CLASSIC, LITE
from local_core.ipc.rpc import JsonObject
from local_core.ipc.server import IpcServer
from local_core.ipc.tokens import Tokens
from local_core.layout import Layout
from local_core.model.configuration import ConfigurationStore
from local_core.operations.component_updates import ComponentUpdates
from local_core.operations.iot_core import IotCore
from local_core.operations.offered import Parts, offered_operations
from local_core.operations.pubsub import PubSub
from local_core.processes.children import Children
from local_core.runtime.access_control import access_control_of
from local_core.runtime.builtin import CLI, nucleus_version
from local_core.runtime.environment import OWN_PYTHON, CoreVariables
from local_core.runtime.supervisor import ComponentHost, Supervisor
from local_core.settings import CoreSettings, Flavor

# A person at the keyboard may publish and subscribe to anything: `edge tap`, `edge pub`, `edge run`.
_ANYTHING = {"operations": ["*"], "resources": ["*"]}
_GRANTS_OF_THE_COMMAND: JsonObject = {
    PUBSUB: {f"{CLI}:pubsub:1": _ANYTHING},
    MQTTPROXY: {f"{CLI}:mqttproxy:1": _ANYTHING},
}


class CoreParts:
    """The parts by name, in the order in which they build on each other.

    Args:
        settings: What the core is to be.
        store: The configurations that it goes on with.
        children: Who starts and stops its processes.
    """

    def __init__(self, settings: CoreSettings, store: ConfigurationStore, children: Children) -> None:
        is_lite = settings.flavor is Flavor.LITE
        self.settings = settings
        self.layout = layout = Layout(settings.root)
        self.store = store

        self.broker = Broker(layout, children, settings.mqtt_port)
        self.object_store = ObjectStore(layout, children, settings.bucket, settings.region, settings.s3_port)
        self.link = Link(settings.thing_name, once_per_subscription=not is_lite, keep_session=not is_lite)
        self.tokens = Tokens()
        self.token_exchange = TokenExchange(self.tokens, settings.flavor)
        self.outage = CloudOutage(self.link, self.object_store, self.token_exchange)

        self.authorizer = Authorizer(self._access_control, store.component_names)
        self.supervisor = Supervisor(
            ComponentHost(layout, children, self.tokens, self._variables, settings.flavor)
        )
        updates = ComponentUpdates()
        self.deployments = Deployments(
            DeploymentHost(settings, layout, store, self.supervisor, updates, self.authorizer.forget)
        )

        self.iot_core = IotCore(self.authorizer, self.link, settings.flavor)
        self.pubsub = PubSub(self.authorizer, settings.flavor)
        self.operations = offered_operations(
            Parts(
                authorizer=self.authorizer,
                deployments=self.deployments,
                iot_core=self.iot_core,
                pubsub=self.pubsub,
                secrets_file=layout.state / "secrets.json",
                shadows_folder=layout.state / "shadows",
                store=store,
                supervisor=self.supervisor,
                tokens=self.tokens,
                updates=updates,
            ),
            settings.flavor,
        )
        self.ipc = IpcServer(
            layout.ipc_socket,
            self.tokens,
            self.operations,
            LITE if is_lite else CLASSIC,
        )

    def _variables(self) -> CoreVariables:
        return CoreVariables(
            ipc_socket=self.ipc.address,
            thing_name=self.settings.thing_name,
            region=self.settings.region,
            nucleus_version=nucleus_version(self.settings.flavor),
            home=self.settings.root / "home",
            credentials_uri=self.token_exchange.full_uri,
            # This machine's Python is of no use to artifacts for another architecture.
            first_on_path="" if self.settings.architecture else str(OWN_PYTHON),
            extra={"AWS_ENDPOINT_URL_S3": self.object_store.endpoint_url},
        )

    def _access_control(self, component: str) -> JsonObject:
        if component == CLI:
            return _GRANTS_OF_THE_COMMAND
        return access_control_of(component, self.store, self.layout, self.settings)
