import { statSync } from 'node:fs';

import type { Page } from 'playwright-core';

import {
  ArenaPool,
  BufferPool,
  BumpArenaLazy,
  GiB,
  KiB,
  memoryMap,
  MiB,
  setMemoryLimit,
  type Watch,
  watch,
} from '../../lib';
import { type DashboardServer, startDashboard } from '../../lib/monitor/dashboard';
import { Browser, describeInBrowser, keepScreenshot } from './browser';
import { pause, Probe, until } from './support';

const intervalMs = 100;
const HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>';

describeInBrowser('The page of the dashboard', () => {
  let browser: Browser;
  let server: DashboardServer;
  let pool: BufferPool;
  let requests: ArenaPool;
  let arena: BumpArenaLazy;
  let parser: Watch;

  beforeAll(async () => {
    browser = await Browser.launch();
  });

  afterAll(async () => {
    await browser.close();
  });

  beforeEach(async () => {
    server = await startDashboard({ intervalMs });
  });

  afterEach(async () => {
    await server.close();
  });

  function usePool(name = 'bodies'): void {
    pool = new BufferPool({ name, leakDetection: 'off' });
    arena = new BumpArenaLazy(4 * GiB);
    parser = watch('parser', arena);
    for (const size of [200, 3 * KiB, 17 * KiB, 100 * KiB, 900 * KiB]) {
      const buffers = Array.from({ length: 12 }, () => pool.acquire(size).fill(1));
      buffers.slice(0, 5).forEach((buffer) => {
        pool.release(buffer);
      });
    }
    requests = new ArenaPool({ name: 'requests' });
    const arenas = Array.from({ length: 8 }, () => requests.acquire());
    arenas.forEach((each, i) => each.alloc((i + 1) * 64 * KiB)!.fill(1));
    arenas.slice(3).forEach((each) => {
      requests.release(each);
    });
    arena.alloc(9 * MiB)!.fill(1);
    arena.resetUnsafe();
    arena.alloc(4 * MiB);
  }

  function dropPool(): void {
    pool.dispose();
    requests.dispose();
    parser.end();
    arena.dispose();
  }

  /** The text of a figure in the card of this name. */
  async function figure(page: Page, card: string, name: string): Promise<string> {
    const term = page
      .locator('article', { has: page.getByRole('heading', { name: card, exact: true }) })
      .locator('dl > div', {
        has: page.locator('dt', { hasText: new RegExp(`^${name}$`) }),
      });
    return (await term.locator('dd').textContent())!;
  }

  async function waitForStatus(page: Page, text: string | RegExp): Promise<void> {
    await page.getByRole('status').filter({ hasText: text }).waitFor();
  }

  it('says that there is nothing yet, and shows a pool as soon as there is one', async () => {
    const { page, complaints } = await browser.open(server.url);
    await waitForStatus(page, 'live');
    expect(await page.locator('#empty').isVisible()).toBe(true);
    expect(await page.getByRole('heading', { name: 'Buffer pools' }).isVisible()).toBe(false);
    expect(await page.locator('#process').textContent()).toContain(
      `process ${process.pid} · Node.js ${process.version}`,
    );
    await keepScreenshot(page, 'dashboard-empty');
    usePool();
    try {
      await page.getByRole('heading', { name: 'bodies', exact: true }).waitFor();
      expect(await page.locator('#empty').isVisible()).toBe(false);
    } finally {
      dropPool();
    }
    await page.locator('#empty').waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('follows what happens in the process', async () => {
    usePool();
    try {
      const { page, complaints } = await browser.open(server.url);
      await waitForStatus(page, 'live');
      expect(await figure(page, 'bodies', 'buffers in use')).toBe('35');
      pool.acquire(1 * MiB);
      await until(() => pool.stats.liveBuffers === 36);
      await expect(page.getByText('36', { exact: true }).first().waitFor()).resolves.toBeUndefined();
      expect(await figure(page, 'bodies', 'buffers in use')).toBe('36');
      expect(await figure(page, 'parser', 'in use')).toBe('4 MiB');
      expect(await figure(page, 'requests', 'in use')).toBe('384 KiB');
      expect(await figure(page, 'requests', 'with requests')).toBe('3');
      const chart = page.getByRole('img', { name: /^bodies: resident/ });
      const line = async (): Promise<string> => (await chart.locator('path.a').last().getAttribute('d'))!;
      const before = await line();
      await pause(3 * intervalMs);
      expect((await line()).length).toBeGreaterThan(before.length);
      const map = page.getByRole('group', { name: 'Memory map of bodies' }).locator('svg');
      expect(await map.locator('title').textContent()).toBe('bodies');
      expect(await map.locator('rect.live').count()).toBeGreaterThan(5);
      const whole = page.locator('#process-map');
      expect(await whole.locator('svg').count()).toBe(0);
      await whole.locator('summary').click();
      await whole.locator('svg').waitFor();
      expect(complaints).toEqual([]);
      await page.close();
    } finally {
      dropPool();
    }
  });

  it('shows how much of the memory limit is taken, where there is one', async () => {
    usePool();
    try {
      const { page, complaints } = await browser.open(server.url);
      await waitForStatus(page, 'live');
      expect(await page.getByText(/ committed$/).count()).toBe(0);
      setMemoryLimit(GiB);
      await page.getByText(/^resident, [\d.]+ MiB of 1 GiB committed$/).waitFor();
      expect(complaints).toEqual([]);
      await page.close();
    } finally {
      setMemoryLimit(Infinity);
      dropPool();
    }
  });

  it('takes names for text, whatever they are', async () => {
    usePool(HOSTILE);
    try {
      const { page, complaints } = await browser.open(server.url);
      await page.getByRole('heading', { name: HOSTILE, exact: true }).waitFor();
      expect(await page.locator('img, script:not(body > script), #pools script').count()).toBe(0);
      expect(complaints).toEqual([]);
      await page.close();
    } finally {
      dropPool();
    }
  });

  it('serves two tabs from one collection', async () => {
    const probe = new Probe();
    using _watch = watch('probe', probe);
    const tabs = [await browser.open(server.url), await browser.open(server.url)];
    for (const { page } of tabs) {
      await page.getByRole('heading', { name: 'probe', exact: true }).waitFor();
    }
    const { looks } = probe;
    const started = Date.now();
    await pause(10 * intervalMs);
    const frames = (Date.now() - started) / intervalMs;
    expect(probe.looks - looks).toBeLessThanOrEqual(frames + 2);
    await tabs[0]!.page.close();
    await tabs[1]!.page.close();
    await pause(5 * intervalMs);
    const after = probe.looks;
    await pause(5 * intervalMs);
    expect(probe.looks).toBe(after);
  });

  it('says that the connection is lost, and goes on when the server is back', async () => {
    const { page } = await browser.open(server.url);
    await waitForStatus(page, 'live');
    const port = Number(new URL(server.url).port);
    await server.close();
    await waitForStatus(page, 'connection lost, trying again');
    server = await startDashboard({ port, intervalMs });
    await waitForStatus(page, 'live');
    await page.close();
  });

  it('comes back after an answer that was no stream', async () => {
    const { page } = await browser.open(server.url);
    await waitForStatus(page, 'live');
    await page.route('**/*events*', (route) => route.fulfill({ status: 503, body: 'starting' }));
    const port = Number(new URL(server.url).port);
    await server.close();
    server = await startDashboard({ port, intervalMs });
    await waitForStatus(page, 'connection lost, trying again');
    await page.unroute('**/*events*');
    await waitForStatus(page, 'live');
    await page.close();
  });

  it('can be paused by the keyboard, and goes on', async () => {
    const { page } = await browser.open(server.url);
    await waitForStatus(page, 'live');
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('Pause');
    await page.keyboard.press('Enter');
    await waitForStatus(page, 'paused');
    usePool();
    try {
      await pause(5 * intervalMs);
      expect(await page.getByRole('heading', { name: 'bodies' }).count()).toBe(0);
      await page.getByRole('button', { name: 'Go on', pressed: true }).press('Enter');
      await page.getByRole('heading', { name: 'bodies', exact: true }).waitFor();
      await waitForStatus(page, 'live');
    } finally {
      dropPool();
    }
    await page.close();
  });

  it('shows what was when a pointer is on a chart', async () => {
    const { page } = await browser.open(server.url);
    await waitForStatus(page, 'live');
    await pause(10 * intervalMs);
    const card = page.locator('article', { has: page.getByRole('heading', { name: 'Garbage collection' }) });
    await card.locator('svg.chart').hover({ position: { x: 2, y: 40 } });
    await card.locator('.scale', { hasText: /before$/ }).waitFor();
    await page.mouse.move(0, 0);
    await card.locator('.scale', { hasText: /now$/ }).waitFor();
    await page.close();
  });

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 390],
  ] as const)('fits, in %s, a width of %i', async (colorScheme, width) => {
    usePool();
    try {
      const { page, complaints } = await browser.open(server.url, { width });
      await page.emulateMedia({ colorScheme });
      await page.getByRole('heading', { name: 'bodies', exact: true }).waitFor();
      await pause(15 * intervalMs); // lines, rather than dots
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(ground).toBe(colorScheme === 'light' ? 'rgb(246, 248, 250)' : 'rgb(1, 4, 9)');
      const name = `dashboard-${colorScheme}-${width < 600 ? 'phone' : 'wide'}`;
      expect(statSync(await keepScreenshot(page, name)).size).toBeGreaterThan(10_000);
      expect(complaints).toEqual([]);
      await page.close();
    } finally {
      dropPool();
    }
  });

  it('shows memory maps that a browser takes for well-formed pictures', async () => {
    usePool(HOSTILE);
    try {
      const { page } = await browser.open('about:blank');
      const maps = [memoryMap(), memoryMap(pool), memoryMap(arena)];
      const widths = await page.evaluate(async (sources: string[]) => {
        const { Image } = globalThis as unknown as {
          Image: new () => { src: string; width: number; decode(): Promise<void> };
        };
        return Promise.all(
          sources.map(async (source) => {
            const image = new Image();
            image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(source)}`;
            await image.decode();
            return image.width;
          }),
        );
      }, maps);
      expect(widths).toEqual([800, 800, 800]);
      await page.close();
    } finally {
      dropPool();
    }
  });
});
