"""Runs Vesicle's TypeScript modules inside Synapse.

    modules:
      - module: vesicle_bridge.VesicleBridge
        config:
          connect: unix:/run/vesicle.sock
          modules:
            - module: ./word-filter.ts
              config: { banned_words: [casino] }

The modules live in another process, the module host (`vesicle host`). This package moves questions and answers between
the two over a socket; combining answers, checking configuration and all policy but `when`, timeouts and `onFailure` are
the host's. A frame is a length (4 bytes, big-endian) and so many bytes of JSON.

How it keeps Synapse's log contexts: functions that Synapse calls return a Deferred that restores the caller's
context; what enters from the socket runs in the sentinel context; work for a module runs in a child of the context of
the question that it belongs to, or, when there is none, through `run_as_background_process`.

Every module imports only from those below it: tables and types, wire and errors, configuration, the opening of a
connection, callbacks (`when`, arguments, results, hooks), the link, what modules may ask, and `module`, which Synapse
loads. `vesicle bridge --single-file` joins them to one file, so that no two of them give a name to different things.
"""

from .module import VesicleBridge

__all__ = ["VesicleBridge"]
