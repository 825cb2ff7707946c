"""scripts/cloud: it grants what the components use, and nothing else, and keeps what they leave there."""

import json
from typing import Any

import pytest

from edge_cli import configuration_option, gdk_config, project, recipes
from edge_cli.cloud_stack import template
from edge_cli.fleet import configuration
from mqtt_publisher.config import MqttPublisherConfig
from mqtt_subscriber.config import MqttSubscriberConfig
from s3_batch_uploader.config import FolderConfig, S3BatchUploaderConfig
from support.policies import ACCOUNT, REGION, FleetTemplate, allows, listed

THING = "core-17"
FLEET = FleetTemplate()
IOT = f"arn:aws:iot:{REGION}:{ACCOUNT}"
BUCKETS = ("DataBucket", "ArtifactBucket")
# Stream Manager's exports go below this; it never sends If-None-Match.
STREAMS = "stream-data"


def _uploaded() -> set[str]:
    """The prefixes that S3BatchUploader puts objects below, unless told otherwise."""
    return {S3BatchUploaderConfig(bucket="some-bucket").key_prefix, FolderConfig(path="images").key_prefix}


def _granted_by_recipes(operation: str) -> set[str]:
    """The resources that our recipes grant for an operation of IoT Core."""
    found: set[str] = set()
    for component in project.components():
        defaults = recipes.read_document(component.recipe)["ComponentConfiguration"]["DefaultConfiguration"]
        policies = defaults.get("accessControl", {}).get("aws.greengrass.ipc.mqttproxy", {})
        for policy in policies.values():
            if f"aws.greengrass#{operation}" in policy["operations"]:
                found |= set(policy["resources"])
    return found


def _statement(policy: str, **wanted: str) -> dict[str, Any]:
    return next(
        one for one in FLEET.policies()[policy] if all(one.get(key) == item for key, item in wanted.items())
    )


def _own(prefix: str, thing: str) -> str:
    return f"arn:aws:s3:::edge-data-{REGION}-{ACCOUNT}/{prefix}/{thing}/2026/11/22/object.json"


@pytest.mark.parametrize("prefix", sorted({*_uploaded(), STREAMS}))
def test_core_may_put_below_its_own_name_only(prefix: str) -> None:
    role = FLEET.policies()["TokenExchangeRole"]
    me = {"credentials-iot:ThingName": THING}
    assert allows(role, "s3:PutObject", _own(prefix, THING), me)
    assert allows(role, "s3:AbortMultipartUpload", _own(prefix, THING), me)
    assert not allows(role, "s3:PutObject", _own(prefix, "core-18"), me)
    assert not allows(role, "s3:PutObject", _own(prefix, f"{THING}0"), me)
    for action in ("s3:GetObject", "s3:DeleteObject", "s3:ListBucket", "s3:PutObjectAcl"):
        assert not allows(role, action, _own(prefix, THING), me)


def test_core_may_put_nowhere_else() -> None:
    put = [
        resource.rsplit("/", 3)[1:]
        for one in FLEET.policies()["TokenExchangeRole"]
        if "s3:PutObject" in listed(one["Action"])
        for resource in listed(one["Resource"])
    ]
    prefixes = {prefix for prefix, _, _ in put}
    assert prefixes == {*_uploaded(), STREAMS}
    assert all(rest == ["${credentials-iot:ThingName}", "*"] for _, *rest in put)


def test_core_may_get_artifacts_and_change_none() -> None:
    role = FLEET.policies()["TokenExchangeRole"]
    artifact = f"arn:aws:s3:::greengrass-artifacts-{REGION}-{ACCOUNT}/com.example.X/1.0.0/x.zip"
    assert allows(role, "s3:GetObject", artifact)
    # The classic nucleus asks for it first and gives up without (S3Downloader.getRegionClientForBucket).
    assert allows(role, "s3:GetBucketLocation", artifact.split("/", 1)[0])
    assert not allows(role, "s3:PutObject", artifact)


def test_overwriting_is_denied_wherever_our_components_put() -> None:
    denied = _statement("DataBucketPolicy", Sid="NeverOverwrite")
    bucket = f"arn:aws:s3:::edge-data-{REGION}-{ACCOUNT}"
    assert set(denied["Resource"]) == {f"{bucket}/{prefix}/*" for prefix in _uploaded()}
    assert denied["Effect"] == "Deny"
    assert denied["Action"] == "s3:PutObject"
    assert denied["Condition"] == {
        "Null": {"s3:if-none-match": "true"},
        "Bool": {"s3:ObjectCreationOperation": "true"},
    }


def test_iot_policy_grants_exactly_the_topics_of_the_recipes() -> None:
    def of(action: str) -> set[str]:
        statements = FLEET.policies()["ComponentsPolicy"]
        return {one for each in statements if each["Action"] == action for one in listed(each["Resource"])}

    published, subscribed = (
        {resource.replace("+", "core-*", 1) for resource in _granted_by_recipes(operation)}
        for operation in ("PublishToIoTCore", "SubscribeToIoTCore")
    )
    assert of("iot:Publish") == {f"{IOT}:topic/{topic}" for topic in published}
    assert of("iot:Subscribe") == {f"{IOT}:topicfilter/{topic}" for topic in subscribed}
    assert of("iot:Receive") == {f"{IOT}:topic/{topic.replace('+', '*')}" for topic in subscribed}


