"""Builds -> component versions in AWS -> deployments to a thing or a thing group.

Where to look:
    aws            the only user of boto3 here: who one is, calls;  aws_errors: what AWS says, as sentences
    release        one build as it is published: its recipe, its uploads, what identifies its content
    versions       versions in order, and the next one
    catalogue      component versions in AWS
    bucket         the artifacts' bucket
    admission      `edge publish`: everything is checked;  publishing: then everything is done
    target         a thing or a thing group, and the core devices in it
    configuration  what a deployment changes in a component's configuration
    specification  what a target is to run: a deployment changed, not replaced;  difference: by how much
    resets         which RESETs it needs, and which it does once more
    standing       where a target stands, and which deployment a new one starts from
    settings       whether components would start with what a deployment leaves them with
    planning       `edge deploy`: what would be done
    deploying      showing that, asking, doing it
    rollout        creating a deployment, and waiting for the devices
    aftermath      what devices run that failed
    group_deployments  what a thing gets through its groups
    history        `edge deployments`
    views          how it looks;  difference_view: what changes, for boards too

Nothing here changes anything in AWS but `publishing.publish` and `rollout.create`.
"""
