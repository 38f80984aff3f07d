/** A number below a bound; the same sequence for the same seed. */
export function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type Random = (below: number) => number;

const oddities: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  2 ** 60,
  '',
  'x',
  '\u0000\ud800',
  [],
  {},
  [[[]]],
  { id: 1 },
];

/** Another JSON value: some parts are replaced, left out, or stand elsewhere. */
export function mutatedValue(value: unknown, random: Random): unknown {
  if (random(8) === 0) return oddities[random(oddities.length)];
  if (Array.isArray(value))
    return value.map((item) => mutatedValue(item, random)).slice(0, value.length - (random(12) === 0 ? 1 : 0));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(() => random(20) !== 0);
  return Object.fromEntries(
    members.map(([key, item]) => [random(30) === 0 ? `${key}x` : key, mutatedValue(item, random)]),
  );
}

/** The same bytes but for a few of them. */
export function mutatedBytes(frame: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(frame);
  for (let count = 1 + random(3); count > 0; count--) bytes[random(bytes.length)] = random(256);
  return bytes;
}
