"""Mistakes in our own recipes: what nobody may read there. Every value is made up."""

# ruff: noqa: E501  one row of a table is one line

from support.planted.planting import DEPLOYMENT, PUBLISHER, UPLOADER, Mistake

PYTHON = "        PYTHON: python3.11\n"
RUN = "Script: exec $PYTHON"
GITHUB = "ghp_" + "a1B2" * 9
SLACK = "xoxb-" + "1234567890-abc"
SIGNED = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIx" + ".c2ln"


def in_environment(line: str, says: str = "a credential") -> Mistake:
    """A line more in Setenv."""
    return Mistake(PUBLISHER, PYTHON, f"{PYTHON}        {line}\n", "secret", line.partition(":")[0], says)


MISTAKES_IN_SECRETS = {
    "access key": Mistake(UPLOADER, "key_prefix: sensor-data", "key_prefix: AKIAABCDEFGHIJKLMNOP", "secret", "key_prefix", "AWS access key"),
    "password": in_environment("MQTT_PASSWORD: hunter2"),
    "password in camel case": in_environment("mqttPassword: hunter2"),
    "password in one word": in_environment("dbpassword: hunter2"),
    "password in short": in_environment("DB_PWD: hunter2"),
    "secret of a client": in_environment("clientSecret: hunter2"),
    "secret by itself": in_environment("secret: hunter2"),
    "private key": in_environment("privateKey: hunter2"),
    "token of somebody": in_environment("UPLOAD_TOKEN: hunter2"),
    "token of GitHub": in_environment(f"NOTE: {GITHUB}", "a token of GitHub"),
    "token of Slack": in_environment(f"NOTE: {SLACK}", "a token of Slack"),
    "signed token": in_environment(f"NOTE: {SIGNED}", "JWT"),
    "password in an address": in_environment("PROXY: http://me:hunter2@proxy:3128", "password in an address"),
    "password in a script": Mistake(PUBLISHER, RUN, "Script: MQTT_PASSWORD=hunter2 exec $PYTHON", "secret-in-script", "MQTT_PASSWORD"),
    "password of an option": Mistake(PUBLISHER, "-m mqtt_publisher", "-m mqtt_publisher --password hunter2", "secret-in-script", "--password"),
    "password in the deployment": Mistake(DEPLOYMENT, '"periodicUploadIntervalSec": "300"', '"periodicUploadIntervalSec": "300", "apiKey": "hunter2"', "secret-in-deployment", "apiKey", "a credential"),
}  # fmt: skip
