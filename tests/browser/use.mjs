// Reload, pause, links, keys, small and dark screens, and a server that goes and comes back.

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { VIEWS, assertClean, openPage, screenshot, show } from './browser.mjs';
import { eventually, startShop } from './shop.mjs';

suite('usability', () => {
  let shop;
  let page;
  let seen;
  before(async () => {
    shop = await startShop();
    ({ page, seen } = await openPage(shop.dashboard));
    await page.waitForSelector('#tile-rate:not(:text("–"))');
  });
  after(async () => {
    assertClean(seen, shop.url);
    await shop.stop();
  });

  test('a reload keeps the history, which is the server\'s', async () => {
    await eventually(async () => assert.ok((await shop.get('/metrics/history')).ticks > 2), 20_000);
    await page.reload();
    const opened = Date.now();
    await page.getByRole('button', { name: 'Data table of Requests per second' }).click();
    const times = () => page.locator('.chart').first().locator('tbody td:first-child').allTextContents();
    await eventually(async () => {
      const before = (await times()).filter((time) => time < new Date(opened - 3000).toLocaleTimeString('en-GB'));
      assert.ok(before.length > 0, 'there are no points from before the reload');
    });
  });

  test('pause and resume', async () => {
    await show(page, 'overview');
    const figures = () => page.locator('.tiles').textContent();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('Paused').waitFor();
    const paused = await figures();
    const time = () => page.evaluate(async () => (await import(new URL('store.js', document.querySelector('script').src))).store.time);
    const began = await time();
    await eventually(async () => assert.ok(await time() > began + 2.5));
    assert.equal(await figures(), paused);
    await page.getByRole('button', { name: 'Resume' }).click();
    await eventually(async () => assert.notEqual(await figures(), paused));
  });

  test('links lead to the state of a view, and back', async () => {
    const hash = '#/requests?range=5&q=prod&sort=p95&dir=asc&endpoint=GET+%2Fproducts';
    await page.goto(`${shop.dashboard}${hash}`);
    await page.waitForSelector('#endpoint-title:text-is("GET /products")');
    assert.equal(await page.getByLabel('Filter endpoints').inputValue(), 'prod');
    assert.equal(await page.getByRole('columnheader', { name: 'p95' }).getAttribute('aria-sort'), 'ascending');
    assert.equal(await page.getByRole('button', { name: '5 min', exact: true }).getAttribute('aria-pressed'), 'true');
    await eventually(async () => {
      const names = await page.locator('.grid tbody a').allTextContents();
      assert.ok(names.length && names.every((name) => name.includes('prod')), String(names));
    });
    await page.getByRole('link', { name: 'Jobs' }).click();
    await page.waitForSelector('h1:text("Jobs")');
    assert.match(page.url(), /range=5/);
    await page.goBack();
    await page.waitForSelector('#endpoint-title:text-is("GET /products")');
    await page.getByRole('columnheader', { name: 'Rate' }).getByRole('button').click();
    assert.match(page.url(), /sort=rate&dir=desc/);
  });

  test('the table is sorted by each column', async () => {
    await show(page, 'requests?sort=rate&dir=desc');
    for (const direction of ['desc', 'asc']) {
      await show(page, `requests?sort=endpoint&dir=${direction}`);
      await eventually(async () => {
        const names = await page.locator('.grid tbody a').evaluateAll((all) => all.map((link) => { const [method, endpoint] = link.textContent.split(' '); return `${endpoint} ${method}`; }));
        const sorted = names.toSorted();
        assert.deepEqual(names, direction === 'asc' ? sorted : sorted.toReversed());
      });
    }
  });

  test('all works by keys', async () => {
    await show(page, 'overview');
    await page.locator('body').press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    for (const [i, view] of VIEWS.entries()) {
      await page.keyboard.press(String(i + 1));
      await page.waitForSelector(`.view.${view}`);
    }
    await page.keyboard.press('2');
    await page.waitForSelector('#endpoint-filter, [aria-label="Filter endpoints"]');
    await page.keyboard.press('/');
    await page.keyboard.type('p1?');
    assert.equal(await page.getByLabel('Filter endpoints').inputValue(), 'p1?', 'keys in a field are text');
    await page.getByLabel('Filter endpoints').fill('');
    await page.keyboard.press('Escape');
    const range = await page.evaluate(() => location.hash);
    await page.keyboard.press('r');
    assert.notEqual(await page.evaluate(() => location.hash), range);
    await page.keyboard.press('p');
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    await page.keyboard.press('p');
    await page.keyboard.press('?');
    await page.getByLabel('Shortcuts of one key are on').uncheck();
    await page.keyboard.press('Escape');
    await page.keyboard.press('1');
    await page.waitForSelector('.view.requests');
    await page.evaluate(() => localStorage.clear());
    await page.reload();
    await page.waitForSelector('.view.requests a');
  });

  test('the focus is visible on each control', async () => {
    await show(page, 'requests');
    await page.waitForSelector('.grid tbody a');
    await page.evaluate(() => document.activeElement.blur());
    const names = new Set();
    for (let i = 0; i < 25; i += 1) {
      await page.keyboard.press('Tab');
      const [name, outline] = await page.evaluate(() => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
        return [document.activeElement.textContent || document.activeElement.ariaLabel, outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2];
      });
      assert.ok(outline, `${name} has no visible focus`);
      names.add(name);
    }
    assert.ok(names.size > 15, [...names].join(', '));
  });

  test('copy as PromQL', async () => {
    await show(page, 'requests?endpoint=GET+%2Fproducts');
    await page.getByRole('button', { name: 'Copy Requests per second as PromQL' }).click();
    await page.getByText('Copied as PromQL.').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'sum by (status) (rate(http_requests_total{method="GET",endpoint="/products"}[1m]))');
  });

  test('each chart has its query and its table', async () => {
    for (const view of ['overview', 'requests', 'runtime']) {
      await show(page, view);
      const charts = page.locator('figure.chart:visible');
      await eventually(async () => assert.ok(await charts.count() > 1));
      for (const chart of await charts.all()) {
        await chart.getByRole('button', { name: /as PromQL$/ }).waitFor();
        await chart.getByRole('button', { name: /^Data table of/ }).click();
        await chart.locator('tbody tr').first().waitFor();
      }
    }
  });

  test('360 px, dark and light, every view', async () => {
    for (const [width, height] of [[1280, 800], [360, 740]]) {
      for (const colorScheme of ['light', 'dark']) {
        const small = await openPage(shop.dashboard, { viewport: { width, height }, colorScheme });
        for (const view of VIEWS) {
          await show(small.page, view);
          await eventually(async () => assert.equal(await small.page.locator(`.view.${view}`).evaluate((el) => el.textContent.length > 20), true));
          const [wide, back] = await small.page.evaluate(() => [document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]);
          assert.ok(wide <= width, `${view} is ${wide} px wide at ${width}`);
          assert.equal(back, colorScheme === 'dark' ? 'rgb(15, 19, 24)' : 'rgb(245, 246, 248)');
          if (process.env.SCREENSHOTS) await small.page.waitForTimeout(1500);
          await screenshot(small.page, `${view}-${width}-${colorScheme}`);
        }
        assertClean(small.seen, shop.url);
        await small.context.close();
      }
    }
  });

  test('the theme can be chosen, and stays', async () => {
    await page.getByRole('button', { name: /^Theme/ }).click();
    await page.getByRole('button', { name: /^Theme/ }).click();
    await page.reload();
    await page.waitForSelector('html[data-theme=dark]');
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(15, 19, 24)');
    await page.getByRole('button', { name: /^Theme/ }).click();
  });

  test('it prints without its controls', async () => {
    await show(page, 'requests');
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.locator('nav, .tools').evaluateAll((all) => all.some((el) => el.checkVisibility())), false);
    await page.emulateMedia({ media: null });
  });

  test('a server that is lost and comes back', async () => {
    await show(page, 'overview');
    await shop.kill();
    await page.getByText(/Connection lost/).waitFor();
    await screenshot(page, 'lost');
    const again = await startShop({ PORT: shop.port, SHOP_DIR: shop.home });
    try {
      await page.locator('#connection:text("Live")').waitFor({ timeout: 30_000 });
      await eventually(async () => {
        const { metrics } = await again.get('/metrics/json');
        const minutes = metrics.app_uptime_seconds.value;
        assert.match(await page.locator('#tile-uptime').textContent(), new RegExp(`^${Math.floor(minutes)} s$`));
      });
    } finally {
      await again.kill();
      seen.errors.length = 0;
    }
  });
});
