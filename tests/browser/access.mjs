// No data without the token, and the token stays in the tab.

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { VIEWS, assertClean, axe, openPage, screenshot, show } from './browser.mjs';
import { eventually, startShop } from './shop.mjs';

const TOKEN = 'right-t0ken-of-this-test';

export default () => suite('access', { concurrency: 1 }, () => {
  let shop;
  before(async () => { shop = await startShop({ MONITORING_TOKEN: TOKEN }); });
  after(() => shop?.stop());

  const signIn = async (page, token) => {
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };
  const isWithoutData = async (page) => {
    await page.getByLabel('Token').waitFor();
    const text = await page.locator('body').innerText();
    assert.doesNotMatch(text, /\d/, text);
    assert.equal(await page.locator('.view, .tile, table, .nav a:visible').count(), 0);
    assert.equal(await page.evaluate(async () => {
      const { store } = await import(new URL('store.js', document.querySelector('script').src));
      return store.endpoints.size + store.families.size + store.ticks.length + Number(store.overview !== null);
    }), 0);
  };
  /** What any script of the origin could find, and what servers and proxies log. */
  const assertSecret = async (page, context, seen) => {
    assert.deepEqual(seen.urls.filter((url) => url.includes(TOKEN)), []);
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href, document.documentElement.outerHTML, history.state]));
    assert.ok(!kept.includes(TOKEN));
    assert.deepEqual(await context.cookies(), []);
  };

  test('there is no data before sign-in', async () => {
    const { page, seen, context } = await openPage(`${shop.dashboard}#/alerts`);
    await isWithoutData(page);
    await screenshot(page, 'sign-in');
    assert.deepEqual(await axe(page), []);
    const paths = seen.urls.map((url) => new URL(url).pathname).filter((path) => !path.startsWith('/dashboard/assets/'));
    assert.deepEqual([...new Set(paths)], ['/dashboard', '/dashboard/config.json']);
    assertClean(seen, shop.url);
    await context.close();
  });

  test('a wrong token is refused, the right one opens the view of the link', async () => {
    const { page, seen, context } = await openPage(`${shop.dashboard}#/jobs`);
    await signIn(page, 'wrong');
    await page.getByText('The bearer token is wrong.').waitFor();
    await isWithoutData(page);
    await signIn(page, 'über alles');
    await page.getByText('A token has no spaces and no special letters.').waitFor();
    await signIn(page, TOKEN);
    await page.waitForSelector('tr[data-job]');
    for (const view of VIEWS) await show(page, view);
    await assertSecret(page, context, seen);
    assertClean(seen, shop.url);
    await page.reload();
    await isWithoutData(page);
    await context.close();
  });

  test('the tab keeps the token if asked to, and forgets it when signing out', async () => {
    const { page, seen, context } = await openPage(shop.dashboard);
    await page.getByLabel('Keep it in this tab').check();
    await signIn(page, TOKEN);
    await page.waitForSelector('#tile-rate');
    await page.reload();
    await page.waitForSelector('#tile-rate');
    const other = await context.newPage();
    await other.goto(shop.dashboard);
    await isWithoutData(other);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await isWithoutData(page);
    await assertSecret(page, context, seen);
    await context.close();
  });

  test('a revoked token removes the data', async () => {
    const { page, seen, context } = await openPage(shop.dashboard);
    await signIn(page, TOKEN);
    await page.waitForSelector('#tile-rate:not(:text("–"))');
    await shop.kill();
    const other = await startShop({ PORT: shop.port, SHOP_DIR: shop.home, MONITORING_TOKEN: 'another-t0ken' });
    try {
      await page.getByText('The token is not accepted.').waitFor({ timeout: 40_000 });
      await isWithoutData(page);
      await assertSecret(page, context, seen);
      assert.ok(!(await shop.logs()).includes(TOKEN));
    } finally {
      await other.kill();
      await context.close();
    }
    const again = await startShop({ MONITORING_TOKEN: TOKEN });
    await shop.stop();
    shop = again;
  });

  test('signing out removes the data also if the service cannot be reached', async () => {
    const { page, context } = await openPage(shop.dashboard);
    await signIn(page, TOKEN);
    await page.waitForSelector('#tile-rate:not(:text("–"))');
    await page.route('**/dashboard/config.json', (route) => route.abort());
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('The service does not answer').waitFor();
    await page.locator('body').press('2');
    assert.equal(await page.locator('.view, .tile, table, .nav a:visible').count(), 0);
    assert.equal(await page.evaluate(async () => {
      const { store } = await import(new URL('store.js', document.querySelector('script').src));
      return store.endpoints.size + store.families.size + store.ticks.length + Number(store.overview !== null);
    }), 0);
    await page.unroute('**/dashboard/config.json');
    await isWithoutData(page);
    await context.close();
  });

  test('a proxy that leads to its own form removes the data', async () => {
    const { page, context } = await openPage(shop.dashboard);
    await signIn(page, TOKEN);
    await page.waitForSelector('#tile-rate:not(:text("–"))');
    await page.route('**/dashboard/config.json', (route) => route.fulfill({ status: 302, headers: { location: '/login' } }));
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('Sign in where you reach this page').waitFor();
    assert.equal(await page.locator('.view, .tile, table, .nav a:visible').count(), 0);
    await context.close();
  });

  test('a guard without a challenge has no form', async () => {
    const { page, context } = await openPage();
    await page.route('**/dashboard/config.json', (route) => route.fulfill({
      status: 403, contentType: 'application/problem+json', json: { type: 'about:blank', title: 'Forbidden', status: 403, detail: 'The service\'s guard refused this request.' },
    }));
    await page.goto(shop.dashboard);
    await page.getByText('Sign in where you reach this page').waitFor();
    assert.equal(await page.locator('form').count(), 0);
    assert.deepEqual(await axe(page), []);
    await context.close();
  });
});
