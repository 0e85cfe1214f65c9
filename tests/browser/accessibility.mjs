// axe finds nothing.

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { VIEWS, assertClean, axe, openPage, show } from './browser.mjs';
import { eventually, startShop } from './shop.mjs';

export default () => suite('accessibility', { concurrency: 3 }, () => {
  let shop;
  before(async () => {
    // In bad times there are alerts and errors to show.
    shop = await startShop({ MOOD: 'bad' });
  });
  after(() => shop?.stop());

  for (const [name, options] of Object.entries({ wide: {}, dark: { colorScheme: 'dark' }, small: { viewport: { width: 360, height: 740 } } })) {
    test(`axe finds nothing, on any view: ${name}`, async () => {
      const { page, seen, context } = await openPage(shop.dashboard, options);
      const states = ['requests?endpoint=GET+%2Fproducts', `jobs?job=${encodeURIComponent('<u>export</u>')}`, 'metrics?family=http_requests_total', 'alerts?state=all'];
      for (const view of options.colorScheme ? VIEWS : [...VIEWS, ...states]) {
        await show(page, view);
        await eventually(async () => assert.ok(await page.locator('.view :is(td, dd)').count() > 3, `${view} is empty`));
        if (options.colorScheme === undefined) for (const button of await page.locator('[aria-label^="Data table of"]:visible').all()) await button.click();
        await page.getByRole('button', { name: 'Pause' }).click();
        // Rows of the log are alike, and axe takes long for 500.
        await page.evaluate(() => document.querySelectorAll('.log tbody tr:nth-child(n + 20)').forEach((row) => row.remove()));
        // Controls under the header that stays count as too small.
        await page.evaluate(() => scrollTo(0, 0));
        // Other colors change nothing else.
        assert.deepEqual(await axe(page, options.colorScheme && 'color-contrast'), [], `${view} ${name}`);
        await page.getByRole('button', { name: 'Resume' }).click();
      }
      await page.locator('body').press('?');
      assert.deepEqual(await axe(page), [], 'the list of keys');
      assertClean(seen, shop.url);
      await context.close();
    });
  }
});
