"""accessControl as the nucleus reads it: matching rules row by row, what is dropped, what callers hear."""

import logging
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_core.ipc import authorization
from local_core.ipc.authorization import (
    CLI,
    COMPONENT_METRIC,
    LIFECYCLE,
    MQTTPROXY,
    PUBSUB,
    SECRET_MANAGER,
    SHADOW_MANAGER,
    Authorizer,
)
from local_core.ipc.resource_patterns import ResourceError, matcher
from local_core.ipc.rpc import RpcError

ME = "com.example.Sensor"


def policy(resources: list[str], operations: list[str] | None = None) -> dict[str, Any]:
    return {"policyDescription": "test", "operations": operations or ["*"], "resources": resources}


def authorizer(access_control: Any, **others: Any) -> Authorizer:
    """An authorizer for ME with `access_control`, and for any other component given by its name."""
    configured = {ME: access_control, **others}
    return Authorizer(lambda component: configured.get(component, {}), lambda: configured)


def is_allowed(checked: Authorizer, service: str, operation: str, resource: str) -> bool:
    try:
        checked.check(ME, service, operation, resource)
    except RpcError:
        return False
    return True


def publishes(resource: str, topic: str) -> bool:
    """Whether a pub/sub policy with `resource` lets ME publish to `topic`."""
    return is_allowed(authorizer({PUBSUB: {"p": policy([resource])}}), PUBSUB, "PublishToTopic", topic)


def mqtt_subscribes(resource: str, topic_filter: str) -> bool:
    """Whether an mqttproxy policy with `resource` lets ME subscribe to `topic_filter`."""
    allowed = authorizer({MQTTPROXY: {"p": policy([resource])}})
    return is_allowed(allowed, MQTTPROXY, "SubscribeToIoTCore", topic_filter)


def test_nothing_is_granted_by_default() -> None:
    nobody = authorizer({})

    assert not is_allowed(nobody, PUBSUB, "PublishToTopic", "t")
    assert not is_allowed(nobody, MQTTPROXY, "PublishToIoTCore", "t")
    assert not is_allowed(nobody, SECRET_MANAGER, "GetSecretValue", "s")


@pytest.mark.parametrize(
    ("resource", "asked", "allowed"),
    [
        ("t/#", "t", True),
        ("t/#", "t/a/b", True),
        ("t/#", "t/", True),
        ("t/#", "t/#", True),
        ("t/#", "tt/a", False),
        ("t/+", "t/#", True),
        ("t/+", "t/+", True),
        ("t/+", "t/a", True),
        ("t/+", "t/a/b", False),
        ("t/+", "t", False),
        ("t/a/x", "t/+/x", False),
        ("t/+/x", "t/a/x", True),
        ("t/+/x", "t/a/b/x", False),
        ("+/x", "a/x", True),
        ("+/x", "a/b/x", False),
        ("+", "a", True),
        ("+", "/a", False),
        ("+/+", "/a", True),
        ("+/+", "/a/", False),
        ("#", "a/b", True),
        ("*", "a/b", True),
        ("/#", "/a/b", True),
        ("/#", "a/b", False),
        ("a/+/#", "a/b", True),
        ("a/+/#", "a/", True),
        ("a/+/#", "a", False),
        ("a/*bc/#", "a/xbc", True),
        ("a/*bc/#", "a/xbcd/bc/e", True),
        ("abc*/#", "abc123", True),
        ("x*/+/*room/#", "xyz/89/fan2/bedroom/light", True),
        ("orangepi5-core-001/*", "orangepi5-core-001/#", True),
        ("orangepi5-core-001/*", "orangepi5-core-001/sensors/data", True),
        ("orangepi5-core-001/*", "orangepi5-core-001", False),
    ],
)
def test_mqttproxy_understands_mqtt_wildcards_and_the_star(
    resource: str, asked: str, *, allowed: bool
) -> None:
    assert mqtt_subscribes(resource, asked) is allowed


@pytest.mark.parametrize(
    ("resource", "asked", "allowed"),
    [
        ("abc#", "abc#", True),
        ("abc#", "abcd", False),
        ("w/qq#", "w/qq/e", False),
        ("12/#/", "12/#/", True),
        ("12/#/", "12/4/", False),
        ("##", "##", True),
        ("##", "ab", False),
        ("123/#/xyz/#", "123/#/xyz", True),
        ("123/#/xyz/#", "123/4/xyz/5", False),
        ("12/+23", "12/+23", True),
        ("12/+23", "12/x23", False),
        ("ax/q+/1", "ax/qw/1", False),
        ("/+/++", "/zz/++", True),
        ("/+/++", "/zz/ty", False),
        ("12/*#", "12/3/4#", True),
        ("12/*#", "12/3/4", False),
    ],
)
def test_mqttproxy_takes_misplaced_wildcards_literally(resource: str, asked: str, *, allowed: bool) -> None:
    assert mqtt_subscribes(resource, asked) is allowed


