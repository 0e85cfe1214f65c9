// Small and dark screens, and paper.

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { VIEWS, assertClean, openPage, screenshot, show } from './browser.mjs';
import { eventually, startShop } from './shop.mjs';

export default () => suite('screens', { concurrency: 1 }, () => {
  let shop;
  let page;
  before(async () => {
    shop = await startShop();
    ({ page } = await openPage(shop.dashboard));
    await page.waitForSelector('#tile-rate:not(:text("–"))');
  });
  after(() => shop?.stop());

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
});
