"""A Greengrass core for a laptop: the real wire protocols, without a nucleus.

For development and tests. Components and AWS's own SDKs cannot tell it from a core device by protocol.

Where to look:
    core        the one object that owns everything below; core_parts puts it together
    settings    what a core is started with;  layout: where it keeps its files, as on a device
    control     the core's own control channel; core_control: what it answers there
    ipc         frames, connections, dispatch, authorisation
    operations  what each IPC operation does
    cloud       the broker that plays IoT Core, the link to it with its spooler, S3, token exchange
    model       recipes, versions, platforms, configuration: data, no processes
    deployments what is asked for, resolved, planned, carried out, undone when it fails
    runtime     components: their states, steps, processes and logs
    processes   children that never outlive the core, however it ends

It never imports edge_common: a stand-in tested through our own client would share our misreadings.
"""
