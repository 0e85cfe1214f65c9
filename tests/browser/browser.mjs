// Chromium, and pages that note what must not happen.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

export const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell',
  args: ['--no-sandbox'],
});

export const VIEWS = ['overview', 'requests', 'health', 'jobs', 'alerts', 'slos', 'runtime', 'metrics', 'logs'];

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The page's own module of units, because panels show what it makes of the routes' numbers. */
export const format = await import(`data:text/javascript,${encodeURIComponent(await readFile(join(process.env.ASSETS, 'format.js'), 'utf8'))}`);

/** Opens a page. `seen` gathers its requests, errors and violations of the policy. */
export async function openPage(url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, permissions: ['clipboard-read', 'clipboard-write'], ...options });
  const page = await context.newPage();
  const seen = { urls: [], errors: [], violations: [] };
  page.on('request', (request) => seen.urls.push(request.url()));
  page.on('pageerror', (error) => seen.errors.push(String(error)));
  page.on('console', (message) => {
    // Chromium logs each refused request.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) seen.errors.push(message.text());
  });
  await page.exposeFunction('noteViolation', (text) => seen.violations.push(text));
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => window.noteViolation(`${event.violatedDirective} ${event.blockedURI}`));
  });
  page.setDefaultTimeout(10_000);
  if (url) await page.goto(url);
  return { page, context, seen };
}

/** Shows a view by its address, as a link would, and waits for its content. */
export async function show(page, hash) {
  await page.evaluate((to) => { location.hash = to; }, `#/${hash}`);
  const id = hash.split('?')[0];
  await page.locator(`.view.${id} > :visible`).first().waitFor();
}

/** The violations that axe finds, by all rules or one. */
export async function axe(page, rule) {
  await page.evaluate(axeSource);
  const violations = await page.evaluate(async (own) => {
    const { violations } = await window.axe.run(document, { runOnly: own ? [own] : ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(' | ')}`);
  }, rule);
  return violations;
}

export async function screenshot(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** Nothing left the origin, and nothing failed. */
export function assertClean(seen, origin) {
  assert.deepEqual(seen.errors, []);
  assert.deepEqual(seen.violations, []);
  assert.deepEqual(seen.urls.filter((url) => !url.startsWith(`${origin}/`)), []);
}