@pytest.mark.parametrize(
    ("resource", "asked", "allowed"),
    [
        ("t/#", "t/#", True),
        ("t/#", "t/a", False),
        ("t/#", "t", False),
        ("t/+", "t/+", True),
        ("t/+", "t/a", False),
        ("t/*", "t/a/b", True),
        ("t/*", "t/#", True),
        ("t/*", "t/", True),
        ("t/*", "t", False),
        ("*", "a/b", True),
        ("#", "a", False),
        ("a*c", "a/b/c", True),
        ("a*c", "a/b/cd", False),
        ("ab/*/c", "ab/1/2/c", True),
        ("**/abc", "7/8/abc", True),
        ("a.c", "abc", False),
        ("a\nb*", "a\nb\nc", True),
        ("T/a", "t/a", False),
    ],
)
def test_pubsub_knows_the_star_alone(resource: str, asked: str, *, allowed: bool) -> None:
    assert publishes(resource, asked) is allowed


@pytest.mark.parametrize(
    ("resource", "asked", "allowed"),
    [
        ("a${*}", "a*", True),
        ("a${*}", "abc", False),
        ("a${?}b", "a?b", True),
        ("cost${$}", "cost$", True),
        ("${$}{x}", "${x}", True),
        ("a${*}*", "a*b", True),
        ("a${*}*", "ab", False),
        ("$aws/things", "$aws/things", True),
        ("a$", "a$", True),
    ],
)
def test_escapes_stand_for_the_character_itself(resource: str, asked: str, *, allowed: bool) -> None:
    assert publishes(resource, asked) is allowed


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        ("a?b", "invalid character: '?'"),
        ("a${c}", r"invalid escape sequence: \$\{c\}"),
        ("a${*", "invalid escape sequence"),
        ("a${", "invalid escape sequence"),
        ("a${*bc}", "invalid escape sequence"),
        ("", "cannot be empty"),
    ],
)
def test_an_invalid_resource_is_dropped_alone_and_logged(
    resource: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    checked = authorizer({PUBSUB: {"p": policy([resource, "good"])}})

    assert is_allowed(checked, PUBSUB, "PublishToTopic", "good")
    assert not is_allowed(checked, PUBSUB, "PublishToTopic", resource)
    assert "Error while adding permission" in caplog.text
    with pytest.raises(ResourceError, match=reason):
        matcher([resource], mqtt=False)


@given(st.text(min_size=1, max_size=30).filter(lambda text: not set(text) & set("*?#+") and "${" not in text))
def test_a_resource_without_wildcards_grants_itself_and_no_more(resource: str) -> None:
    for mqtt in (False, True):
        pattern = matcher([resource], mqtt=mqtt)
        assert pattern.fullmatch(resource)
        assert not pattern.fullmatch(resource + "x")
        assert not pattern.fullmatch("x" + resource)


@given(st.text("ab/*", min_size=1, max_size=12), st.text("ab/", max_size=24))
def test_many_stars_match_what_the_plain_expression_matches(resource: str, asked: str) -> None:
    plain = ".*".join(re.escape(part) for part in resource.split("*"))

    assert bool(matcher([resource], mqtt=False).fullmatch(asked)) is bool(re.fullmatch(plain, asked))


@pytest.mark.parametrize("resource", ["*a" * 40 + "b", "*/+/" * 40 + "b", "*a*/+/*" * 20 + "b/#"])
def test_no_number_of_stars_makes_a_verdict_endless(resource: str) -> None:
    """By trying every place for each star this would outlast the sun, on the core's one event loop."""
    assert not mqtt_subscribes(resource, "a/" * 5_000)


def test_no_resources_grant_nothing() -> None:
    checked = authorizer({PUBSUB: {"p": {"operations": ["*"]}}})

    assert not is_allowed(checked, PUBSUB, "PublishToTopic", "t")


def test_an_empty_topic_is_never_granted() -> None:
    assert not publishes("*", "")


def test_only_the_operations_of_a_policy_are_granted() -> None:
    checked = authorizer({MQTTPROXY: {"p": policy(["*"], ["aws.greengrass#PublishToIoTCore"])}})

    assert is_allowed(checked, MQTTPROXY, "PublishToIoTCore", "t")
    assert not is_allowed(checked, MQTTPROXY, "SubscribeToIoTCore", "t")


def test_several_policies_add_up() -> None:
    checked = authorizer(
        {
            PUBSUB: {
                "one": policy(["a"], ["aws.greengrass#PublishToTopic"]),
                "two": policy(["b"], ["aws.greengrass#PublishToTopic"]),
            }
        }
    )

    assert is_allowed(checked, PUBSUB, "PublishToTopic", "a")
    assert is_allowed(checked, PUBSUB, "PublishToTopic", "b")
    assert not is_allowed(checked, PUBSUB, "SubscribeToTopic", "a")


def test_one_component_has_nothing_of_another() -> None:
    checked = authorizer({}, other={PUBSUB: {"p": policy(["*"])}})

    assert not is_allowed(checked, PUBSUB, "PublishToTopic", "t")
    checked.check("other", PUBSUB, "PublishToTopic", "t")


def test_one_service_gives_nothing_in_another() -> None:
    checked = authorizer({PUBSUB: {"p": policy(["*"])}})

    assert not is_allowed(checked, MQTTPROXY, "PublishToIoTCore", "t")


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        (PUBSUB, "SubscribeToTopic"),
        (SECRET_MANAGER, "GetSecretValue"),
        (SHADOW_MANAGER, "GetThingShadow"),
        (LIFECYCLE, "PauseComponent"),
        (CLI, "ListComponents"),
    ],
)
def test_a_refusal_says_who_may_not_do_what_to_what(service: str, operation: str) -> None:
    with pytest.raises(RpcError) as refused:
        authorizer({}).check(ME, service, operation, "r")

    assert refused.value.shape == "UnauthorizedError"
    assert refused.value.message == (
        f"Principal {ME} is not authorized to perform {service}:aws.greengrass#{operation} on resource r"
    )


