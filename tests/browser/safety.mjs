// Nothing leaves the origin, and HTML in data is text.

import assert from 'node:assert/strict';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';

import { VIEWS, assertClean, axe, openPage, show } from './browser.mjs';
import { eventually, startShop } from './shop.mjs';

/** 150 KB. */
const MAX_BYTES = 150_000;

export default () => suite('safety', { concurrency: 1 }, () => {
  let shop;
  before(async () => {
    // In bad times there are alerts and errors to show.
    shop = await startShop({ MOOD: 'bad' });
  });
  after(() => shop?.stop());

  test('script and style have at most 150 KB', async () => {
    let bytes = 0;
    for (const name of await readdir(process.env.ASSETS, { recursive: true })) {
      if (/\.(js|css)$/.test(name)) bytes += (await stat(join(process.env.ASSETS, name))).size;
    }
    assert.ok(bytes <= MAX_BYTES, `${bytes} bytes`);
  });

  test('no own script makes HTML from text', async () => {
    for (const name of await readdir(process.env.ASSETS)) {
      if (!/\.(js|html)$/.test(name)) continue;
      const text = await readFile(join(process.env.ASSETS, name), 'utf8');
      assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|https?:\/\/(?!www\.w3\.org)\w| style="| on\w+="/, name);
    }
  });

  test('HTML in data shows as text, in every panel', async () => {
    const { page, seen, context } = await openPage(shop.dashboard);
    const planted = {
      requests: '{<b>term<b>}', health: '<i>kitchen</i>', jobs: '<u>export</u>', slos: '<small>products</small>', 'metrics?q=coupon': '<b>they</b>', logs: '<em>shop</em>',
    };
    for (const [view, text] of Object.entries(planted)) {
      await show(page, view);
      await page.getByText(text).first().waitFor({ timeout: 30_000 });
    }
    await show(page, 'health');
    await page.getByText('the oven is <img src="x" onerror="alert(1)"> cold').waitFor();
    await show(page, 'alerts?state=all');
    await page.getByText('<a href="javascript:alert(1)">').first().waitFor({ timeout: 30_000 });
    await page.getByText('<s>accounting</s>').first().waitFor({ timeout: 60_000 });
    for (const view of VIEWS) {
      await show(page, view);
      const made = await page.evaluate(() => document.querySelectorAll('img, script:not([src]), s, u, em, blink, a[href^="javascript"], [onerror], [onclick], [style*="expression"]').length);
      assert.equal(made, 0, view);
    }
    assertClean(seen, shop.url);
    await context.close();
  });

  test('the policy is active', async () => {
    const { page, seen, context } = await openPage(shop.dashboard);
    await page.waitForSelector('#tile-rate');
    assert.deepEqual(seen.violations, []);
    await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'window.ran = true';
      document.head.append(script);
    });
    await eventually(async () => assert.ok(seen.violations.some((text) => text.startsWith('script-src')), String(seen.violations)));
    assert.equal(await page.evaluate(() => window.ran), undefined);
    await context.close();
  });

  test('empty views say what to do', async () => {
    const { page, context } = await openPage();
    await page.route('**/dashboard/config.json', async (route) => {
      const response = await route.fetch();
      const config = await response.json();
      const kept = Object.entries(config.paths).filter(([path]) => path.startsWith('/dashboard') && path !== '/dashboard/logs' && path !== '/dashboard/history');
      await route.fulfill({ response, json: { ...config, paths: Object.fromEntries(kept), has: {} } });
    });
    await page.route('**/dashboard/events', (route) => route.fulfill({
      contentType: 'text/event-stream', body: `event: frame\ndata: ${JSON.stringify({ time: 1, full: true, overview: {}, endpoints: null, gone: [], families: null, runtime: null, health: null, slots: {} })}\n\n`,
    }));
    await page.goto(shop.dashboard);
    for (const view of VIEWS) {
      await show(page, view);
      await page.locator('.empty:visible pre').first().waitFor();
      assert.deepEqual(await axe(page), [], view);
    }
    await context.close();
  });
});
