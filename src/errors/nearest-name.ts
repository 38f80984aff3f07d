/** Letters from which on the beginning of a name says which one is meant. */
const tellingLength = 4;

/**
 * The known name nearest to a misspelt one, or else the shortest one that it is the beginning of; undefined when none is
 * near enough to be meant.
 */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  const candidates = [...known];
  return fewestEdits(name, candidates) ?? shortestBeginningWith(name, candidates);
}

function fewestEdits(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 4)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function shortestBeginningWith(name: string, known: readonly string[]): string | undefined {
  if (name.length < tellingLength) return undefined;
  const longer = known.filter((candidate) => candidate.toLowerCase().startsWith(name.toLowerCase()));
  return longer.sort((a, b) => a.length - b.length)[0];
}

/** The sentence ` Did you mean "x"?` for the nearest known name, or nothing. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
