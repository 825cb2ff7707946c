"""Mistakes in our own CloudFormation template that cfn-lint takes."""

from support.planted.planting import Mistake

TEMPLATE = "scripts/cloud/fleet.yaml"
ALLOWED = "Sid: TlsOnly\n            Effect: Allow"
PRINCIPAL = "Service: credentials.iot.amazonaws.com"
BLOCKED = "        BlockPublicAcls: true\n"

MISTAKES_IN_CLOUD = {
    "Deny that became Allow": Mistake(
        TEMPLATE, ALLOWED.replace("Allow", "Deny"), ALLOWED, "open-to-everybody", "Effect: Allow"
    ),
    "everybody's account": Mistake(
        TEMPLATE, PRINCIPAL, 'AWS: ["*"]', "open-to-everybody", "Effect: Allow", "name a Principal"
    ),
    "public access": Mistake(
        TEMPLATE, BLOCKED, BLOCKED.replace("true", "false"), "public-access", "BlockPublicAcls"
    ),
    "no word of public access": Mistake(
        TEMPLATE, BLOCKED, "", "public-access", "PublicAccessBlockConfiguration", "DataBucket"
    ),
}
