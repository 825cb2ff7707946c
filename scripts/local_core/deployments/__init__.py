"""Local deployments: taken, resolved, planned, carried out, undone when they fail, remembered.

Where to look:
    queue         one deployment at a time; deployment: what one asks for and what became of it
    rollout       one deployment carried out; preparation, planning, resolver: its plan; failures: why not
    packages      recipes and artifacts; staging: those of a deployment that is not applied yet; unarchive
    notices       what running components are asked and told
    inventory     what a core must know again after a restart
    host          what a core gives its deployments

Where it differs from a device, on purpose: see `local_core.runtime`.
"""
