"""The stand-in itself: as strict as botocore's models, towards the unmodified boto3 and towards itself."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from support.aws.account import ACCESS_KEY, ACCOUNT
from support.aws.model import Api, ModelError
from support.aws.stand_in import GreengrassCloud
from support.s3.store import REGION, Store

TARGET = f"arn:aws:iot:{REGION}:{ACCOUNT}:thing/core"


@pytest.fixture
def cloud(store: Store) -> Iterator[GreengrassCloud]:
    """A cloud with one core device."""
    with GreengrassCloud(store) as running:
        running.fleet.add_thing("core")
        yield running


@pytest.fixture
def client(cloud: GreengrassCloud) -> Iterator[Any]:
    """Plain boto3, which leaves the judgement of what it sends to the service."""
    made = boto3.client(
        "greengrassv2",
        endpoint_url=cloud.url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key="any",  # noqa: S106  no secret: the stand-in checks no signature
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )
    yield made
    made.close()


WRONG: list[dict[str, Any]] = [
    {"targetArn": "no-arn"},
    {"targetArn": TARGET, "components": {"A": {}}},
    {"targetArn": TARGET, "components": {"A": {"componentVersion": ""}}},
    {"targetArn": TARGET, "deploymentPolicies": {"failureHandlingPolicy": "SHRUG"}},
    {"targetArn": TARGET, "clientToken": "not allowed!"},
    {"targetArn": TARGET, "iotJobConfiguration": {"abortConfig": {"criteriaList": []}}},
]


@pytest.mark.parametrize("arguments", WRONG, ids=str)
def test_request_that_the_model_does_not_allow_is_refused(
    cloud: GreengrassCloud, client: Any, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        client.create_deployment(**arguments)
    assert len(cloud.wrong) == 1
    assert cloud.fleet.deployments == []


def test_answer_comes_back_as_boto3_gives_it_to_anybody(client: Any) -> None:
    made = client.create_deployment(targetArn=TARGET, components={}, deploymentName="first")
    found = client.get_deployment(deploymentId=made["deploymentId"])
    assert found["deploymentStatus"] == "ACTIVE"
    assert found["creationTimestamp"].tzinfo is not None
    assert found["deploymentPolicies"]["componentUpdatePolicy"]["timeoutInSeconds"] == 60


def test_second_deployment_replaces_the_first_and_uninstalls_what_it_omits(
    cloud: GreengrassCloud, client: Any
) -> None:
    cloud.components.add("com.others.X", "1.0.0")
    client.create_deployment(targetArn=TARGET, components={"com.others.X": {"componentVersion": "1.0.0"}})
    client.create_deployment(targetArn=TARGET)
    assert "components" not in cloud.specification(TARGET)


def test_component_version_is_immutable(cloud: GreengrassCloud, client: Any) -> None:
    recipe = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": "com.example.A",
        "ComponentVersion": "1.0.0",
        "Manifests": [],
    }
    client.create_component_version(inlineRecipe=json.dumps(recipe).encode())
    with pytest.raises(ClientError, match="ConflictException"):
        client.create_component_version(inlineRecipe=json.dumps(recipe).encode())
    assert cloud.wrong == []


def test_component_whose_artifact_is_nowhere_is_refused_in_the_services_words(client: Any) -> None:
    recipe = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": "com.example.A",
        "ComponentVersion": "1.0.0",
        "Manifests": [{"Artifacts": [{"Uri": "s3://absent/x.zip"}]}],
    }
    with pytest.raises(ClientError, match="Specified artifact resource cannot be accessed"):
        client.create_component_version(inlineRecipe=json.dumps(recipe).encode())


def test_unsigned_request_is_refused(cloud: GreengrassCloud) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{cloud.url}/greengrass/v2/deployments")  # noqa: S310  loopback
    refused.value.close()
    assert cloud.wrong == ["GET /greengrass/v2/deployments is not signed"]


def test_answer_that_the_model_does_not_allow_is_the_stand_ins_fault() -> None:
    api = Api("greengrassv2")
    with pytest.raises(ModelError, match="none of"):
        api.answer("GetDeployment", {"deploymentStatus": "ODD"})
    with pytest.raises(ModelError, match="unknown member"):
        api.answer("CreateDeployment", {"id": "1"})
    with pytest.raises(ModelError, match="never answers ConflictException"):
        api.refusal("GetDeployment", "ConflictException", {"message": "no"})
    with pytest.raises(ModelError, match="missing"):
        api.refusal("GetDeployment", "ResourceNotFoundException", {"message": "no"})
