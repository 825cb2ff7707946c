"""GetSecretValue from a file on the laptop, as the component aws.greengrass.SecretManager answers it.

Lite has none: register this only for the classic flavor. Needs a policy of aws.greengrass.SecretManager for
the secret's ARN; for its name when neither the file nor the request has the ARN. The file is read at each
call, so that a changed secret counts at once, and is refused unless its owner alone may read it. Values are
never logged. Runs on the core's event loop.

    {"mqtt-password": {"secretString": "…"},
     "arn:aws:secretsmanager:…:secret:api-key-AbCdEf": {"versions": [
        {"versionId": "v2", "versionStages": ["AWSCURRENT"], "secretBinary": "base64…"},
        {"versionId": "v1", "versionStages": ["AWSPREVIOUS"], "secretString": "…"}]}}
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_core.errors import CoreError
from local_core.ipc.authorization import SECRET_MANAGER, Authorizer
from local_core.ipc.rpc import Call, JsonObject, Operation, RpcError, not_found, service_error

CURRENT = "AWSCURRENT"
_ONLY_VERSION = "local"
_VALUE_KEYS = ("secretString", "secretBinary")
# SecretManager.VALID_SECRET_ARN_PATTERN: a name, a hyphen and what Secrets Manager appends.
_ARN = re.compile(r"arn:[^:]+:secretsmanager:[^:]*:[^:]*:secret:(.+)-[a-zA-Z0-9]+")


class SecretsFileError(CoreError):
    """The file of secrets cannot be used; the text says why and what to do, and holds no secret."""


@dataclass(frozen=True, slots=True)
class _Version:
    version_id: str
    stages: tuple[str, ...]
    value: Mapping[str, str]

    def __repr__(self) -> str:
        return f"_Version({self.version_id!r}, {self.stages!r})"


class SecretOperations:
    """GetSecretValue over one file.

    Args:
        path: The file of secrets; need not be there.
        authorizer: Who may read which secret.
    """

    def __init__(self, path: Path, authorizer: Authorizer) -> None:
        self._path = path
        self._authorizer = authorizer

    def operations(self) -> list[Operation]:
        """What this family offers."""
        return [Operation("GetSecretValue", self._get)]

    def _get(self, call: Call) -> JsonObject:
        asked = call.request.get("secretId")
        if not isinstance(asked, str) or not asked:
            raise service_error("SecretId absent in the request")
        try:
            secrets = _read(self._path)
        except (SecretsFileError, OSError) as error:
            raise service_error(str(error)) from None
        same = (name for name in secrets if _is_same_secret(name, asked))
        found = asked if asked in secrets else next(same, None)
        secret_id = found if found is not None and _ARN.fullmatch(found) else asked
        self._authorizer.check(call.component, SECRET_MANAGER, call.operation, secret_id)
        if found is None:
            raise _no_secret(f"Secret not found {asked}", asked)
        version = _chosen(
            secrets[found], asked, call.request.get("versionId"), call.request.get("versionStage")
        )
        return {
            "secretId": secret_id,
            "versionId": version.version_id,
            "versionStage": list(version.stages),
            "secretValue": dict(version.value),
        }


def _chosen(versions: Sequence[_Version], asked: str, version_id: Any, stage: Any) -> _Version:
    if version_id and stage:
        raise service_error("Both versionId and Stage are set in the request")
    for version in versions:
        if version.version_id == version_id if version_id else (stage or CURRENT) in version.stages:
            return version
    if version_id:
        raise _no_secret(f"Version Id {version_id} not found for secret {asked}", asked)
    if stage:
        raise _no_secret(f"Version stage {stage} not found for secret {asked}", asked)
    raise _no_secret(f"Secret not found {asked}", asked)


def _no_secret(message: str, asked: str) -> RpcError:
    return not_found(message, resource_type="secret", resource_name=asked)


def _is_same_secret(one: str, other: str) -> bool:
    # An ARN and the name in it are the same secret.
    return one in _names_of(other) or other in _names_of(one)


def _names_of(secret_id: str) -> tuple[str, ...]:
    arn = _ARN.fullmatch(secret_id)
    return (arn[1],) if arn else ()


def _read(path: Path) -> Mapping[str, Sequence[_Version]]:
    try:
        mode = path.stat().st_mode
        if mode & 0o077:
            raise SecretsFileError(
                f"{path} can be read by others (mode {mode & 0o777:04o}); run: chmod 600 {path}"
            )
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "not UTF-8"
        raise SecretsFileError(f"{path} is not JSON ({where}); correct it") from None
    if not isinstance(document, dict):
        raise SecretsFileError(f"{path} must hold an object: secret name or ARN -> its value")
    return {name: _versions(name, entry, path) for name, entry in document.items()}


def _versions(name: str, entry: Any, path: Path) -> Sequence[_Version]:
    if isinstance(entry, dict):
        listed = entry.get("versions", [entry])
        if isinstance(listed, list) and all(_is_version(item) for item in listed):
            return [_version(item) for item in listed]
    raise SecretsFileError(
        f"{path}: secret {name!r} must hold either {' or '.join(_VALUE_KEYS)} as a text, or a list "
        "'versions' of such objects, each with a versionId and versionStages"
    )


def _is_version(item: Any) -> bool:
    if not isinstance(item, dict):
        return False
    values = [item[key] for key in _VALUE_KEYS if key in item]
    stages = item.get("versionStages", [])
    return (
        len(values) == 1
        and isinstance(values[0], str)
        and isinstance(item.get("versionId", ""), str)
        and isinstance(stages, list)
        and all(isinstance(stage, str) for stage in stages)
    )


def _version(item: Mapping[str, Any]) -> _Version:
    return _Version(
        version_id=item.get("versionId", _ONLY_VERSION),
        stages=tuple(item.get("versionStages", (CURRENT,))),
        value={key: item[key] for key in _VALUE_KEYS if key in item},
    )
