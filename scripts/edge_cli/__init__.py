"""The laptop's command, `scripts/edge`: cores, boards and fleets, what runs on them, and the demo.

Where to look:
    app, commands   the words, their options and their help
    screen          what a person sees; how a command ends: one error message, an exit code, `--json`
    project, place  where things are in the project; which Greengrass is meant
    exit_codes      what the shell gets;  errors: what a person is told
    gdk_config      what GDK asks of gdk-config.json, and what that says of publishing
    configuration_option    changes of configurations on the command line;  deploy_options: how to deploy
    core            the local core: daemon, deployments, messages; the only users of awsiot and paho
    demo            the whole thing in one command
    building        component folders -> recipes and artifacts with everything inside; `targets`: for what
    lint, recipes   mistakes that no schema finds; `settings_check`: would a component start
    device          a board at hand: greengrass-cli, ggl-cli, ssh
    fleet           publish and deploy through AWS; its module aws is the only user of boto3 there
    cloud_stack     what a fleet needs in an AWS account, by CloudFormation
    doctor          is everything there, on the laptop or on a board?
    logs            the nucleus's log format, the files and the journal: read, merged, followed, shown
    spool           what components keep on disk
    readme          what is generated in READMEs

It reaches a core over Greengrass IPC and the control socket, never by importing what the core is made of;
only lint holds recipes against the core's own rules (`local_core.model`, `local_core.ipc.policies`).
Every foreign library but typer is imported when a command runs: `--help` must answer at once.
"""
