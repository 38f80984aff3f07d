/** What Synapse writes when somebody lost or mixed up its log contexts (`synapse/logging/context.py`). */
const faults = [
  /Expected logging context/,
  /did not maintain the calling logcontext/,
  /(?:from|in) (?:the )?(?:non-)?sentinel (?:log)?context/,
  /to start with the sentinel logcontext/,
  /(?:Re-starting|Stopping|Called .*) (?:already )?finished log ?context/i,
  /log ?context .*(?:lost|leaked|finished|mismatch)/i,
  /Reentrant/i,
];

/** The lines of a log of Synapse that tell of lost or mixed up log contexts. */
export function logContextFaults(log: string): readonly string[] {
  return log.split('\n').filter((line) => faults.some((fault) => fault.test(line)));
}
