import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, extname, join, normalize } from 'node:path';
import type { TestContext } from 'node:test';
import type { Browser } from 'puppeteer-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];

/** The Chromium of this machine: what VESICLE_CHROMIUM names, or one on the PATH. */
export function chromiumFile(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const files = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  return process.env['VESICLE_CHROMIUM'] ?? files.find(isExecutable);
}

/** Starts Chromium without a window; it ends with the test. */
export async function openChromium(t: TestContext, file: string): Promise<Browser> {
  const { launch } = await import('puppeteer-core');
  const browser = await launch({
    executablePath: file,
    args: ['--no-sandbox', '--disable-gpu', '--lang=en-US'],
    defaultViewport: { width: 1100, height: 700 },
  });
  t.after(() => browser.close());
  return browser;
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

const quiet = { throwIfNoEntry: false } as const;

/**
 * Serves the files of a web application; `place` says which file a path means, and a path without a file means
 * `index.html`. The address.
 */
export async function serveFolder(
  t: TestContext,
  folder: string,
  place: (path: string) => string = (path) => path,
): Promise<string> {
  const server = createServer((request, response) => {
    const path = normalize(place(new URL(request.url ?? '/', 'http://localhost').pathname));
    const file = [path, '/index.html'].find((name) => statSync(join(folder, name), quiet)?.isFile());
    if (file === undefined) return void response.writeHead(404).end();
    const type = types[extname(file)] ?? 'application/octet-stream';
    return void response.writeHead(200, { 'content-type': type }).end(readFileSync(join(folder, file)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
