"""Mistakes in our own recipes: who may do what, and the settings; both held against the code."""

# ruff: noqa: E501  one row of a table is one line

from support.planted.planting import PUBLISHER, SINK, SUBSCRIBER, UPLOADER, Mistake

PUBLISHES = "aws.greengrass#PublishToIoTCore"
RESOURCES = '          resources:\n            - "+/sensors/data"\n            - "+/status/heartbeat"\n'
DESCRIPTION = "          policyDescription: Publish readings and heartbeats.\n"
LONG = "".join(f'            - "+/sensors/data/{number:060}"\n' for number in range(60))

POLICIES = {
    "service of another time": Mistake(PUBLISHER, "aws.greengrass.ipc.mqttproxy", "aws.greengrass.ipc.mqttproxi", "service", "mqttproxi", "did you mean 'aws.greengrass.ipc.mqttproxy'?", also=("grant-missing",)),
    "Stream Manager": Mistake(PUBLISHER, "    accessControl:\n", "    accessControl:\n      aws.greengrass.StreamManager: {}\n", "service", "StreamManager", "only the dependency"),
    "accessControl in small letters": Mistake(PUBLISHER, "accessControl:", "accesscontrol:", "access-control-key", "accesscontrol", "on Lite there are no policies"),
    "accessControl with a hyphen": Mistake(PUBLISHER, "accessControl:", "access-control:", "access-control-key", "access-control", "on both nuclei"),
    "operations in capitals": Mistake(PUBLISHER, "operations:", "Operations:", "access-control-key", "Operations", "Write 'operations'"),
    "resource in the singular": Mistake(PUBLISHER, "          resources:\n", "          resource:\n", "policy-form", "resource:", "did you mean 'resources'?", also=("policy-empty", "topic-denied")),
    "operation that is no list": Mistake(PUBLISHER, f'operations:\n            - "{PUBLISHES}"', f'operations: "{PUBLISHES}"', "policy-form", "operations:", "no list", also=("grant-missing",)),
    "no resources": Mistake(PUBLISHER, RESOURCES, "", "policy-empty", "MqttPublisher:mqttproxy:1", "no resources", also=("topic-denied",)),
    "no description": Mistake(PUBLISHER, DESCRIPTION, "", "policy-description", "MqttPublisher:mqttproxy:1"),
    "too long for Lite": Mistake(PUBLISHER, '            - "+/status/heartbeat"\n', f'            - "+/status/heartbeat"\n{LONG}', "policy-size", "aws.greengrass.ipc.mqttproxy:"),
    "id of another component": Mistake(SUBSCRIBER, "com.example.MqttSubscriber:mqttproxy:1", "com.example.MqttPublisher:mqttproxy:1", "policy-id", "MqttPublisher:mqttproxy:1", "com.example.MqttPublisher has"),
    "misspelt operation": Mistake(PUBLISHER, PUBLISHES, "aws.greengrass#PublishToIotCore", "operation", "PublishToIotCore", f"did you mean '{PUBLISHES}'?", also=("grant-missing",)),
    "operation without namespace": Mistake(PUBLISHER, PUBLISHES, "PublishToIoTCore", "operation", '- "PublishToIoTCore', f"write '{PUBLISHES}'"),
    "operation of another service": Mistake(PUBLISHER, PUBLISHES, "aws.greengrass#PublishToTopic", "operation", "PublishToTopic", "one of aws.greengrass.ipc.pubsub", also=("grant-missing",)),
    "any operation": Mistake(PUBLISHER, PUBLISHES, "*", "operation-any", '- "*"', "Name what the code calls"),
}  # fmt: skip
RESOURCE = {
    "any resource": Mistake(PUBLISHER, '+/sensors/data"\n            - "+/status/heartbeat', "*", "resource-any", '- "*"', "any topic"),
    "any topic": Mistake(SUBSCRIBER, '"+/+/+"', '"#"', "resource-any", '- "#"', "any topic"),
    "question mark": Mistake(SUBSCRIBER, "sensors/*", "sensors/?", "resource-invalid", "sensors/?", "${?}"),
    "variable of an IoT policy": Mistake(PUBLISHER, '+/sensors/data"', '${iot:Connection.Thing.ThingName}/sensors/data"', "resource-invalid", "ThingName}", "escape", also=("topic-denied",)),
    "# in local topics": Mistake(SUBSCRIBER, "sensors/*", "sensors/#", "literal-wildcard", "sensors/#", "Write *"),
    "+ in local topics": Mistake(SUBSCRIBER, "sensors/*", "sensors/+", "literal-wildcard", "sensors/+", "Write *"),
    "# inside a level": Mistake(SUBSCRIBER, '"+/+/+"', '"+/+/x#"', "literal-wildcard", "x#", "whole level", also=("topic-denied",)),
    "* in topics of IoT Core": Mistake(PUBLISHER, '+/sensors/data"', 'orangepi5-core-001/*"', "mqtt-star", "orangepi5-core-001/*", "Write + for one level", also=("topic-denied",)),
    "variable in a resource": Mistake(PUBLISHER, '"+/sensors/data"', '"{iot:thingName}/sensors/data"', "resource-variable", '- "{iot:thingName}', "interpolateComponentConfiguration", also=("topic-denied",)),
}  # fmt: skip
CODE = {
    "call without a grant": Mistake(SINK, "publish_many_to_iot_core", "subscribe_to_topic", "grant-missing", "accessControl", "sink.py:", PUBLISHER, also=("grant-unused",)),
    "grant for no call": Mistake(PUBLISHER, f'            - "{PUBLISHES}"\n', f'            - "{PUBLISHES}"\n            - "aws.greengrass#SubscribeToIoTCore"\n', "grant-unused", "SubscribeToIoTCore", "Remove it"),
    "grant that the code has lost": Mistake(SINK, "publish_many_to_iot_core", "remember", "grant-unused", f'- "{PUBLISHES}"', "PublishToIoTCore", PUBLISHER),
    "call through the SDK": Mistake(SINK, "from edge_common.messages", "from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2\nGreengrassCoreIPCClientV2().get_thing_shadow_async()\nfrom edge_common.messages", "grant-missing", "accessControl", "calls GetThingShadow", PUBLISHER, also=("dependency-missing",)),
    "call by its name": Mistake(SINK, "self._clock = context.clock", "getattr(gateway, 'subscribe_to_topic')", "grant-missing", "accessControl", "SubscribeToTopic", PUBLISHER),
    "client of AWS": Mistake(SINK, "self._clock = context.clock", "import boto3 as aws; aws.client('s3')", "dependency-missing", "ComponentDependencies", "sink.py:", PUBLISHER),
    "import of S3": Mistake(SINK, "self._clock = context.clock", "self._s3 = S3Gateway()", "dependency-missing", "ComponentDependencies", "sink.py:", PUBLISHER),
    "topic that is not granted": Mistake(PUBLISHER, "{iot:thingName}/sensors/data", "{iot:thingName}/sensor/data", "topic-denied", "data_topic", "denies it on every device"),
    "local filter that is not granted": Mistake(SUBSCRIBER, '          filter: "{iot:thingName}/+/+"\n', '          filter: "{iot:thingName}/+/+"\n        - source: local\n          filter: boards/x\n', "topic-denied", "boards/x", "aws.greengrass.ipc.pubsub"),
    "* in a filter": Mistake(SUBSCRIBER, 'filter: "{iot:thingName}/+/+"', 'filter: "{iot:thingName}/data/*"', "literal-star", "data/*", "nothing is ever published"),
}  # fmt: skip
SETTINGS = {
    "bare number": Mistake(PUBLISHER, 'heartbeat_every: "10"', "heartbeat_every: 10", "bare-value", "heartbeat_every", 'Write "10"'),
    "bare truth value": Mistake(UPLOADER, 'create_bucket: "false"', "create_bucket: false", "bare-value", "create_bucket", 'Write "false"'),
    "bare number in a section": Mistake(PUBLISHER, "on_full: drop_oldest", "on_full: drop_oldest\n        min_free_bytes: 67108864", "bare-value", "min_free_bytes"),
    "misspelt setting": Mistake(PUBLISHER, "publish_interval_s", "publish_intervall_s", "settings-refused", "publish_intervall_s", "unknown setting", also=("setting-unlisted",)),
    "setting out of bounds": Mistake(PUBLISHER, 'max_in_flight: "4"', 'max_in_flight: "0"', "settings-refused", "max_in_flight", "/settings/max_in_flight"),
    "setting of a section": Mistake(PUBLISHER, "on_full: drop_oldest", "on_full: drop_newest", "settings-refused", "on_full", "drop_oldest"),
    "setting in a list": Mistake(SUBSCRIBER, 'qos: "1"', 'qos: "2"', "settings-refused", "qos", "/settings/subscriptions"),
    "variable that nobody fills in": Mistake(PUBLISHER, "{iot:thingName}/sensors", "{iot:thingname}/sensors", "settings-refused", "data_topic", "not filled in", also=("topic-denied",)),
    "setting left out": Mistake(PUBLISHER, '      give_up_after_s: "60"\n', "", "setting-unlisted", "settings:", "give_up_after_s"),
    "thing name without its part": Mistake(PUBLISHER, '"{iot:thingName}/status', '"{thingName}/status', "thing-name", "heartbeat_topic", "Write {iot:thingName}", also=("topic-denied",)),
    "thing name with a dot": Mistake(PUBLISHER, '"{iot:thingName}/status', '"{iot.thingName}/status', "thing-name", "heartbeat_topic", "Write {iot:thingName}", also=("topic-denied",)),
    "prefix to fill in": Mistake(UPLOADER, "key_prefix: sensor-data", "key_prefix: <PREFIX>", "placeholder", "<PREFIX>", "no step of ours", also=("settings-refused",)),
    "folder to fill in": Mistake(PUBLISHER, "PYTHON: python3.11", "PYTHON: python3.11\n        CACHE: '{work:path}/@HASH@'", "placeholder", "@HASH@"),
    "GDK's author": Mistake(PUBLISHER, "ComponentPublisher: Example", 'ComponentPublisher: "{COMPONENT_AUTHOR}"', "placeholder", "ComponentPublisher"),
}  # fmt: skip
MISTAKES_IN_ACCESS = POLICIES | RESOURCE | CODE | SETTINGS
