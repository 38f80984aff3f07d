"""Has Synapse refuse to register callbacks, and prints what the modules are not asked although they should be."""

import itertools
import json
import logging
import random
import sys
from types import SimpleNamespace
from typing import Any

from played_loop import play
from synapse.events.presence_router import PresenceRouter
from synapse.handlers.auth import PasswordAuthProvider
from synapse.module_api.callbacks.account_validity_callbacks import AccountValidityModuleApiCallbacks
from synapse.module_api.callbacks.spamchecker_callbacks import SpamCheckerModuleApiCallbacks

from vesicle_bridge import VesicleBridge
from vesicle_bridge.callback_table import CALLBACKS
from vesicle_bridge.config import BridgeConfig

TRIALS = int(sys.argv[1])
ENTRIES = [{"module": "./gate.ts", "mode": "enforce", "on_failure": {"local": "deny", "federated": "deny"}}]
logging.disable(logging.CRITICAL)
chance = random.Random(5)
problems: list[str] = []


class Api:
    """The `ModuleApi` of a Synapse that refuses as its own classes do, and now and then for no reason."""

    server_name = "hs.test"

    def __init__(self) -> None:
        self.whim = 0.0
        self.taken: list[tuple[str, Any]] = []
        spam_checker = SpamCheckerModuleApiCallbacks(SimpleNamespace(hostname="hs.test", get_clock=lambda: None))  # type: ignore[arg-type]
        self.validity = AccountValidityModuleApiCallbacks()
        self.auth = PasswordAuthProvider()
        presence: Any = PresenceRouter.__new__(PresenceRouter)
        presence._get_users_for_states_callbacks, presence._get_interested_users_callbacks = [], []
        self._owners = {
            "spam_checker": (spam_checker, spam_checker.register_callbacks),
            "account_validity": (self.validity, self.validity.register_callbacks),
            "password_auth_provider": (self.auth, self.auth.register_password_auth_provider_callbacks),
            "presence_router": (presence, presence.register_presence_router_callbacks),
        }

    def found(self, category: str, name: str, login_type: str) -> list[Any]:
        """What Synapse would call."""
        owner: Any = self._owners[category][0]
        if name == "auth_checkers":
            return list(owner.auth_checker_callbacks.get(login_type, ()))
        for attribute in (f"_{name}_callbacks", f"{name}_callbacks", f"{name}_callback"):
            value = getattr(owner, attribute, None)
            if value is not None:
                return list(value) if isinstance(value, list) else [value]
        return []

    def _take(self, category: str, given: dict[str, Any]) -> None:
        if chance.random() < self.whim:
            raise RuntimeError("not now")
        self._owners[category][1](**{name: value for name, value in given.items() if value is not None})

    def run_as_background_process(self, *_: Any) -> None:
        pass


def _registrar(category: str) -> Any:
    names = ", ".join(f"{name}=None" for name in CALLBACKS[category])
    given = ", ".join(f"{name}={name}" for name in CALLBACKS[category])
    scope: dict[str, Any] = {}
    exec(f"def register(self, *, {names}): self._take({category!r}, dict({given}))", scope)
    return scope["register"]


CATEGORIES = ("spam_checker", "account_validity", "password_auth_provider", "presence_router")
for one in CATEGORIES:
    setattr(Api, f"register_{one}_callbacks", _registrar(one))

ROWS: list[dict[str, Any]] = [
    *(
        {"category": category, "name": name, "entries": ENTRIES}
        for category in CATEGORIES
        for name in CALLBACKS[category]
        if name != "auth_checkers"
    ),
    *(
        {
            "category": "password_auth_provider",
            "name": "auth_checkers",
            "login_type": f"com.example.{number}",
            "fields": ["secret"],
            "entries": ENTRIES,
        }
        for number in range(3)
    ),
]


class Asked:
    """A link that is ready: it notes what is asked."""

    def __init__(self) -> None:
        self.where: list[str] = []

    def ask(self, hook: Any, _: Any) -> Any:
        self.where.append(hook.where)


def trial(number: int) -> None:
    api: Any = Api()
    config = BridgeConfig(
        connect="unix:/played", spawn=None, modules=[], token=None, queue=9, is_required=False, missing="later"
    )
    bridge = VesicleBridge(config, api)
    if chance.random() < 0.3:
        # Another module, which is not ours, has them already.
        api.validity.on_legacy_renew_callback = api.validity.on_legacy_send_mail_callback = len
    rows = chance.sample(ROWS, chance.randrange(1, len(ROWS)))
    api.whim = chance.choice((0.0, 0.3, 0.9))
    for attempt in itertools.count():
        late = chance.random() < 0.3
        refused = ""
        if attempt == 4:
            api.whim = 0.0
        try:
            if late:
                for row in rows:
                    bridge.register_late(row)
            else:
                bridge.register(rows, [], is_start=False)
        except RuntimeError as error:
            refused = str(error)
        for row in rows:
            check(number, bridge, api, row, is_taken=not late and refused == "", is_last=attempt == 5)
        if attempt == 5:
            break


def check(number: int, bridge: Any, api: Any, row: dict[str, Any], is_taken: bool, is_last: bool) -> None:
    category, name = row["category"], row["name"]
    where = f"{category}.{name}"
    found = [one for one in api.found(category, name, row.get("login_type", "")) if one is not len]
    others = len in api.found(category, name, row.get("login_type", ""))
    paired = category != "presence_router"
    if len(found) > 1:
        problems.append(f"{number}: {where} is registered {len(found)} times")
    if not found and (is_taken or (is_last and not others and paired)):
        problems.append(f"{number}: {where} is not registered")
    if not found:
        return
    bridge.host.ready = asked = Asked()
    hook_arguments = CALLBACKS[category][name][0]
    found[0](*("@a:hs.test" for _ in hook_arguments))
    bridge.host.ready = None
    told = CALLBACKS[category][name][3]
    if not told and asked.where != [where]:
        problems.append(f"{number}: the modules are not asked {where}")


play()
# As if the modules had registered nothing when Synapse started.
VesicleBridge._start_without = lambda _: None  # type: ignore[method-assign]
for number in range(TRIALS):
    trial(number)
json.dump({"problems": problems[:10], "count": len(problems)}, sys.stdout)
