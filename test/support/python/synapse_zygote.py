"""Starts homeservers quickly, for tests: Synapse is imported once, and each start is a fork of this process.

What runs in a fork is Synapse's own `main`. Orders come as lines of JSON on standard input:

    {"folder": "/tmp/run1", "output": "output.txt", "app": "homeserver", "args": [], "env": {"NAME": "value"}}

They start Synapse on `homeserver.yaml` in that folder (all but the folder may be left out), its output in a file there, and are answered with `{"pid": 123}`, in
order. When a homeserver ends, `{"ended": 123, "code": 0}` is written. At the end of standard input all of them are killed.
"""

import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import sys


def import_all() -> None:
    """Import what a homeserver imports at its start and while it runs."""
    import synapse

    skipped = ("synapse._scripts", "synapse.app.complement", "synapse.app.generic_worker", "synapse.vendor")
    for module in pkgutil.walk_packages(synapse.__path__, "synapse."):
        if module.name.startswith(skipped) or module.name.endswith("__main__"):
            continue
        try:
            importlib.import_module(module.name)
        except ImportError:
            pass


def warm_up() -> None:
    """Do once what every start would do again with the same outcome: read schemas and templates."""
    import jinja2
    import jsonschema
    import yaml

    # Nothing is fetched over TLS, and reading all certificates takes long.
    os.environ.setdefault("SSL_CERT_FILE", os.devnull)
    yaml.SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    # The schemas are constants of Synapse; what is validated by them still is.
    for validator in (jsonschema.Draft7Validator, jsonschema.Draft202012Validator):
        validator.check_schema = classmethod(lambda cls, schema, **_: None)
    compiled: dict = {}
    compile_template = jinja2.Environment.compile

    def compile_once(self, source, name=None, filename=None, raw=False, defer_init=False):
        key = (source, name, filename, raw)
        if key not in compiled:
            compiled[key] = compile_template(self, source, name, filename, raw, defer_init)
        return compiled[key]

    jinja2.Environment.compile = compile_once
    from synapse.config.homeserver import HomeServerConfig

    settings = {
        "server_name": "hs.test",
        "signing_key": "ed25519 a_test " + "A" * 43,
        "macaroon_secret_key": "macaroon",
        "form_secret": "form",
        "report_stats": False,
        "stats": {"enabled": True},
        "suppress_key_server_warning": True,
        "trusted_key_servers": [],
        # Reading its settings makes a folder.
        "enable_media_repo": False,
        "listeners": [{"port": 1, "type": "http", "resources": [{"names": ["client", "federation"]}]}],
    }
    HomeServerConfig().parse_config_dict(settings, "/", "/")


def run(order: dict) -> None:
    """Run a homeserver in this process, which is a fork, and end with it."""
    folder = order["folder"]
    os.chdir(folder)
    os.setsid()
    output = os.open(order.get("output", "output.txt"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(order.get("env") or {})
    sys.path[:0] = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]

    # The parent's reactor watches its files through a descriptor that forks share: this process needs one of its own.
    from twisted.internet import reactor

    reactor.__init__()

    # The names of the arguments are those of `python -m synapse.app.homeserver`.
    sys.argv = ["homeserver", "-c", os.path.join(folder, "homeserver.yaml"), *order.get("args", [])]
    app = importlib.import_module("synapse.app." + order.get("app", "homeserver"))
    app.main()


def fork(order: dict) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid != 0:
        return pid
    code = 1
    try:
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        run(order)
        code = 0
    except SystemExit as e:
        if isinstance(e.code, str):
            sys.stderr.write(e.code + "\n")
        code = e.code if isinstance(e.code, int) else 0 if e.code is None else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def main() -> None:
    import_all()
    warm_up()
    gc.collect()
    gc.freeze()
    running = set()
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    from synapse.storage.schema import SCHEMA_VERSION

    say({"ready": True, "schema": SCHEMA_VERSION})
    pending = b""
    while True:
        readable, _, _ = select.select([0, wake_read], [], [])
        if wake_read in readable:
            os.read(wake_read, 4096)
            for pid, code in ended(running):
                say({"ended": pid, "code": code})
        if 0 not in readable:
            continue
        chunk = os.read(0, 65536)
        if not chunk:
            break
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            pid = fork(json.loads(line))
            running.add(pid)
            say({"pid": pid})
    for pid in running:
        os.kill(pid, signal.SIGKILL)
    for pid in running:
        os.waitpid(pid, 0)


def ended(running: set) -> list:
    found = []
    for pid in list(running):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done == pid:
            running.discard(pid)
            found.append((pid, os.waitstatus_to_exitcode(status)))
    return found


def say(message: dict) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
