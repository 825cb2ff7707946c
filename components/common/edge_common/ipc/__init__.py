"""The Greengrass IPC connection of one component; the only package that imports awsiotsdk.

Owns publishing and subscribing (local topics and IoT Core), configuration and state over the core's Unix
socket. It keeps nothing on disk and retries no publish: what must not be lost waits in the caller's spool.

Modules, from the outside in:
    gateway       what a component uses: `IpcGateway`, a context manager
    session       what lives as long as a gateway is open, and how it ends
    supervisor    the thread that builds new connections and keeps subscriptions alive
    delivery      the thread that calls `on_message`, in order
    subscription  one topic filter, kept subscribed over any number of connections
    stream        one subscription on one connection
    link          the state machine: which connection is current; the package's lock
    connection    one connection of the SDK: opened once, lost once, never used again
    requests      the SDK's request and event shapes, built and read; limits
    errors        the SDK's exceptions translated into the tree of `edge_common.errors`
    timing        deadlines, and when to try again
    address       the core's socket and the process's token, from the environment

Threads: the SDK's one I/O thread (native), the supervisor, the delivery, and whoever calls. The I/O thread
only notes what happened and wakes somebody; it never waits and never calls a component's code.
"""

from edge_common.ipc.delivery import Message
from edge_common.ipc.errors import GatewayFailedError, NoAnswerError, NotGrantedError
from edge_common.ipc.gateway import IpcGateway
from edge_common.ipc.link import State
from edge_common.ipc.subscription import Subscription
from edge_common.ipc.timing import ReconnectPolicy

__all__ = [
    "GatewayFailedError",
    "IpcGateway",
    "Message",
    "NoAnswerError",
    "NotGrantedError",
    "ReconnectPolicy",
    "State",
    "Subscription",
]
