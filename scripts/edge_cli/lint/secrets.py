"""Rules of what must not stand in a recipe: whoever has GetComponent reads it. No value is ever shown."""

import re
from collections.abc import Iterator

from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import text, walk

_KEYS = re.compile(
    r"(?:^|[_-])(?:password|passwd|passphrase|(?:secret_)?access_key|session_token|auth_token|api_?key|private_key)$",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"\{[^{}]*\}|arn:aws[\w-]*:secretsmanager:.*|\$\w+")
_SECRETS = (
    # IAM user guide, "IAM identifiers": prefixes of access keys.
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), "an AWS access key"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), "a private key"),
    (re.compile(r"://[^/\s:@]+:[^/\s@{$]+@"), "a password in an address"),
)


def _literal(recipe: RecipeFile) -> Iterator[Remark]:
    for key, value in walk(recipe.root):
        written = text(value)
        kinds = [kind for pattern, kind in _SECRETS if pattern.search(written)]
        if not kinds and written and _KEYS.search(key) and not _REFERENCE.fullmatch(written):
            kinds = ["a credential"]
        for kind in kinds:
            yield Remark(
                recipe.spot(value),
                f"{key} holds {kind}: everybody who may read the component reads it, and so does each "
                "device's disk. Replace it by a reference to a secret, and revoke it.",
            )


RULES = (Rule("secret", Severity.ERROR, "a password, key or token in a recipe", _literal),)
