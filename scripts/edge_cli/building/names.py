"""Names and versions that the nucleus takes. Pure; no I/O."""

import re

from edge_cli.errors import CommandError
from edge_cli.project import NAME_PREFIX

# ComponentRecipe of aws-greengrass-component-common: at most 128 and 64 characters, 6 digits in each number.
_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_MAX_NAME, _MAX_VERSION = 128, 64
_NUMBER = r"(0|[1-9]\d{0,5})"
_WORD = r"[0-9A-Za-z-]+"
_VERSION = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_WORD}(\.{_WORD})*)?(\+{_WORD}(\.{_WORD})*)?")
_TAKEN = "aws."


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
            f"--namespace '{namespace}' is none: letters, digits, - and _ with dots between, e.g. com.acme"
        )
    if namespace.startswith(_TAKEN) or len(renamed) > _MAX_NAME:
        raise CommandError(
            f"--namespace '{namespace}' cannot be used: aws. is Amazon's own, and {renamed} may have "
            f"{_MAX_NAME} characters at most"
        )
    return renamed


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
            f"'{version}' is no version that a core takes: MAJOR.MINOR.PATCH, e.g. 1.4.0 or 1.4.0-rc.1; "
            f"at most 6 digits in each number and {_MAX_VERSION} characters in all"
        )
    return version
