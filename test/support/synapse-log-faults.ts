/** What Synapse writes when somebody lost or mixed up its log contexts (`synapse/logging/context.py`, `util/clock.py`). */
const faults = [
  /Expected logging context/,
  /did not maintain the calling logcontext/,
  /(?:from|in) (?:the )?(?:non-)?sentinel (?:log)?context/,
  /to start with the sentinel logcontext/,
  /Re-starting finished log context/,
  /log ?context .*(?:lost|leaked|mismatch)/i,
];

/**
 * Synapse 1.163.2 itself goes on in the context of a finished request or background process as soon as any module, even a
 * Python one that does nothing, has an `on_new_event`: it tells modules of new events behind the back of what made them. Recorded
 * with Python modules for requests, `user_parter_loop` and `task-update_join_states`. `vesicle_request` is the process in which
 * the bridge calls `ModuleApi` for a module; the bridge's other processes must never be among them.
 */
const ownFault = /Re-starting finished log context (?!vesicle_(?!request-))[\w-]+$/;

/** The lines of a log of Synapse that tell of lost or mixed up log contexts. */
export function logContextFaults(log: string): readonly string[] {
  return log.split('\n').filter((line) => !ownFault.test(line) && faults.some((fault) => fault.test(line)));
}
