"""Rules of what must not stand in a recipe: whoever has GetComponent reads it. No value is ever shown."""

import re
from collections.abc import Iterator
from itertools import pairwise

from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import entries, items, text
from local_core.model.recipe_document import Value

# What a key ends in, in whatever style it is written: mqttPassword, DB_PWD, client-secret.
_CREDENTIALS = (
    ("password",), ("passwd",), ("passphrase",), ("pwd",), ("secret",), ("token",), ("apikey",),
    ("api", "key"), ("access", "key"), ("private", "key"), ("secret", "key"), ("signing", "key"),
    ("encryption", "key"), ("shared", "key"), ("account", "key"),
)  # fmt: skip
_RUN_TOGETHER = ("password", "passwd", "passphrase", "apikey")  # as in dbpassword
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# A variable, the name of a secret, a file, or whether there is one: no secret themselves.
_REFERENCE = re.compile(
    r".*\{[^{}]*\}.*|.*\$[\w({].*|`.*|arn:aws[\w-]*:.*|/[\w.-]+(?:/[\w.-]+)+|(?:file|pkcs11):.*|true|false",
    re.DOTALL,
)
# Each from its issuer's documentation of the form of its keys and tokens.
_SECRETS = (
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), "an AWS access key"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), "a private key"),
    (re.compile(r"://[^/\s:@]+:[^/\s@{$]+@"), "a password in an address"),
    (re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22,})"), "a token of GitHub"),
    (re.compile(r"\bglpat-[\w-]{20}"), "a token of GitLab"),
    (re.compile(r"\bxox[abeprs]-[\w-]{10,}"), "a token of Slack"),
    (re.compile(r"\bnpm_[A-Za-z0-9]{36}\b"), "a token of npm"),
    (re.compile(r"\bAIza[\w-]{35}"), "a key of Google's"),
    (re.compile(r"\bsk_live_\w{16,}|\bSG\.[\w-]{16,}\.[\w-]{16,}"), "a key of a service"),
    (re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\."), "a signed token (JWT)"),
)
_ASSIGNMENT = re.compile(r"-{0,2}([A-Za-z_][\w-]*)=(.+)", re.DOTALL)


def kinds_of_secret(key: str, value: str, under: str = "") -> list[str]:
    """What secrets are written in `value`; none when it refers to one.

    Args:
        key: It stands under this.
        value: What is written.
        under: The key of the mapping around it: `password: {secret: NAME}` names a secret.
    """
    if kinds := [kind for pattern, kind in _SECRETS if pattern.search(value)]:
        return kinds
    is_reference = not value or _REFERENCE.fullmatch(value) is not None or _names_a_credential(under)
    return ["a credential"] if _names_a_credential(key) and not is_reference else []


def _names_a_credential(key: str) -> bool:
    words = [word.lower() for word in _WORD.findall(key)]
    is_one = any(tuple(words[-len(ending) :]) == ending for ending in _CREDENTIALS)
    # `password_secret` is the name of the secret that holds the password.
    is_name = words[-1:] == ["secret"] and any((word,) in _CREDENTIALS for word in words[:-1])
    return (is_one or key.lower().endswith(_RUN_TOGETHER)) and not is_name


def texts(value: Value | None, key: str = "", under: str = "") -> Iterator[tuple[str, str, Value]]:
    """Every text in `value`: the key around it, its key and itself; items of a list have the list's."""
    if value is None:
        return
    if text(value):
        yield under, key, value
    for name, entry in entries(value).items():
        yield from texts(entry, name, key)
    for item in items(value):
        yield from texts(item, key, under)


def _literal(recipe: RecipeFile) -> Iterator[Remark]:
    for under, key, value in texts(recipe.root):
        for kind in kinds_of_secret(key, text(value), under):
            yield Remark(recipe.spot(value), _said(key, kind))


def _in_scripts(recipe: RecipeFile) -> Iterator[Remark]:
    for step in recipe.steps:
        for command in step.script.commands:
            words = (*command.assignments, *command.words)
            named = [
                (found[1], found[2], word) for word in words if (found := _ASSIGNMENT.fullmatch(word.text))
            ]
            options = [
                (name.text, word.text, word) for name, word in pairwise(words) if name.text[:2] == "--"
            ]
            for key, value, word in (*named, *options):
                if _names_a_credential(key) and not _REFERENCE.fullmatch(value) and not value.startswith("-"):
                    yield Remark(recipe.spot_in(step.value, word.start), _said(key, "a credential"))


def _said(key: str, kind: str) -> str:
    return (
        f"{key} holds {kind}: everybody who can read the component can read it, and it is on each "
        "device's disk. "
        "Replace it by a reference to a secret, and revoke it."
    )


RULES = (
    Rule("secret", Severity.ERROR, "a password, key or token in a recipe", _literal),
    Rule("secret-in-script", Severity.ERROR, "a password, key or token in a script", _in_scripts),
)
