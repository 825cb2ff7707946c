"""Component processes: started, watched, logged, stopped.

Where to look:
    supervisor    all components of a core; component, state_actions, states: one of them
    steps         one lifecycle step; process, environment: its process; component_log: what it writes

Where it differs from a device, on purpose:
    - Every component runs as the core's own user, without limits: RequiresPrivilege and runWith are noted
      only. HOME is a folder of the core's, so that nobody finds the laptop user's keys.
    - Local deployments ask components for consent (SubscribeToComponentUpdates), as only cloud deployments do
      there.
    - Only artifacts that the recipe names are copied, as from the cloud, and an archive is always unpacked
      afresh: the nucleus copies the whole artifact directory and keeps files of the same size.
    - On Lite, archives are unpacked and recipes of earlier deployments are remembered: Lite 2.6.0 skips
      `Unarchive` in local deployments and wants every component's recipe in each of them.
    - A bootstrap step that asks for a restart of the nucleus or the device gets none.
    - A script has ended when its shell has, even where something in the background still holds its output
      open: the classic nucleus waits for that too.
    - Stopping a component ends everything it has started, also what a startup script left running and
      daemons that have left its session: every process has LOCAL_CORE_CHILD in its environment for that.
    - Recipes and artifacts of a deployment are put in their place when it is applied. A rollback leaves those
      of a version that was there before with others: what runs goes on, and its next start runs the new ones.
    - After a successful deployment only the versions that are in use are kept; a device keeps each
      component's previous version as well.
"""
