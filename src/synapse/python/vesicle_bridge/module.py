"""The module that Synapse loads."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from synapse.module_api import ModuleApi
from synapse.module_api.errors import ConfigError
from twisted.internet.defer import succeed

from .background_updates import PacedUpdate
from .callback_table import CALLBACKS
from .config import BridgeConfig, parse_bridge_config
from .errors import ModuleHostError
from .hooks import Hook
from .host_link import HostLink
from .link import Link
from .opening import connect_at_start, synapse_version
from .policy import policy_of_modules
from .rows import Args, Json
from .runtime import logger, reactor
from .web import WebResource

Key = tuple[str, str, str]  # category, name, and login type if any
# With delegated authentication (MAS) Synapse never asks these, or refuses to register them.
NEVER_WITH_DELEGATED_AUTH: Final = (
    "password_auth_provider.",
    "account_validity.is_user_expired",
    "account_validity.on_user_login",
    "spam_checker.check_login_for_spam",
)
# Callbacks that Synapse takes only in one call.
REGISTERED_TOGETHER: Final = ("presence_router", "background_update_controller")


class VesicleBridge:
    """Synapse's module: one instance for each entry of `modules:` and each Synapse process."""

    @staticmethod
    def parse_config(config: Mapping[str, Json]) -> BridgeConfig:
        """Checks the configuration, that of the modules too: it connects to the module host."""
        parsed = parse_bridge_config(config)
        parsed.opened = connect_at_start(parsed)
        return parsed

    def __init__(self, config: BridgeConfig, api: ModuleApi) -> None:
        self.config, self.api = config, api
        self.functions: dict[str, Callable[..., Any]] = {}
        self._server_name = api.server_name
        self._hooks: dict[Key, Hook] = {}
        self._web: set[str] = set()
        self._warned: set[str] = set()
        self._known = self._known_callbacks()
        self._is_delegated = self._has_delegated_auth()
        self.host = HostLink(self, config)
        opened, config.opened = config.opened, None
        found = self.host.open(opened)
        if found is None:
            self._start_without()
        else:
            link, answer = found
            try:
                self.register(answer["callbacks"], answer["web"], is_start=True)
            except BaseException:
                self.host.give_up_start(link)
                raise
            self.host.opened(link)
        reactor.addSystemEventTrigger("before", "shutdown", self.host.stop)

    def __repr__(self) -> str:
        return f"<VesicleBridge {self.config.where}>"

    def is_local(self, user_id: Any) -> bool:
        """Whether a user is of this homeserver."""
        return isinstance(user_id, str) and user_id.partition(":")[2] == self._server_name

    # -- Questions of Synapse --

    @property
    def ready(self) -> Link | None:
        """The connection while modules may be asked."""
        return self.host.ready

    def ask(self, hook: Hook, args: Args) -> Any:
        """Asks the modules, or gives what is known without asking; an awaitable."""
        skips = hook.skips
        if skips is not None and skips(args):
            return succeed(hook.neutral())
        if hook.is_told:
            return self.host.tell(hook, args)
        link = self.host.ready
        if link is not None:
            return link.ask(hook, args)
        return hook.failed(args, ModuleHostError("the module host is not reachable"))

    # -- Registering --

    def _known_callbacks(self) -> dict[str, list[str]]:
        known: dict[str, list[str]] = {}
        for category in CALLBACKS:
            method = getattr(self.api, f"register_{category}_callbacks", None)
            if method is not None:
                parameters = inspect.signature(method).parameters.values()
                known[category] = [one.name for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY]
        return known

    def _has_delegated_auth(self) -> bool:
        try:
            self.api.register_password_auth_provider_callbacks()
        except ConfigError:
            return True
        return False

    def facts(self) -> dict[str, Json]:
        """What modules may know of this process."""
        api = self.api
        return {
            "server_name": api.server_name,
            "public_baseurl": api.public_baseurl,
            "email_app_name": api.email_app_name,
            "worker_name": api.worker_name,
            "worker_app": api.worker_app,
            "custom_template_dir": api.custom_template_dir,
            "run_background_tasks": api.should_run_background_tasks(),
            "synapse_version": synapse_version(),
            "callbacks": self._known,
            "delegated_auth": self._is_delegated,
        }

    def _start_without(self) -> None:
        """Starts Synapse without modules: what they could refuse goes by policy, what they would be told is kept."""
        ahead: list[dict[str, Json]] = []
        for category, callbacks in CALLBACKS.items():
            if category not in self._known or (self._is_delegated and category == "password_auth_provider"):
                continue
            for name, row in callbacks.items():
                _, _, _, is_told, throws, _, refusal = row
                if name not in self._known[category]:
                    continue
                is_gate = refusal is not None
                is_named = throws != "logged" and category != "background_update_controller" and self._names(name)
                if is_gate or is_told or is_named:
                    entries = policy_of_modules(self.config.modules, name, is_gate)
                    ahead.append({"category": category, "name": name, "entries": entries})
        self._register_known(ahead)
        logger.error(
            "Synapse starts without the modules of %s (start: optional): %s. Until they are there, everything that a "
            "module can refuse goes by `on_failure` (%s), notifications are kept (%d at most), nothing else is asked; "
            "web resources of theirs are served only after a restart of Synapse",
            self.config.where,
            self.config.missing,
            self._policies(),
            self.config.queue,
        )
        self.host.connect_later(None)

    def _names(self, name: str) -> bool:
        """Whether the configuration of a module names a callback."""
        modules = self.config.modules if isinstance(self.config.modules, list) else []
        return any(isinstance(one, dict) and name in (one.get("callbacks") or ()) for one in modules)

    def _policies(self) -> str:
        entries = policy_of_modules(self.config.modules, "", True)
        policies = (f"{one['module']}: {json.dumps(one['on_failure'])}" for one in entries if one["mode"] == "enforce")
        return "; ".join(policies) or "no module is enforced"

    def register(self, callbacks: Sequence[Json], web: Sequence[Json], is_start: bool) -> None:
        """Takes over what the modules registered: new callbacks are registered with Synapse, gone ones made neutral."""
        wanted = self._wanted(callbacks)
        said = {_key(one) for one in wanted}
        for key, hook in self._hooks.items():
            if key not in said:
                hook.update(())
        self._register_known(wanted)
        for one in web:
            self._register_web(one, is_start)

    def register_late(self, one: Mapping[str, Json]) -> None:
        """A module registered a callback after the start: it takes effect at once."""
        try:
            self._register_known(self._wanted([one]))
        except Exception as error:
            (name,) = _names([one])
            logger.warning("%s could not be registered, so that Synapse does not ask the modules: %s", name, error)

    def _wanted(self, callbacks: Sequence[Mapping[str, Json]]) -> list[Mapping[str, Json]]:
        """Those that this Synapse can be asked to call."""
        unknown = [one for one in callbacks if one["name"] not in self._known.get(one["category"], ())]
        self._warn_once("This Synapse has no callback %s: what modules registered for it is left out", _names(unknown))
        excluded = NEVER_WITH_DELEGATED_AUTH if self._is_delegated else ()
        never = [one for one in callbacks if _names([one])[0].startswith(excluded)]
        self._warn_once("Authentication is delegated, so that Synapse never calls %s", _names(never))
        refused = [one for one in never if one["category"] == "password_auth_provider"]
        return [one for one in callbacks if one not in unknown and one not in refused]

    def _warn_once(self, text: str, names: Sequence[str]) -> None:
        new = [name for name in names if name not in self._warned]
        if new:
            self._warned.update(new)
            logger.warning(text, ", ".join(new))

    def _register_known(self, callbacks: Sequence[Mapping[str, Json]]) -> None:
        """Brings hooks up to date, and registers new ones, all that Synapse takes; raises the first refusal.

        Only what Synapse has taken is known from then on: the rest is tried again when it is said again.
        """
        new: dict[Key, tuple[Hook, Mapping[str, Json]]] = {}
        for one in callbacks:
            key = category, name, _ = _key(one)
            hook = self._hooks.get(key)
            if hook is None:
                hook = new[key][0] if key in new else Hook(self, category, name, CALLBACKS[category][name])
                new[key] = hook, one
            hook.update(one["entries"])
        refusal: Exception | None = None
        for keys in _calls_to_register(new):
            functions: dict[str, Any] = {}
            for category, name, login_type in keys:
                hook, one = new[category, name, login_type]
                function = self._function(hook)
                fields = tuple(one.get("fields") or ())
                functions[name] = {(login_type, fields): function} if login_type else function
            try:
                getattr(self.api, f"register_{category}_callbacks")(**functions)
            except Exception as error:
                names = ", ".join(f"{category}.{name}" for name in functions)
                text = f"Synapse does not register {names} now, but may when it is started anew: {error}"
                if refusal is None:
                    refusal = RuntimeError(text)
                    refusal.__cause__ = error
            else:
                self._hooks.update({key: new[key][0] for key in keys})
        if refusal is not None:
            raise refusal

    def _function(self, hook: Hook) -> Callable[..., Any]:
        """What Synapse calls: a function with a name and exactly Synapse's parameters, which Synapse looks at."""
        ask, count = self.ask, len(hook.arguments)
        if hook.where == "background_update_controller.on_update":

            def function(*args: Any) -> Any:
                return PacedUpdate(self, hook, args)
        else:

            def function(*args: Any) -> Any:
                return ask(hook, args if len(args) >= count else hook.completed(args))

        function.__name__ = hook.name
        function.__qualname__ = f"VesicleBridge.{hook.name}"
        parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in hook.arguments]
        function.__dict__["__signature__"] = inspect.Signature(parameters)
        return function

    def _register_web(self, one: Mapping[str, Json], is_start: bool) -> None:
        path = str(one["path"])
        if path in self._web:
            return
        if not is_start:
            self._warn_once("The web resource %s is new: restart Synapse to have it served", [path])
            return
        kind = type(str(one["name"]), (WebResource,), {})
        self.api.register_web_resource(path, kind(self, path, bool(one["subtree"])))
        self._web.add(path)


def _key(one: Mapping[str, Json]) -> Key:
    return one["category"], one["name"], one.get("login_type") or ""


def _calls_to_register(keys: Iterable[Key]) -> Iterable[list[Key]]:
    """What to register at once: Synapse may have taken one callback of a call when it refuses the next."""
    calls: dict[Key, list[Key]] = {}
    for key in keys:
        category = key[0]
        calls.setdefault((category, "", "") if category in REGISTERED_TOGETHER else key, []).append(key)
    return calls.values()


def _names(callbacks: Iterable[Mapping[str, Json]]) -> list[str]:
    return [f"{one['category']}.{one['name']}" for one in callbacks]
