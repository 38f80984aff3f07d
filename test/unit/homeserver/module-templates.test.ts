import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { ConfigError } from '../../../src/errors/config-error.js';
import { HostError } from '../../../src/errors/host-error.js';
import { formatTime } from '../../../src/homeserver/parity/format-time.js';
import { readTemplates } from '../../../src/homeserver/parity/module-templates.js';

const publicBaseurl = 'https://hs.test/';

function directoryWith(files: Readonly<Record<string, string>>, t: { after: (call: () => void) => void }): string {
  const directory = mkdtempSync(join(tmpdir(), 'vesicle-templates-'));
  t.after(() => {
    rmSync(directory, { recursive: true });
  });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

test('values are escaped in HTML and left alone in text', async (t) => {
  const directories = [directoryWith({ 'a.html': '<p>{{ x }}</p>', 'a.txt': '{{ x }}' }, t)];
  const [html, text] = await readTemplates(['a.html', 'a.txt'], { directories, publicBaseurl });
  assert.equal(await html?.render({ x: '<b>' }), '<p>&lt;b&gt;</p>');
  assert.equal(await text?.render({ x: '<b>' }), '<b>');
});

test("the first directory that has the name wins, Synapse's names exist without one", async (t) => {
  const directories = [directoryWith({}, t), directoryWith({ 'notice_expiry.txt': 'mine' }, t)];
  const [mine] = await readTemplates(['notice_expiry.txt'], { directories, publicBaseurl });
  const [builtIn] = await readTemplates(['notice_expiry.txt'], { directories: [], publicBaseurl });
  assert.equal(await mine?.render(), 'mine');
  assert.match((await builtIn?.render({ display_name: 'Alice', expiration_ts: 0 })) ?? '', /Hello Alice.*1970/s);
});

test('mxc_to_http and format_ts do what they do in Synapse', async (t) => {
  const source =
    "{{ u|mxc_to_http(32, 24) }} {{ u|mxc_to_http(1, 2, 'scale') }} {{ 0|format_ts('%Y') }} {{ 'x'|mxc_to_http(1, 1) }}";
  const directories = [directoryWith({ 'f.txt': source }, t)];
  const [template] = await readTemplates(['f.txt'], { directories, publicBaseurl });
  const thumbnail = 'https://hs.test/_matrix/media/v1/thumbnail/hs.test/abc';
  assert.equal(
    await template?.render({ u: 'mxc://hs.test/abc#frag' }),
    `${thumbnail}?width=32&height=24&method=crop#frag ${thumbnail}?width=1&height=2&method=scale#frag 1970 `,
  );
});

test('an unknown name and a missing directory are told apart', async () => {
  const read = (name: string, directories: string[]) => readTemplates([name], { directories, publicBaseurl });
  await assert.rejects(
    read('nope.html', []),
    (error) => error instanceof HostError && error.type === 'TemplateNotFound',
  );
  await assert.rejects(read('../../package.json', [tmpdir()]), HostError);
  await assert.rejects(read('a.html', ['/no/such/place']), ConfigError);
});

test('times are written as strftime writes them', () => {
  const time = new Date(2026, 1, 3, 16, 5, 9);
  const table: readonly (readonly [string, string])[] = [
    ['%Y-%m-%d %H:%M:%S', '2026-02-03 16:05:09'],
    ['%d %b %y, %I:%M %p', '03 Feb 26, 04:05 PM'],
    ['%A %B %e %j', 'Tuesday February  3 034'],
    ['100%% %Q', '100% %Q'],
  ];
  for (const [format, expected] of table) assert.equal(formatTime(time, format), expected);
});
