"""The fleet's CloudFormation stack: what `scripts/cloud/fleet.yaml` describes, in an account and a region.

Where to look:
    template    the template as it is sent
    stack       a stack as it is, and why one cannot be changed now
    change_set  what would change, asked of CloudFormation itself; and doing it
    progress    waiting for what CloudFormation makes of it
    applying    `edge cloud up` and `diff`;  removing: `edge cloud down`
    views       how it looks

AWS is asked by `edge_cli.fleet.aws`. Everything runs in the command's main thread.
"""
