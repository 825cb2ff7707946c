"""Edits of our own files that are no mistakes, though they look like some: nothing may be found."""

# ruff: noqa: E501  one row of a table is one line

from support.planted.planting import PUBLISHER, SINK
from support.planted.programs import PYTHON, RUN, SCRIPT, SEARCHED, STEP, lines

CREDENTIALS = '  aws.greengrass.TokenExchangeService:\n    VersionRequirement: ">=2.0.0 <3.0.0"\n    DependencyType: HARD\n'
GRANT = (
    "    accessControl:\n      aws.greengrass.SecretManager:\n"
    '        "com.example.MqttPublisher:secrets:1":\n          policyDescription: Read the password.\n'
    '          operations: ["aws.greengrass#GetSecretValue"]\n          resources: ["broker-password"]\n'
)

Edit = tuple[str, str, str]  # file, what stands there, what is written instead


def install(*script: str) -> Edit:
    """A step more."""
    return PUBLISHER, STEP, f"      install: {lines(*script)}\n{STEP}"


def run(*script: str) -> Edit:
    """Another script of the step `run`."""
    return PUBLISHER, SCRIPT, f"Script: {lines(*script)}"


def setting(line: str) -> Edit:
    """A line more in Setenv."""
    return PUBLISHER, PYTHON, f"{PYTHON}        {line}\n"


NO_MISTAKES: dict[str, tuple[Edit, ...]] = {
    "& in an address": (install("wget -q 'http://localhost/x?a=1&b=2' -O y"),),
    "& of sed": (install("sed -i 's/a/&b/' f"),),
    "& of arithmetic": (install("echo $((3 & 1)) > x", "echo $(( (1 + 2) & 3 ))"),),
    "& that is escaped": (install(r"echo a \& b"),),
    "& in a comment": (run("# python3 & pip install are not used here; [[ neither", RUN),),
    "& of a redirection": (run("exec >>log 2>&1", RUN),),
    "words in a here-document": (install("cat > x <<'END'", "pip install a &", "python3 b", "END"),),
    "python3 in a sentence": (run("test -x /usr/bin/python3 || echo 'no python3'", RUN),),
    "python3 that is asked for": (install("command -v python3 > {work:path}/where"),),
    "pip that is listed": (install("$PYTHON -m pip list", "echo 'pip install'"),),
    "fetched, and kept": (install("curl -s http://localhost/x | tee {work:path}/x"),),
    "exec in continued lines": (run("exec $PYTHON -u \\", "  -m mqtt_publisher"),),
    "exec behind an assignment": (run(f"LANG=C {RUN}"),),
    "exec in a condition": (run("if test -e x; then", f"  {RUN}", "else", f"  sleep 1; {RUN}", "fi"),),
    "exec before a comment": (run(RUN, "# that is all"),),
    "exec behind &&": (run(f"cd {{work:path}} && {RUN}"),),
    "module below the package": ((PUBLISHER, "-m mqtt_publisher", "-m mqtt_publisher.__main__"),),
    "another module before it": (run("$PYTHON -m compileall -q x", RUN),),
    "PYTHONPATH of two folders": ((PUBLISHER, 'PYTHONPATH: "{', 'PYTHONPATH: "/opt/x:{'),),
    "PYTHONPATH in the script": (
        (PUBLISHER, SEARCHED, ""),
        run("export PYTHONPATH={artifacts:decompressedPath}/mqtt_publisher", RUN),
    ),
    "python in the script": ((PUBLISHER, PYTHON, ""), run("PYTHON=$(command -v python3.11)", RUN)),
    "secret by its name": (setting("MQTT_PASSWORD_SECRET: broker-password"),),
    "secret by a variable": (setting('MQTT_PASSWORD: "{configuration:/settings/data_topic}"'),),
    "secret by its ARN": (setting('API_KEY: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x"'),),
    "secret in a file": (setting("PRIVATE_KEY: /greengrass/v2/thing.key"), setting("TOKEN_FILE: token")),
    "secret from a file, in a script": (run(f"MQTT_PASSWORD=$(cat /etc/x) {RUN}"),),
    "secret from a program, in a script": (run(f"TOKEN=`date` {RUN}", "# PASSWORD=x"),),
    "option about a secret": (run(f"{RUN} --password $MQTT_PASSWORD --token-file /etc/token"),),
    "words that end alike": (setting("KEY_PREFIX: a"), setting("MAX_TOKENS: b"), setting("COMPASS: c")),
    "credentials that code asks for by itself": (
        (SINK, "self._clock = context.clock", "import boto3; boto3.client('s3')"),
        (PUBLISHER, "ComponentDependencies:\n", f"ComponentDependencies:\n{CREDENTIALS}"),
    ),
    "secret that code asks for": (
        (SINK, "self._clock = context.clock", "client.get_secret_value(secret_id='x')"),
        (PUBLISHER, "    accessControl:\n", GRANT),
    ),
    "method of another library": ((SINK, "self._clock = context.clock", "iot.get_thing_shadow(thingName='x')"),),
    "component of somebody else": (
        (PUBLISHER, "ComponentDependencies:\n", f"ComponentDependencies:\n{CREDENTIALS.replace('aws.greengrass.TokenExchangeService', 'com.example.MqttPublisherExtras')}"),
    ),
    "range of one version": ((PUBLISHER, ">=2.6.0 <3.0.0", "=2.6.0"),),
    "range between two releases": ((PUBLISHER, ">=2.6.0 <3.0.0", ">2.6.0 <2.6.2"),),
    "attributes of one's own": (
        (PUBLISHER, '      runtime: "*"\n', '      runtime: "*"\n      camera: "*"\n      architecture.family: "*"\n'),
    ),
    "image of Docker": (
        (PUBLISHER, "    Artifacts:\n", "    Artifacts:\n      - Uri: docker:library/redis:7\n"),
    ),
    "artifact beside ours": (
        (PUBLISHER, "    Artifacts:\n", "    Artifacts:\n      - Uri: s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/mqtt_publisher-model.bin.zip\n        Unarchive: ZIP\n"),
        setting('MODEL: "{artifacts:decompressedPath}/mqtt_publisher-model.bin"'),
    ),
    "description with angles": ((PUBLISHER, "policyDescription: Publish", "policyDescription: <PUBLISH>"),),
}  # fmt: skip
