// A fault shows at once, and people act on its alerts.

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { assertClean, openPage, screenshot, show } from './browser.mjs';
import { eventually, startShop } from './shop.mjs';

export default () => suite('faults and acts', { concurrency: 1 }, () => {
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

  /** The alert, which may pause on a machine that is busy. */
  const firing = (name) => eventually(async () => (await shop.get(`/alerts?state=firing&name=${name}`)).alerts[0] ?? assert.fail('nothing fires'), 20_000);

  test('errors show within 3 s of the fault', async () => {
    const errors = () => page.locator('#tile-errors').textContent().then(parseFloat);
    assert.ok(!(await errors() > 1));
    const began = Date.now();
    await shop.post('/mood/bad');
    await eventually(async () => assert.ok(await errors() > 1), 3000);
    assert.ok(Date.now() - began < 3000);
  });

  test('the alert shows its distance and what holds its notification', async () => {
    await show(page, 'alerts');
    const alert = await firing('CheckoutErrors');
    const card = page.locator(`[data-alert="${alert.id}"]`);
    await card.getByText('firing').waitFor();
    assert.match(await card.locator('.facts').first().textContent(), /Value[\d.]+ %; threshold > 5 %, [\d.]+ % above/);
    await eventually(async () => assert.equal(await page.locator('#firing').textContent(), String((await shop.get('/alerts?state=firing&limit=1000')).alerts.length)));
    await screenshot(page, 'alerts-firing');
  });

  test('acknowledge', async () => {
    const { id } = await firing('CheckoutErrors');
    const card = page.locator(`[data-alert="${id}"]`);
    await card.getByRole('button', { name: 'Acknowledge' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    assert.equal((await firing('CheckoutErrors')).acknowledged, null, 'a cancelled act does nothing');
    await card.getByRole('button', { name: 'Acknowledge' }).click();
    await dialog.getByLabel('Your name').fill('ann <i>');
    await dialog.getByLabel('Note').fill('on it');
    await screenshot(page, 'acknowledge');
    await dialog.getByRole('button', { name: 'Acknowledge' }).click();
    await eventually(async () => {
      const { acknowledged } = await firing('CheckoutErrors');
      assert.deepEqual([acknowledged.by, acknowledged.note], ['ann <i>', 'on it']);
    });
    await card.getByText('by ann <i>').waitFor();
  });

  test('silence and its end', async () => {
    const { id } = await firing('CheckoutErrors');
    const card = page.locator(`[data-alert="${id}"]`);
    await card.getByRole('button', { name: 'Silence' }).click();
    const dialog = page.getByRole('dialog');
    assert.equal(await dialog.getByLabel('Your name').inputValue(), 'ann <i>');
    await dialog.getByLabel('For').selectOption('3600');
    await dialog.getByRole('button', { name: 'Silence' }).click();
    const [silence] = await eventually(async () => {
      const { silences } = await shop.get('/alerts/silences');
      assert.equal(silences.length, 1);
      return silences;
    });
    assert.deepEqual([silence.target, silence.by], [{ alert: id }, 'ann <i>']);
    await card.getByText(`silenced by ${silence.id}`).waitFor();
    await page.locator(`[data-silence="${silence.id}"]`).getByRole('button', { name: 'End' }).click();
    await dialog.getByRole('button', { name: 'End silence' }).click();
    await eventually(async () => assert.deepEqual((await shop.get('/alerts/silences')).silences, []));
    await page.locator('[data-silence]').waitFor({ state: 'detached' });
  });

  test('a refused act shows why', async () => {
    const { id } = await firing('CheckoutErrors');
    await page.locator(`[data-alert="${id}"]`).getByRole('button', { name: 'Silence' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Your name').fill(' ');
    await dialog.getByRole('button', { name: 'Silence' }).click();
    await dialog.getByText('by is empty: the name of a person is needed.').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });

  test('resolve', async () => {
    const { id } = await firing('CheckoutErrors');
    await page.locator(`[data-alert="${id}"]`).getByRole('button', { name: 'Resolve' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Your name').fill('bob');
    await dialog.getByRole('button', { name: 'Resolve' }).click();
    await eventually(async () => {
      const { alerts } = await shop.get('/alerts?name=CheckoutErrors&limit=1000');
      assert.equal(alerts.find((alert) => alert.id === id).state, 'resolved');
    });
    await page.locator(`[data-alert="${id}"]`).waitFor({ state: 'detached' });
  });

  test('test a channel', async () => {
    await page.getByRole('button', { name: 'Test channel sink' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Send test message' }).click();
    await page.getByText('The test message arrived at sink.').waitFor();
    assert.match(await shop.received(), /This is a test/);
  });
});
