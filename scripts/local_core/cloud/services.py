"""What a core needs the internet for: names, and nothing that would have to be imported to know them."""

from enum import StrEnum


class CloudService(StrEnum):
    """One service of the cloud, as `edge core offline --only` spells it."""

    IOT_CORE = "iot-core"
    S3 = "s3"
    CREDENTIALS = "credentials"  # where the core itself gets what it hands to components