def test_mqttproxy_tells_its_caller_no_more_than_no() -> None:
    with pytest.raises(RpcError) as refused:
        authorizer({}).check(ME, MQTTPROXY, "PublishToIoTCore", "r")

    assert refused.value.shape == "UnauthorizedError"
    assert refused.value.message == "Not Authorized"


def test_a_service_that_does_not_exist_is_logged_and_dropped(caplog: pytest.LogCaptureFixture) -> None:
    checked = authorizer({"aws.greengrass.StreamManager": {"s": policy(["*"])}, PUBSUB: {"p": policy(["t"])}})

    assert is_allowed(checked, PUBSUB, "PublishToTopic", "t")
    assert (
        "Component aws.greengrass.StreamManager is invalid or not registered with the AuthorizationHandler"
        in caplog.text
    )


def test_an_operation_that_does_not_exist_is_logged_and_the_others_count(
    caplog: pytest.LogCaptureFixture,
) -> None:
    operations = ["aws.greengrass#PublishTopic", "PublishToTopic", "aws.greengrass#SubscribeToTopic"]
    checked = authorizer({PUBSUB: {"p": policy(["t"], operations)}})

    assert is_allowed(checked, PUBSUB, "SubscribeToTopic", "t")
    assert not is_allowed(checked, PUBSUB, "PublishToTopic", "t")
    assert f"Component {PUBSUB} contains an invalid operation in policy p" in caplog.text
    assert "aws.greengrass#PublishTopic, PublishToTopic" in caplog.text


def test_a_policy_without_operations_is_logged_and_dropped(caplog: pytest.LogCaptureFixture) -> None:
    checked = authorizer({PUBSUB: {"p": {"operations": [], "resources": ["*"]}}})

    assert not is_allowed(checked, PUBSUB, "PublishToTopic", "t")
    assert "Policy operations are missing or invalid" in caplog.text


@pytest.mark.parametrize(
    "broken",
    [
        "no JSON",
        "[1]",
        [policy(["*"])],
        {PUBSUB: policy(["*"])},
        {PUBSUB: {"p": {"operations": "*", "resources": ["*"]}}},
        {PUBSUB: {"p": {"operations": ["*"], "resources": [["*"]]}}},
        {PUBSUB: {"p": {"operations": ["*"], "resource": ["*"]}}},
        {PUBSUB: {"p": {**policy(["*"]), "policyDescription": None}}},
        {PUBSUB: {"p": policy(["*"])}, "other": "text"},
    ],
)
def test_a_malformed_access_control_grants_nothing_at_all(
    broken: Any, caplog: pytest.LogCaptureFixture
) -> None:
    checked = authorizer(broken)

    assert not is_allowed(checked, PUBSUB, "PublishToTopic", "t")
    assert "Unable to deserialize access control map of com.example.Sensor" in caplog.text


def test_keys_of_a_policy_may_be_written_in_any_case() -> None:
    checked = authorizer({PUBSUB: {"p": {"Operations": ["*"], "RESOURCES": ["t"], "policydescription": "x"}}})

    assert is_allowed(checked, PUBSUB, "PublishToTopic", "t")


