"""Why deployments fail, as exceptions, and the nucleus's codes for it.

Source of the codes: DeploymentErrorCode.java; of a stack's first: DeploymentErrorCodeUtils.
"""

from local_core.deployments.deployment import Failure
from local_core.deployments.packages import ArtifactError
from local_core.deployments.resolver import ResolutionError
from local_core.deployments.unarchive import UnarchiveError
from local_core.errors import CoreError, RecipeError
from local_core.model.configuration import ConfigurationError
from local_core.model.versions import VersionError


class ComponentBrokenError(CoreError):
    """A component is BROKEN after the deployment."""


class ConfigurationRejectedError(CoreError):
    """A component has reported that its new configuration is not valid, or has not reported in time."""


_CODES: tuple[tuple[type[Exception], tuple[str, ...], tuple[str, ...]], ...] = (
    (ComponentBrokenError, ("COMPONENT_UPDATE_ERROR", "COMPONENT_BROKEN"), ("USER_COMPONENT_ERROR",)),
    (ConfigurationRejectedError, ("COMPONENT_CONFIGURATION_NOT_VALID",), ("USER_COMPONENT_ERROR",)),
    (ConfigurationError, ("COMPONENT_CONFIGURATION_NOT_VALID",), ("REQUEST_ERROR",)),
    (ResolutionError, ("COMPONENT_VERSION_REQUIREMENTS_NOT_MET",), ("REQUEST_ERROR",)),
    (VersionError, ("COMPONENT_VERSION_NOT_VALID",), ("REQUEST_ERROR",)),
    (UnarchiveError, ("ARTIFACT_DOWNLOAD_ERROR", "IO_UNZIP_ERROR"), ("DEVICE_ERROR",)),
    (ArtifactError, ("ARTIFACT_DOWNLOAD_ERROR",), ("REQUEST_ERROR",)),
    (RecipeError, ("COMPONENT_PACKAGE_LOADING_ERROR", "RECIPE_PARSE_ERROR"), ("COMPONENT_RECIPE_ERROR",)),
    (OSError, ("IO_ERROR",), ("DEVICE_ERROR",)),
)


def failure_of(error: Exception) -> Failure:
    """What is told of a deployment that ended with `error`."""
    codes, types = next(
        ((codes, types) for kind, codes, types in _CODES if isinstance(error, kind)), ((), ("NUCLEUS_ERROR",))
    )
    return Failure(str(error), ("DEPLOYMENT_FAILURE", *codes), types)
