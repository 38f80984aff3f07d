import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { BenchFile, BenchRow } from './bench-row.js';

/** `npm run bench -- NAME [ROW...] [--json FILE]`: measures, prints a table, and writes the rows to a file. */
async function main(): Promise<void> {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } });
  const [name, ...only] = positionals;
  const file = new URL(`./${name ?? ''}.js`, import.meta.url);
  if (name === undefined || !/^[a-z-]+$/.test(name) || !existsSync(file)) {
    console.error(
      `Usage: npm run bench -- NAME [ROW...] [--json FILE], where NAME is one of: ${(await benchNames()).join(', ')}`,
    );
    process.exitCode = 2;
    return;
  }
  const bench = ((await import(file.href)) as BenchFile)[name];
  const rows = (await bench?.(only)) ?? [];
  for (const row of rows) console.log(line(row));
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(rows, null, 2)}\n`);
}

async function benchNames(): Promise<readonly string[]> {
  const files = await readdir(fileURLToPath(new URL('.', import.meta.url)));
  const parts = ['main.js', 'measure.js', 'bench-row.js'];
  return files.filter((file) => file.endsWith('.js') && !parts.includes(file)).map((file) => file.slice(0, -3));
}

function line({ name, value, unit, baseline, baseline_value, ratio }: BenchRow): string {
  const figure = (number: number): string => number.toLocaleString('en', { maximumSignificantDigits: 4 });
  return `${name.padEnd(24)} ${figure(value)} ${unit}  (${baseline}: ${figure(baseline_value)} ${unit}, ratio ${figure(ratio)})`;
}

await main();
