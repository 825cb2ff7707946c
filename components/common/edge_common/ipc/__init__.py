"""The Greengrass IPC connection of one component; the only package that imports awsiotsdk.

Owns publishing to IoT Core, and subscribing to it and to local topics, over the core's Unix socket. It keeps
nothing on disk and retries no publish: what must not be lost waits in the caller's spool. A component's
configuration comes by its environment (`edge_common.config`), before there is any connection.

Every call ends by its deadline, in one of these ways:

- it returns: the core has answered. For PublishToIoTCore that means stored in the core's spooler (classic
  nucleus) or taken for sending (Greengrass Lite, which has none);
- `TransientError`: it may work later. `NoAnswerError` among them, and a connection lost during the call,
  leave open whether the core acted: publishing again may publish twice;
- `PermanentError`: this request never works. `NotGrantedError` names the grant that is missing;
- `GatewayFailedError`: IPC is lost for good, the process must end with a non-zero exit code.

`publish_many_to_iot_core` pipelines: it returns the same outcomes, one for each message, instead of raising.

After a lost connection, or a call that was not answered, the supervisor builds a new connection with jittered
pauses and subscribes again. After `give_up_after_s` without a working connection the gateway fails, and much
sooner, after `refused_after_s` of nothing but refusals, when the core has forgotten its token (Greengrass
Lite does when it restarts). Failing, it sets the stop event, and leaving its `with` block raises
`GatewayFailedError`: the process ends with 1, and the core starts the component anew, with a token that is
valid. Cloud or broker being away never does that.

Messages arrive one after the other, in the order in which the core sent them. Those sent while there is no
connection are lost, for IPC keeps none back.

Modules, from the outside in:
    gateway       what a component uses: `IpcGateway`, a context manager
    session       what lives as long as a gateway is open, and how it ends
    supervisor    the thread that builds new connections and keeps subscriptions alive
    delivery      the thread that calls `on_message`, in order
    subscription  one topic filter, kept subscribed over any number of connections
    stream        one subscription on one connection
    link          the state machine: which connection is current; the package's lock
    call          one request: sent now, its answer waited for later
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
