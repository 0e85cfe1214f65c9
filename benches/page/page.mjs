// Paint, frames while scrolling and heap of the dashboard, beside a page with one line of text.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { chromium } from 'playwright-core';

const RUNS = 15;
const SCROLL = 10_000;
const MINUTES = Number(process.env.MINUTES ?? 2);

const server = spawn(process.env.SERVER, { stdio: ['ignore', 'pipe', 'inherit'] });
const url = await new Promise((found) => createInterface(server.stdout).once('line', found));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell', args: ['--no-sandbox'] });

const median = (all) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)];

async function open(path, init) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  if (init) await page.addInitScript(init);
  await page.goto(url + path);
  return { context, page };
}

/** Notes when the first figure is drawn: the frame after it was written. */
function watch() {
  new MutationObserver((_, observer) => {
    const text = document.getElementById('tile-in-flight')?.textContent;
    if (text && text !== '–') {
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => { window.useful = performance.now(); }));
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });
}

const painted = (page) => page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime).then((handle) => handle.jsonValue());

// Another viewer keeps the feed going, so that figures are those of a service in use.
const viewer = await open('/dashboard');
await viewer.page.waitForFunction(() => document.getElementById('tile-rate')?.textContent.endsWith('/s'));

const lines = [];
const shells = [];
const figures = [];
for (let run = 0; run < RUNS; run += 1) {
  const line = await open('/line');
  lines.push(await painted(line.page));
  await line.context.close();
  const { page, context } = await open('/dashboard', watch);
  shells.push(await painted(page));
  figures.push(await page.waitForFunction(() => window.useful).then((handle) => handle.jsonValue()));
  await context.close();
}
const [line, shell, figure] = [median(lines), median(shells), median(figures)];
console.log(`paint, median of ${RUNS}: one line ${line.toFixed(0)} ms; shell ${shell.toFixed(0)} ms (${(shell / line).toFixed(2)} x); first figures ${figure.toFixed(0)} ms (${(figure / line).toFixed(2)} x)`);

/** Scrolls for a while and counts the frames. */
const scroll = (page, selector) => page.evaluate(([selector, time]) => new Promise((done) => {
  const box = document.querySelector(selector);
  const end = performance.now() + time;
  let frames = 0;
  let step = 40;
  const next = () => {
    frames += 1;
    const before = box.scrollTop;
    box.scrollTop += step;
    if (box.scrollTop === before) step = -step;
    if (performance.now() < end) requestAnimationFrame(next);
    else done(frames);
  };
  requestAnimationFrame(next);
}), [selector, SCROLL]);

const plain = await open('/line');
await plain.page.evaluate(() => { document.body.style.height = '32000px'; });
const table = await open('/dashboard#/requests');
await table.page.waitForSelector('.grid tbody a');
const counts = [];
for (let run = 0; run < 3; run += 1) {
  await plain.page.bringToFront();
  const of = await scroll(plain.page, 'html');
  await table.page.bringToFront();
  counts.push([await scroll(table.page, '.grid'), of]);
}
console.log(`frames in ${SCROLL / 1000} s of scrolling, of those of one line: ${counts.map(([own, of]) => `${own} of ${of} (${(own / of).toFixed(2)})`).join(', ')}`);

const session = await table.context.newCDPSession(table.page);
const heap = async () => {
  await session.send('HeapProfiler.collectGarbage');
  return (await session.send('Runtime.getHeapUsage')).usedSize / 1e6;
};
const heaps = [await heap()];
for (let minute = 1; minute <= MINUTES; minute += 1) {
  await new Promise((done) => setTimeout(done, 60_000));
  heaps.push(await heap());
}
console.log(`heap after each minute, MB: ${heaps.map((mb) => mb.toFixed(1)).join(' ')}`);
await browser.close();
server.kill();