def test_access_control_may_be_the_text_of_a_mapping() -> None:
    checked = authorizer('{"aws.greengrass.ipc.pubsub": {"p": {"operations": ["*"], "resources": ["t", 7]}}}')

    assert is_allowed(checked, PUBSUB, "PublishToTopic", "t")
    assert is_allowed(checked, PUBSUB, "PublishToTopic", "7")


def test_a_policy_id_in_two_components_costs_both_the_whole_service(caplog: pytest.LogCaptureFixture) -> None:
    checked = authorizer(
        {PUBSUB: {"same": policy(["t"])}, MQTTPROXY: {"mine": policy(["t"])}},
        other={PUBSUB: {"same": policy(["u"])}, MQTTPROXY: {"its": policy(["t"])}},
    )

    assert not is_allowed(checked, PUBSUB, "PublishToTopic", "t")
    assert is_allowed(checked, MQTTPROXY, "PublishToIoTCore", "t")
    assert 'Duplicate policy ID "same"' in caplog.text


def test_an_empty_policy_id_costs_the_whole_service(caplog: pytest.LogCaptureFixture) -> None:
    checked = authorizer({PUBSUB: {"": policy(["t"]), "p": policy(["t"])}})

    assert not is_allowed(checked, PUBSUB, "PublishToTopic", "t")
    assert "contains an invalid policy" in caplog.text


@pytest.mark.parametrize("component", ["aws.greengrass.Cli", "greengrass-cli#user-1000"])
def test_the_command_itself_needs_no_policy(component: str) -> None:
    authorizer({}).check(component, CLI, "ListComponents", "*")


def test_another_component_needs_a_policy_to_act_as_the_command() -> None:
    assert not is_allowed(authorizer({}), CLI, "RestartComponent", ME)
    assert is_allowed(authorizer({CLI: {"p": policy([ME])}}), CLI, "RestartComponent", ME)


def test_only_components_of_aws_may_put_metrics() -> None:
    grant = {COMPONENT_METRIC: {"p": policy(["*"])}}
    checked = authorizer(grant, **{"aws.greengrass.Thing": {COMPONENT_METRIC: {"q": policy(["*"])}}})

    assert not is_allowed(checked, COMPONENT_METRIC, "PutComponentMetric", "*")
    checked.check("aws.greengrass.Thing", COMPONENT_METRIC, "PutComponentMetric", "*")


def test_an_operation_of_another_service_is_a_fault_of_the_caller() -> None:
    with pytest.raises(ValueError, match="has no operation"):
        authorizer({}).check(ME, PUBSUB, "PublishToIoTCore", "t")


def test_a_change_counts_after_forget_and_not_before() -> None:
    configured: dict[str, Any] = {}
    checked = Authorizer(lambda _: configured)
    assert not is_allowed(checked, PUBSUB, "PublishToTopic", "t")

    configured[PUBSUB] = {"p": policy(["t"])}
    assert not is_allowed(checked, PUBSUB, "PublishToTopic", "t")
    checked.forget(ME)
    assert is_allowed(checked, PUBSUB, "PublishToTopic", "t")

    configured.clear()
    checked.forget()
    assert not is_allowed(checked, PUBSUB, "PublishToTopic", "t")


def test_each_policy_is_read_once() -> None:
    reads: list[str] = []

    def access_control(component: str) -> dict[str, Any]:
        reads.append(component)
        return {PUBSUB: {"p": policy(["*"])}}

    checked = Authorizer(access_control)
    for topic in ("a", "b", "a"):
        checked.check(ME, PUBSUB, "PublishToTopic", topic)
        checked.check(ME, PUBSUB, "SubscribeToTopic", topic)

    assert reads == [ME]


def test_verdicts_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authorization, "MAX_VERDICTS", 10)
    checked = authorizer({PUBSUB: {"p": policy(["*"])}})
    for number in range(35):
        checked.check(ME, PUBSUB, "PublishToTopic", str(number))
    checked.check(ME, PUBSUB, "PublishToTopic", "long" * 1000)

    assert len(checked._verdicts) <= 10
    assert all(len(resource) < 1000 for *_, resource in checked._verdicts)


def test_a_refusal_is_logged_once_with_what_was_refused(caplog: pytest.LogCaptureFixture) -> None:
    """The caller of mqttproxy is told nothing, so the log must say it; but not once for each message."""
    caplog.set_level(logging.INFO)
    checked = authorizer({})
    for _ in range(3):
        assert not is_allowed(checked, MQTTPROXY, "PublishToIoTCore", "secret/topic")

    assert caplog.text.count("on resource secret/topic") == 1
