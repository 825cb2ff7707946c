"""Components that are part of the core itself: there to be depended on, always running, never a process."""

from collections.abc import Mapping

from local_core.model.recipe_model import Recipe
from local_core.settings import Flavor

NUCLEUS = "aws.greengrass.Nucleus"
TOKEN_EXCHANGE = "aws.greengrass.TokenExchangeService"  # noqa: S105  the name of a component
CLI = "aws.greengrass.Cli"

# The releases whose behaviour this core shows; a recipe's ranges are checked against them.
_NUCLEUS_VERSION = {Flavor.CLASSIC: "2.17.0", Flavor.LITE: "2.6.0"}

# Other services that the core answers for, in the releases that were current with those.
_OTHER_VERSIONS = {
    TOKEN_EXCHANGE: "2.0.3",
    CLI: "2.17.0",
    "aws.greengrass.SecretManager": "2.2.0",
    "aws.greengrass.ShadowManager": "2.3.12",
}
_NUCLEUS_LITE = "aws.greengrass.NucleusLite"


def nucleus_version(flavor: Flavor) -> str:
    """Version of the nucleus that the core plays: GGC_VERSION."""
    return _NUCLEUS_VERSION[flavor]


def built_in_components(flavor: Flavor) -> Mapping[str, Recipe]:
    """The built-in components by name.

    Lite's nucleus is called aws.greengrass.NucleusLite; it goes by the classic one's name as well here, so
    that a recipe for both nuclei may name that.
    """
    versions = {NUCLEUS: nucleus_version(flavor), **_OTHER_VERSIONS}
    if flavor is Flavor.LITE:
        versions[_NUCLEUS_LITE] = nucleus_version(flavor)
    return {name: _recipe(name, version, flavor) for name, version in versions.items()}


def _recipe(name: str, version: str, flavor: Flavor) -> Recipe:
    return Recipe(name=name, version=version, origin="the core itself", flavor=flavor, manifests=())
