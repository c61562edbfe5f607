import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { type BrowserContext, chromium, type Page } from 'playwright-core';

const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

/** Where screenshots go: not into git, and kept by CI. */
const ARTIFACTS = join(__dirname, '../../artifacts');

/** The program of Chromium, by `CHROMIUM_PATH` or as it is installed; null where there is none. */
function findChromium(): string | null {
  const { CHROMIUM_PATH, PATH = '' } = process.env;
  if (CHROMIUM_PATH !== undefined) {
    return CHROMIUM_PATH;
  }
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const candidates = PATH.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  return candidates.find((file) => existsSync(file)) ?? null;
}

const executablePath = findChromium();

/**
 * Tests in a browser, in a `describe` that is skipped where there is none, and says so; with `OFFHEAP_BROWSER_REQUIRED=1`, as CI
 * sets it, they fail there.
 */
export function describeInBrowser(title: string, suite: () => void): void {
  if (executablePath !== null || process.env['OFFHEAP_BROWSER_REQUIRED'] === '1') {
    describe(title, suite);
  } else {
    const why = 'no Chromium found: install it, or set CHROMIUM_PATH';
    console.warn(`Tests of the dashboard in a browser are skipped: ${why}`);
    describe.skip(`${title} (skipped: ${why})`, suite);
  }
}

/** A Chromium with a profile of its own, which is gone with it. */
export class Browser {
  readonly #folder: string;
  readonly #context: BrowserContext;

  private constructor(folder: string, context: BrowserContext) {
    this.#folder = folder;
    this.#context = context;
  }

  static async launch(): Promise<Browser> {
    if (executablePath === null) {
      throw new Error('OFFHEAP_BROWSER_REQUIRED is set, and there is no Chromium');
    }
    const folder = mkdtempSync(join(tmpdir(), 'offheap-chromium-'));
    const context = await chromium.launchPersistentContext(folder, {
      executablePath,
      args: FLAGS.split(' '),
      reducedMotion: 'reduce',
    });
    return new Browser(folder, context);
  }

  /** A tab; what it complains about is in `complaints`. */
  async open(url: string, { width = 1280, height = 900 } = {}): Promise<{ page: Page; complaints: string[] }> {
    const page = await this.#context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') {
        complaints.push(message.text());
      }
    });
    page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`));
    await page.setViewportSize({ width, height });
    await page.goto(url);
    return { page, complaints };
  }

  async close(): Promise<void> {
    await this.#context.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Keeps what a page looks like. */
export async function keepScreenshot(page: Page, name: string): Promise<string> {
  mkdirSync(ARTIFACTS, { recursive: true });
  const path = join(ARTIFACTS, `${name}.png`);
  await page.screenshot({ path, fullPage: true });
  return path;
}
