"""Names and versions that the nucleus takes. Pure; no I/O."""

import re
from collections.abc import Callable, Iterable

from edge_cli.errors import CommandError
from edge_cli.project import NAME_PREFIX

# ComponentRecipe of aws-greengrass-component-common: at most 128 and 64 characters, 6 digits in each number.
_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_MAX_NAME, _MAX_VERSION = 128, 64
_NUMBER = r"(0|[1-9]\d{0,5})"
# Semantic Versioning 2.0.0, 9 and 10: no leading zero in a number of a pre-release; in a build they may be.
_OF_PRE_RELEASE = r"(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)"
_OF_BUILD = r"[0-9A-Za-z-]+"
_VERSION = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_OF_PRE_RELEASE}(\.{_OF_PRE_RELEASE})*)?(\+{_OF_BUILD}(\.{_OF_BUILD})*)?",
    re.ASCII,
)
AMAZONS = "aws."  # prefix of the names of components that Amazon provides


def in_namespace(name: str, namespace: str | None) -> str:
    """A component's name in another namespace.

    Args:
        name: As the project has it, e.g. `com.example.MqttPublisher`.
        namespace: What stands before the last part instead; None leaves the name.

    Raises:
        CommandError: No component may have such a name.

    >>> in_namespace("com.example.MqttPublisher", "com.acme")
    'com.acme.MqttPublisher'
    """
    if namespace is None:
        return name
    renamed = f"{namespace}.{name.removeprefix(NAME_PREFIX)}"
    if not _NAME.fullmatch(namespace):
        raise CommandError(
            f"--namespace '{namespace}' is not a valid namespace. Use letters, digits, - and _, separated "
            "by dots, e.g. com.acme"
        )
    if namespace.startswith(AMAZONS) or len(renamed) > _MAX_NAME:
        raise CommandError(
            f"--namespace '{namespace}' cannot be used: aws. is Amazon's own, and {renamed} may have "
            f"{_MAX_NAME} characters at most"
        )
    return renamed


def renaming(names: Iterable[str], namespace: str | None) -> Callable[[str], str]:
    """What puts components into a namespace wherever a text names them; longer names stay as they are.

    Args:
        names: As the project has them.
        namespace: As for `in_namespace`.

    Raises:
        CommandError: One of them may not have its new name.

    >>> renaming(["com.example.Pump"], "com.acme")("com.example.Pump:pubsub:1, com.example.PumpHouse")
    'com.acme.Pump:pubsub:1, com.example.PumpHouse'
    """
    renamed = {name: in_namespace(name, namespace) for name in names}
    whole = re.compile(rf"(?<![\w.-])({'|'.join(re.escape(name) for name in renamed)})(?![\w-]|\.\w)")
    return lambda text: whole.sub(lambda found: renamed[found[1]], text)


def namespace_of(name: str, project_name: str) -> str | None:
    """The namespace that makes `project_name` into `name`; None where they are the same.

    Raises:
        CommandError: They are names of different components.

    >>> namespace_of("com.acme.MqttPublisher", "com.example.MqttPublisher")
    'com.acme'
    """
    last = project_name.removeprefix(NAME_PREFIX)
    if name == project_name:
        return None
    if not name.endswith(f".{last}"):
        raise CommandError(f"{name} is not {project_name}, nor that in another namespace.")
    return name.removesuffix(f".{last}")


def checked_version(version: str) -> str:
    """A version as it is, when the nucleus takes it.

    Raises:
        CommandError: It does not.

    >>> checked_version("1.2.3-rc.1")
    '1.2.3-rc.1'
    """
    if len(version) > _MAX_VERSION or not _VERSION.fullmatch(version):
        raise CommandError(
            f"'{version}' is not a valid version. A core takes MAJOR.MINOR.PATCH, e.g. 1.4.0 or 1.4.0-rc.1; "
            f"no number with a leading 0 or more than 6 digits, at most {_MAX_VERSION} characters in all"
        )
    return version
