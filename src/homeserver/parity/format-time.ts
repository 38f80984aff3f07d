const pad = (value: number, length = 2): string => String(value).padStart(length, '0');

const names = (options: Intl.DateTimeFormatOptions) => {
  return (time: Date): string => new Intl.DateTimeFormat('en-GB', options).format(time);
};

const directives: Readonly<Record<string, (time: Date) => string>> = {
  a: names({ weekday: 'short' }),
  A: names({ weekday: 'long' }),
  b: names({ month: 'short' }),
  B: names({ month: 'long' }),
  d: (time) => pad(time.getDate()),
  H: (time) => pad(time.getHours()),
  I: (time) => pad(time.getHours() % 12 || 12),
  j: (time) => pad(dayOfYear(time), 3),
  m: (time) => pad(time.getMonth() + 1),
  M: (time) => pad(time.getMinutes()),
  p: (time) => (time.getHours() < 12 ? 'AM' : 'PM'),
  S: (time) => pad(time.getSeconds()),
  w: (time) => String(time.getDay()),
  y: (time) => pad(time.getFullYear() % 100),
  Y: (time) => String(time.getFullYear()),
  c: (time) => formatTime(time, '%a %b %e %H:%M:%S %Y'),
  D: (time) => formatTime(time, '%m/%d/%y'),
  e: (time) => String(time.getDate()).padStart(2),
  F: (time) => formatTime(time, '%Y-%m-%d'),
  R: (time) => formatTime(time, '%H:%M'),
  T: (time) => formatTime(time, '%H:%M:%S'),
  x: (time) => formatTime(time, '%m/%d/%y'),
  X: (time) => formatTime(time, '%H:%M:%S'),
  '%': () => '%',
};

/** A time in the server's zone, as C's `strftime` writes it in the C locale; unknown directives stay as they are. */
export function formatTime(time: Date, format: string): string {
  return format.replace(/%(.)/g, (directive, letter: string) => directives[letter]?.(time) ?? directive);
}

function dayOfYear(time: Date): number {
  const start = Date.UTC(time.getFullYear(), 0, 1);
  return (Date.UTC(time.getFullYear(), time.getMonth(), time.getDate()) - start) / 86_400_000 + 1;
}
