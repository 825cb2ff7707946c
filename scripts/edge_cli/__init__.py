"""The laptop's command, `scripts/edge`: a core, deployments, components, logs, messages and the demo.

Where to look:
    app                  the words and their help; core_, deployment_ and component_commands: the groups
    options              options that several commands share
    reporting            the end of every command: one error message, an exit code, `--json`
    console              what a person sees: lines, tables, spinners; nothing but JSON under `--json`
    project              where components, recipes and the default root are
    core_process         starts and stops the daemon;  core_status: what it says of itself
    greengrass_ipc       the only user of awsiot: what greengrass-cli does, over Greengrass IPC
    cloud_mqtt, cloud_s3 the only user of paho, and the local cloud's S3
    messaging            tap and pub, on either side
    building, targets    component folders -> hermetic artifacts and recipes
    lint, recipes        what is wrong with recipes although every schema takes them
    fleet                publish and deploy through AWS; its module aws is the only user of boto3 there
    device               a board at hand: greengrass-cli, ggl-cli, ssh, the journal, the board's doctor
    spool                what components keep on disk
    run_component        a component without a deployment
    log_lines, logs      the nucleus's log format; reading, merging and following the files
    doctor               is everything there?
    views, log_screen    how results look
    demo                 the whole thing in one command

It reaches the core over Greengrass IPC and the control socket, never by importing what the core is made of.
Every foreign library but typer is imported when a command runs: `--help` must answer at once.
"""
