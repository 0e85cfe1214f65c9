// Streams that are refused or end, scripts that cannot be loaded, and a clock that is set back.

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { assertClean, openPage, show } from './browser.mjs';
import { eventually, startShop } from './shop.mjs';

export default () => suite('connection', { concurrency: 1 }, () => {
  let shop;
  before(async () => { shop = await startShop(); });
  after(() => shop?.stop());

  const live = (page) => page.locator('#connection:text-is("Live")').waitFor({ timeout: 20_000 });
  const frame = (time) => `event: frame\ndata: ${JSON.stringify({ time, full: true, seconds: 1, overview: { p50: time }, endpoints: [], gone: [], families: [], runtime: { cpu: 1 }, health: null, slots: {} })}\n\n`;
  /** Answers with these frames, and then the stream ends. */
  const stream = (page, times) => page.route('**/dashboard/events', (route) => route.fulfill({ contentType: 'text/event-stream', body: times.map(frame).join('') }));

  test('a refused stream is tried again while the token is valid', async () => {
    const { page, seen, context } = await openPage();
    await page.route('**/dashboard/events', (route) => route.fulfill({ status: 403, contentType: 'text/plain', body: 'no' }), { times: 2 });
    await page.goto(shop.dashboard);
    await page.getByText(/^Refused, next try in \d+ s$/).waitFor();
    await live(page);
    assert.equal(seen.urls.filter((url) => url.endsWith('/dashboard/events')).length, 3);
    assertClean(seen, shop.url);
    await context.close();
  });

  test('streams that end at once are tried less and less often', async () => {
    const { page, seen, context } = await openPage();
    const opened = Date.now();
    await stream(page, [Date.now() / 1000]);
    await page.goto(shop.dashboard);
    const tries = () => seen.urls.filter((url) => url.endsWith('/dashboard/events')).length;
    await eventually(() => assert.ok(tries() > 3), 20_000);
    // The fourth try comes after pauses of 0.5, 1 and 2 s, each up to a quarter shorter.
    assert.ok(Date.now() - opened > 2600, `${tries()} tries in ${Date.now() - opened} ms`);
    await page.unroute('**/dashboard/events');
    await live(page);
    await context.close();
  });

  test('a clock that is set back ends the ticks of the time before', async () => {
    const { page, context } = await openPage();
    await page.route('**/dashboard/config.json', async (route) => {
      const response = await route.fetch();
      const { paths, ...config } = await response.json();
      delete paths['/dashboard/history'];
      await route.fulfill({ response, json: { ...config, paths } });
    });
    await stream(page, [2000, 2001, 1000, 1001]);
    await page.goto(shop.dashboard);
    await eventually(async () => assert.deepEqual(await page.evaluate(async () => {
      const { store } = await import(new URL('store.js', document.querySelector('script').src));
      return [store.ticks.map(([time]) => time), store.runtimes.map(([time]) => time)];
    }), [[1000, 1001], [1000, 1001]]));
    await context.close();
  });

  test('a view whose script is lost is loaded later', async () => {
    const { page, seen, context } = await openPage(shop.dashboard);
    await live(page);
    await page.route('**/assets/jobs.js*', (route) => route.abort());
    await show(page, 'jobs');
    await page.getByText('This view cannot be loaded').waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('This view cannot be loaded').waitFor();
    await page.unroute('**/assets/jobs.js*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.waitForSelector('tr[data-job]');
    await show(page, 'overview');
    await show(page, 'jobs');
    await page.waitForSelector('tr[data-job]');
    assertClean(seen, shop.url);
    await context.close();
  });

  test('charts whose script is lost are drawn later', async () => {
    const { page, seen, context } = await openPage();
    await page.route('**/assets/uPlot.js*', (route) => route.abort());
    await page.goto(shop.dashboard);
    await live(page);
    await page.getByText('The chart cannot be drawn').first().waitFor();
    await page.unroute('**/assets/uPlot.js*');
    await page.locator('.chart canvas').first().waitFor();
    await page.getByText('The chart cannot be drawn').first().waitFor({ state: 'hidden' });
    assertClean(seen, shop.url);
    await context.close();
  });
});