def test_topics_of_the_default_settings_pass_and_those_of_other_fleets_do_not() -> None:
    statements = FLEET.policies()["ComponentsPolicy"]
    publisher = MqttPublisherConfig()
    for topic in (publisher.data_topic, publisher.heartbeat_topic):
        for thing, passes in ((THING, True), ("press-1", False)):
            resource = f"{IOT}:topic/{topic.replace('{iot:thingName}', thing)}"
            assert allows(statements, "iot:Publish", resource) is passes
    for one in MqttSubscriberConfig().subscriptions:
        topic_filter = one.filter.replace("{iot:thingName}", THING)
        assert allows(statements, "iot:Subscribe", f"{IOT}:topicfilter/{topic_filter}")
    assert allows(statements, "iot:Receive", f"{IOT}:topic/{THING}/sensors/data")
    assert not allows(statements, "iot:Publish", f"{IOT}:topic/{THING}/commands/led")
    assert not allows(statements, "iot:Subscribe", f"{IOT}:topicfilter/#")


@pytest.mark.parametrize(("client", "passes"), [(THING, True), (f"{THING}#2", True), ("press-1", False)])
def test_core_connects_under_its_name_more_than_once(client: str, *, passes: bool) -> None:
    assert allows(FLEET.policies()["CorePolicy"], "iot:Connect", f"{IOT}:client/{client}") is passes


def test_certificate_gets_credentials_of_this_role_alias_only() -> None:
    core = FLEET.policies()["CorePolicy"]
    assert allows(core, "iot:AssumeRoleWithCertificate", f"{IOT}:rolealias/edge-fleet-token-exchange")
    assert not allows(core, "iot:AssumeRoleWithCertificate", f"{IOT}:rolealias/another")


def test_nothing_is_allowed_on_everything_but_what_names_no_resource() -> None:
    for name, statements in FLEET.policies().items():
        for one in statements:
            if one["Effect"] == "Deny":
                continue
            actions = listed(one["Action"])
            assert not any("*" in action for action in actions), name
            if "*" in listed(one["Resource"]):
                assert {action.partition(":")[0] for action in actions} == {"greengrass"}, name


@pytest.mark.parametrize("policy", ["CorePolicy", "ComponentsPolicy"])
def test_iot_policy_is_short_enough_for_the_longest_prefix(policy: str) -> None:
    """AWS IoT Core quotas: 2,048 characters without white space."""
    longest = FleetTemplate(prefix="x" * 64, region="ap-southeast-2", partition="aws")
    assert longest.policy_size(policy) <= 2048


@pytest.mark.parametrize("bucket", BUCKETS)
def test_bucket_is_private_encrypted_versioned_and_outlives_the_stack(bucket: str) -> None:
    one = FLEET.resources[bucket]
    assert one["DeletionPolicy"] == "RetainExceptOnCreate"
    assert one["UpdateReplacePolicy"] == "Retain"
    properties = one["Properties"]
    assert list(properties["PublicAccessBlockConfiguration"].values()) == [True] * 4
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}


@pytest.mark.parametrize("bucket", BUCKETS)
def test_bucket_aborts_uploads_that_were_never_finished_and_expires_no_data(bucket: str) -> None:
    rules = FLEET.resources[bucket]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert {"DaysAfterInitiation": 1} in [one.get("AbortIncompleteMultipartUpload") for one in rules]
    assert all(one["Status"] == "Enabled" for one in rules)
    assert not any("ExpirationInDays" in one or "ExpirationDate" in one for one in rules)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_bucket_takes_tls_1_2_and_newer_only(bucket: str) -> None:
    name = FLEET.filled({"Ref": bucket})
    for sid, condition in (
        ("TlsOnly", {"Bool": {"aws:SecureTransport": "false"}}),
        ("Tls12OrNewer", {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
    ):
        denied = _statement(f"{bucket}Policy", Sid=sid)
        assert (denied["Effect"], denied["Principal"], denied["Action"]) == ("Deny", "*", "s3:*")
        assert set(denied["Resource"]) == {f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"}
        assert denied["Condition"] == condition


def test_artifacts_go_where_publishing_looks_for_the_bucket() -> None:
    for component in project.components():
        assert gdk_config.bucket(component.name, REGION, ACCOUNT) == FLEET.filled({"Ref": "ArtifactBucket"})


def test_buckets_are_sent_with_their_names_written_out() -> None:
    """Else CloudFormation would not adopt those that an earlier stack has left."""
    sent = template.body(REGION, ACCOUNT)
    for bucket in BUCKETS:
        assert f"BucketName: {FLEET.filled({'Ref': bucket})}\n" in sent
    assert "BucketName: !Sub" not in sent


def test_logs_of_every_component_are_shipped() -> None:
    changes = configuration_option.parse("--configuration", str(template.DEPLOYMENT))
    logs = changes["aws.greengrass.LogManager"].merge["logsUploaderConfiguration"]
    assert set(logs["componentLogsConfigurationMap"]) == {one.name for one in project.components()}
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/greengrass/UserComponent/{REGION}/com.example.X"
    for action in ("CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents"):
        assert allows(FLEET.policies()["TokenExchangeRole"], f"logs:{action}", f"{group}:log-stream:x")


def test_deployment_configures_only_amazons_components_and_in_text() -> None:
    changes = configuration_option.parse("--configuration", str(template.DEPLOYMENT))
    assert set(changes) == {"aws.greengrass.LogManager", "aws.greengrass.StreamManager"}
    for change in changes.values():
        values = configuration.leaves(change.merge).values()
        assert all(isinstance(value, str) for value in values), json.dumps(change.merge)
