// Reload, pause, links, keys, queries, and a server that goes and comes back.

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { VIEWS, assertClean, openPage, screenshot, show } from './browser.mjs';
import { eventually, startShop } from './shop.mjs';

export default () => suite('usability', { concurrency: 1 }, () => {
  let shop;
  let page;
  let seen;
  before(async () => {
    shop = await startShop();
    ({ page, seen } = await openPage(shop.dashboard));
    await page.waitForSelector('#tile-rate:not(:text("–"))');
  });
  after(async () => {
    await shop?.stop();
    if (seen) assertClean(seen, shop.url);
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
    const uptime = async () => (await shop.get('/metrics/json')).metrics.app_uptime_seconds.value;
    const began = await uptime();
    await eventually(async () => assert.ok(await uptime() > began + 2.5));
    assert.equal(await figures(), paused);
    await show(page, 'requests');
    await show(page, 'overview');
    assert.equal(await figures(), paused, 'another view shows the same moment');
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
    await show(page, 'requests');
    await eventually(async () => assert.ok(await page.locator('.grid tbody a').count() > 3));
    // The rows are those of one moment then.
    await page.getByRole('button', { name: 'Pause' }).click();
    for (const column of ['endpoint', 'rate', 'error_ratio', 'p50', 'p95', 'p99', 'in_flight']) {
      for (const direction of ['desc', 'asc']) {
        await show(page, `requests?sort=${column}&dir=${direction}`);
        await eventually(async () => {
          const values = await page.evaluate(async (name) => {
            const { store } = await import(new URL('store.js', document.querySelector('script').src));
            const rows = [...document.querySelectorAll('.grid tbody a')].map((link) => store.endpoints.get(link.textContent));
            return rows.map((row) => (name === 'endpoint' ? `${row.endpoint} ${row.method}` : row[name]));
          }, column);
          const known = values.filter((value) => value !== null);
          const sorted = column === 'endpoint' ? known.toSorted() : known.toSorted((a, b) => a - b);
          if (direction === 'desc') sorted.reverse();
          assert.deepEqual(values, [...sorted, ...values.filter((value) => value === null)], `${column} ${direction}`);
        });
      }
    }
    await page.getByRole('button', { name: 'Resume' }).click();
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
    await page.getByLabel('Single-key shortcuts are on').uncheck();
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

  test('queries have the names of the service', async () => {
    const own = await openPage();
    const config = { prefix: 'shop_', names: { requests: null, duration: 'http_server_request_duration_seconds', in_flight: null }, labels: { method: null, endpoint: 'http_route', status: 'http_response_status_code', error_type: 'error_type' } };
    await own.page.route('**/dashboard/config.json', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...await response.json(), ...config } });
    });
    await own.page.goto(`${shop.dashboard}#/overview`);
    const copied = async (title) => {
      await own.page.evaluate(() => navigator.clipboard.writeText(''));
      await own.page.getByRole('button', { name: `Copy ${title} as PromQL` }).click();
      return eventually(async () => await own.page.evaluate(() => navigator.clipboard.readText()) || assert.fail('nothing is copied'));
    };
    const count = 'http_server_request_duration_seconds_count';
    assert.equal(await copied('Requests per second'), `sum by (http_response_status_code) (rate(${count}[1m]))`);
    assert.equal(await copied('Error ratio'), `sum(rate(${count}{error_type!~"|cancelled|body_dropped"}[1m])) / sum(rate(${count}[1m]))`);
    assert.equal(await own.page.getByRole('button', { name: 'Copy In flight as PromQL' }).count(), 0);
    await show(own.page, 'requests?endpoint=GET+%2Fproducts');
    assert.equal(await copied('Requests per second'), `sum by (http_response_status_code) (rate(${count}{http_route="/products"}[1m]))`);
    await show(own.page, 'runtime');
    assert.equal(await copied('Memory'), 'shop_process_resident_memory_bytes');
    assert.equal(await copied('CPU of the process'), 'rate(shop_process_cpu_seconds_total[1m])');
    const asked = own.seen.urls.filter((url) => url.includes('/metrics/history?metric=')).map((url) => new URL(url).searchParams.get('metric'));
    assert.deepEqual(asked, ['shop_process_resident_memory_bytes', 'shop_process_cpu_seconds_total', 'shop_process_open_fds', 'shop_tokio_alive_tasks']);
    await own.context.close();
  });

  test('the focus stays in the table of a chart', async () => {
    await show(page, 'overview');
    await page.getByRole('button', { name: 'Data table of Duration' }).click();
    const table = page.getByRole('region', { name: 'Data of Duration' });
    await table.focus();
    const newest = () => table.locator('tbody td').first().textContent();
    const before = await newest();
    await eventually(async () => assert.notEqual(await newest(), before));
    assert.equal(await page.evaluate(() => document.activeElement.ariaLabel), 'Data of Duration');
  });

  test('the chart of a family begins with the frames if there is no history', async () => {
    const own = await openPage();
    await own.page.route('**/dashboard/config.json', async (route) => {
      const response = await route.fetch();
      const config = await response.json();
      await route.fulfill({ response, json: { ...config, has: { ...config.has, history: false } } });
    });
    await own.page.goto(`${shop.dashboard}#/metrics?family=http_requests_total`);
    await own.page.getByRole('button', { name: /^Data table of/ }).click();
    await eventually(async () => assert.ok(await own.page.locator('.chart tbody tr').count() > 1));
    await own.page.locator('.chart canvas').waitFor();
    assert.deepEqual(own.seen.urls.filter((url) => url.includes('/metrics/history')), []);
    await own.context.close();
  });

  test('a server that is lost and comes back', async () => {
    await show(page, 'overview');
    const hidden = await openPage(shop.dashboard);
    await hidden.page.locator('#connection:text("Live")').waitFor();
    const see = (is) => hidden.page.evaluate((isSeen) => {
      Object.defineProperty(document, 'hidden', { configurable: true, value: !isSeen });
      document.dispatchEvent(new Event('visibilitychange'));
    }, is);
    await see(false);
    await shop.kill();
    await page.getByText(/Connection lost/).waitFor();
    await hidden.page.getByText(/Connection lost/).waitFor();
    await screenshot(page, 'lost');
    const again = await startShop({ PORT: shop.port, SHOP_DIR: shop.home });
    try {
      await page.locator('#connection:text("Live")').waitFor({ timeout: 30_000 });
      await see(true);
      await hidden.page.locator('#connection:text("Live")').waitFor();
      await hidden.context.close();
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
