"""What a component's accessControl says to whoever enforces it. Reads only."""

from typing import Any

from local_core.layout import Layout
from local_core.model.configuration import ConfigurationKeyNotFoundError, ConfigurationStore
from local_core.model.interpolation import ComponentVariables, InterpolationContext, interpolate_resources
from local_core.settings import CoreSettings, Flavor

JsonObject = dict[str, Any]


def access_control_of(
    component: str, store: ConfigurationStore, layout: Layout, settings: CoreSettings
) -> JsonObject:
    """The component's accessControl as it is enforced; empty when it has none.

    Lite replaces the variables in its resources here, and leaves the stored text alone; the classic nucleus
    replaces nothing here. Of the variables only those count that do not depend on the component's version:
    resources are topics and names, not paths.
    """
    try:
        stored = store.get_object(component, ["accessControl"])
    except ConfigurationKeyNotFoundError:
        return {}
    if settings.flavor is Flavor.CLASSIC:
        return stored
    own = ComponentVariables(
        artifacts=layout.artifacts(component, ""),
        decompressed=layout.artifacts_unarchived(component, ""),
        work=layout.work(component),
    )
    context = InterpolationContext(component, own, layout.root, settings.thing_name, flavor=settings.flavor)
    return interpolate_resources(stored, context)
