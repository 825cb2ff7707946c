"""One component: its state, the task that moves it from state to state, and its processes.

The rules are in `states`; this module waits for what happens (a process ends, somebody asks, the component
itself reports, a dependency comes or goes) and does what the state asks for. One task per component, on the
core's event loop; `close` ends it. Source of the behaviour in each state: Lifecycle.java, GenericExternalService.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from local_core.model.recipe_model import DEFAULT_TIMEOUT_S, Phase
from local_core.runtime.component_log import ComponentLog
from local_core.runtime.definition import Change, Definition, change_between, needs_bootstrap
from local_core.runtime.process import ScriptProcess
from local_core.runtime.states import (
    AT_REST,
    DONE,
    READY_FOR_DEPENDANTS,
    DesiredStates,
    ErrorHistory,
    State,
    may_report,
)
from local_core.runtime.steps import StepError, Steps
from local_core.settings import Flavor

_LOG = logging.getLogger(__name__)
