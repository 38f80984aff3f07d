"""The bridge in a Synapse that looks like one of 2024: without the names and callbacks that came later."""

from typing import Any

from synapse import module_api
from synapse.module_api import ModuleApi
from synapse.module_api.callbacks.spamchecker_callbacks import SpamCheckerModuleApiCallbacks

LATER = ("MediaUploadLimit", "RatelimitOverride")
LATER_METHODS = (
    "register_media_repository_callbacks",
    "register_ratelimit_callbacks",
    "register_federation_callbacks",
    "run_as_background_process",
)

for name in LATER:
    if hasattr(module_api, name):
        delattr(module_api, name)
for name in LATER_METHODS:
    if hasattr(ModuleApi, name):
        delattr(ModuleApi, name)

# With what is left: the names may be missing when the bridge is imported.
from vesicle_bridge import VesicleBridge  # noqa: E402


class OlderBridge(VesicleBridge):
    def __init__(self, config: Any, api: ModuleApi) -> None:
        super().__init__(config, api)
        spam: SpamCheckerModuleApiCallbacks = api._callbacks.spam_checker
        # It asked with the user alone.
        spam._user_may_create_room_callbacks[:] = [
            lambda user, *_, ask=ask: ask(user) for ask in spam._user_may_create_room_callbacks
        ]
