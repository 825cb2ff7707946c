"""A Greengrass core for a laptop: the real wire protocols, without a nucleus.

For development and tests. Components and AWS's own SDKs cannot tell it from a core device by protocol.

Where to look:
    core        the one object that owns and wires everything below
    settings    what a core is started with;  layout: where it keeps its files, as on a device
    ipc         frames, connections, dispatch, authorisation
    operations  what each IPC operation does
    cloud       the broker that plays IoT Core, the link to it with its spooler, S3, token exchange
    model       recipes, versions, platforms, configuration: data, no processes
    runtime     component processes, their logs, deployments

It never imports edge_common: a stand-in tested through our own client would share our misreadings.
"""
