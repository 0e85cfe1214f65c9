// The pages of the API document, `/docs` and `/redoc`: they work offline, show what the routes are, and ask for the token.

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { assertClean, openPage, screenshot } from './browser.mjs';
import { eventually, startShop } from './shop.mjs';

const TOKEN = 'docs-t0ken';

/** Gives the token that the page asks for. */
async function signIn(page, token = TOKEN) {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Show' }).click();
}

suite('API documents', () => {
  let shop;
  before(async () => { shop = await startShop({ MONITORING_TOKEN: TOKEN }); });
  after(() => shop.stop());

  test('/docs shows nothing before sign-in, and refuses a wrong token', async () => {
    const { page, context, seen } = await openPage(`${shop.url}/docs`);
    await page.getByLabel('Token').waitFor();
    assert.equal(await page.locator('#ui').textContent(), '');
    await signIn(page, 'wrong');
    await page.getByText('The bearer token is wrong.').waitFor();
    assert.equal(await page.locator('#ui').textContent(), '');
    assertClean(seen, shop.url);
    await context.close();
  });

  test('/docs lists each operation, and calls a guarded route with the token', async () => {
    const { page, context, seen } = await openPage(`${shop.url}/docs`);
    await signIn(page);
    await page.locator('.opblock').first().waitFor();
    const document = await shop.get('/openapi.json');
    const operations = Object.values(document.paths).flatMap((item) => Object.keys(item));
    assert.equal(await page.locator('.opblock').count(), operations.length);

    const jobs = page.locator('#operations-Jobs-monitoring_get_jobs');
    await jobs.locator('.opblock-summary-control').click();
    await jobs.getByRole('button', { name: 'Execute' }).click();
    const live = jobs.locator('.live-responses-table');
    await live.getByText('job_name').first().waitFor();
    assert.equal((await live.locator('.response-col_status').last().textContent()).trim().slice(0, 3), '200');
    assert.equal(await jobs.locator('.request-url pre').textContent(), `${shop.url}/jobs`);
    await screenshot(page, 'docs');

    // Without the token the same call is refused; the button takes it again.
    const authorize = page.getByRole('button', { name: 'Authorize' }).first();
    await authorize.click();
    await page.getByRole('button', { name: 'Remove authorization' }).click();
    await page.getByRole('button', { name: 'Close' }).first().click();
    await jobs.getByRole('button', { name: 'Execute' }).click();
    await live.getByText('This route needs a bearer token').first().waitFor();
    await authorize.click();
    await page.locator('.auth-container input').fill(TOKEN);
    await page.locator('.auth-container').getByRole('button', { name: 'Apply credentials' }).click();
    await page.getByRole('button', { name: 'Close' }).first().click();
    await jobs.getByRole('button', { name: 'Execute' }).click();
    await live.getByText('job_name').first().waitFor();
    assertClean(seen, shop.url);
    await context.close();
  });

  test('/docs shows each operation whole, with its schemas', async () => {
    const { page, context, seen } = await openPage(`${shop.url}/docs`);
    await signIn(page);
    const operation = page.locator('#operations-Alerts-monitoring_get_alerts');
    await operation.locator('.opblock-summary-control').click();
    await operation.getByText('A page of alerts.').waitFor();
    await operation.getByText('next_cursor').first().waitFor();
    await page.locator('section.models').scrollIntoViewIfNeeded();
    await page.getByRole('button', { name: 'monitoring.alerts.alert', exact: true }).first().waitFor();
    assertClean(seen, shop.url);
    await context.close();
  });

  test('the token is in no address, no storage and no cookie', async () => {
    const { page, context, seen } = await openPage(`${shop.url}/docs`);
    await signIn(page);
    await page.locator('.opblock').first().waitFor();
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]));
    assert.ok(!kept.includes(TOKEN), kept);
    assert.deepEqual(seen.urls.filter((url) => url.includes(TOKEN)), []);
    await page.reload();
    await page.getByLabel('Token').waitFor();
    await context.close();
  });

  test('/redoc shows each operation', async () => {
    const { page, context, seen } = await openPage(`${shop.url}/redoc`);
    await signIn(page);
    await page.getByText('Jobs', { exact: true }).first().click();
    await page.getByText('Runs of jobs, the latest first').first().click();
    await page.getByRole('heading', { name: 'Runs of jobs, the latest first' }).waitFor();
    const document = await shop.get('/openapi.json');
    for (const tag of new Set(Object.values(document.paths).flatMap((item) => Object.values(item)).flatMap(({ tags }) => tags))) {
      await page.getByText(tag, { exact: true }).first().waitFor();
    }
    await screenshot(page, 'redoc');
    assertClean(seen, shop.url);
    await context.close();
  });

  test('both pages fit a narrow screen', async () => {
    for (const [path, shown] of [['/docs', '.opblock'], ['/redoc', 'h1:text("Monitoring")']]) {
      const { page, context } = await openPage(`${shop.url}${path}`, { viewport: { width: 360, height: 640 } });
      await signIn(page);
      await page.locator(shown).first().waitFor();
      await eventually(async () => {
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= 360, `${path} is ${width} px wide`);
      });
      await context.close();
    }
  });
});
