"""Rules of the operations in accessControl.

What there is comes from the local core, which has it from the services' registrations with the nucleus's
AuthorizationHandler.
"""

from collections.abc import Iterator

from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.policies import policies
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import nearest, text
from local_core.ipc.messages import NAMESPACE
from local_core.ipc.policies import ANY_OPERATION, OPERATIONS


def _unknown(recipe: RecipeFile) -> Iterator[Remark]:
    for policy in policies(recipe):
        known = OPERATIONS.get(policy.service, frozenset())
        for operation in policy.operations:
            name = text(operation).removeprefix(NAMESPACE)
            named = text(operation).startswith(NAMESPACE)
            if not known or text(operation) == ANY_OPERATION or (named and name in known):
                continue
            others = [service for service, names in OPERATIONS.items() if name in names]
            if name in known:
                hint = f"write {NAMESPACE + name!r}"
            elif others:
                hint = f"it is one of {others[0]}: put it there"
            else:
                hint = nearest(NAMESPACE + name, [NAMESPACE + each for each in known])
            yield Remark(
                recipe.spot(operation),
                f"{text(operation)!r} is no operation of {policy.service}: the nucleus logs an error and "
                f"grants nothing for it; {hint}",
            )


def _any(recipe: RecipeFile) -> Iterator[Remark]:
    for policy in policies(recipe):
        for operation in policy.operations:
            if text(operation) == ANY_OPERATION and policy.service in OPERATIONS:
                yield Remark(
                    recipe.spot(operation),
                    f"grants every operation of {policy.service}, also those of a later nucleus. "
                    "Name what the code calls.",
                )


RULES = (
    Rule("operation", Severity.ERROR, "an operation that its service does not have", _unknown),
    Rule("operation-any", Severity.ERROR, 'operations: ["*"]', _any),
)
