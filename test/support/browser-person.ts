import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, FileChooser, HTTPResponse, Page } from 'puppeteer-core';

const patienceMs = 30_000;

/** Somebody who sits at a browser of their own and uses a Matrix client. */
export class BrowserPerson {
  /** Answers of the homeserver that were errors: status, method, path with IDs as `*`, errcode. */
  readonly errors: string[] = [];

  private constructor(private readonly page: Page) {
    page.setDefaultTimeout(patienceMs);
    page.on('response', (response) => void this.note(response));
  }

  static async sitDown(browser: Browser): Promise<BrowserPerson> {
    const context = await browser.createBrowserContext();
    return new BrowserPerson(await context.newPage());
  }

  async visit(url: string): Promise<void> {
    await this.page.goto(url);
  }

  /** Clicks on a text, or on what a selector finds. */
  async click(target: { readonly text?: string; readonly css?: string }): Promise<void> {
    await this.page.locator(selectorOf(target)).click();
  }

  /** Clicks on the last of what a selector finds. */
  async clickLast(css: string): Promise<void> {
    const found = await this.page.$$(css);
    await found.at(-1)?.click();
  }

  /** Opens the menu of what a text lies in. */
  async rightClick(target: { readonly text?: string; readonly css?: string }): Promise<void> {
    await this.page.locator(selectorOf(target)).click({ button: 'right' });
  }

  /** Replaces what is in a field. */
  async fill(css: string, text: string): Promise<void> {
    await this.page.locator(css).click();
    await this.retype(text);
  }

  /** Replaces what is in the field that has the focus. */
  async retype(text: string): Promise<void> {
    await this.page.keyboard.down('Control');
    await this.page.keyboard.press('KeyA');
    await this.page.keyboard.up('Control');
    await this.page.keyboard.type(text);
  }

  async enter(): Promise<void> {
    await this.page.keyboard.press('Enter');
  }

  /** Waits until a text is on the page. */
  async see(text: string): Promise<void> {
    await this.until(`document.body.innerText.includes(${JSON.stringify(text)})`);
  }

  /** Waits until a text is nowhere on the page. */
  async miss(text: string): Promise<void> {
    await this.until(`!document.body.innerText.includes(${JSON.stringify(text)})`);
  }

  /** Waits until an expression holds in the page. */
  async until(expression: string): Promise<void> {
    await this.page.waitForFunction(expression);
  }

  /** Runs an expression in the page; its value. */
  async evaluate(expression: string): Promise<unknown> {
    return await this.page.evaluate(expression);
  }

  /** Chooses a file where a click asks for one. */
  async choose(file: string, click: () => Promise<unknown>): Promise<void> {
    const [chooser] = await Promise.all<[Promise<FileChooser>, Promise<unknown>]>([
      this.page.waitForFileChooser(),
      click(),
    ]);
    await chooser.accept([file]);
  }

  /** Does something, and waits until the homeserver refused a request for it. */
  async whileRefused(path: string, action: () => Promise<unknown>): Promise<void> {
    const isRefusal = (it: HTTPResponse): boolean => it.status() >= 400 && it.url().includes(path);
    await Promise.all([this.page.waitForResponse(isRefusal), action()]);
  }

  /** Keeps a picture of the page, once nothing moves there. */
  async photograph(folder: string | undefined, name: string): Promise<void> {
    if (folder === undefined) return;
    await this.page.waitForNetworkIdle({ idleTime: 300, concurrency: 2, timeout: 2000 }).catch(() => undefined);
    const { default: sharp } = await import('sharp');
    const bytes = await this.page.screenshot();
    await mkdir(folder, { recursive: true });
    await sharp(bytes)
      .png({ palette: true })
      .toFile(join(folder, `${name}.png`));
  }

  private async note(response: HTTPResponse): Promise<void> {
    const { pathname } = new URL(response.url());
    if (response.status() < 400 || !/^\/(?:_matrix|_synapse|\.well-known)\//.test(pathname)) return;
    const body = await response.text().catch(() => '');
    const code = /"errcode":\s*"(\w+)"/.exec(body)?.[1] ?? '-';
    this.errors.push(`${response.status()} ${response.request().method()} ${withoutIds(pathname)} ${code}`);
  }
}

function selectorOf({ text, css = '' }: { readonly text?: string; readonly css?: string }): string {
  return text === undefined ? css : `${css === '' ? '' : `${css} `}::-p-text(${text})`;
}

function withoutIds(path: string): string {
  return path
    .split('/')
    .map((part) => (/^[!@#$]|^m\d+\.\d+$|^[A-Z]{10}$/.test(decodeURIComponent(part)) ? '*' : part))
    .join('/');
}
