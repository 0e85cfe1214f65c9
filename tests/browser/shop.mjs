// The shop, and what its routes say.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START = 20_000;

/** Starts the shop; `variables` are those of the example. */
export async function startShop(variables = {}) {
  const home = variables.SHOP_DIR ?? await mkdtemp(join(tmpdir(), 'shop-'));
  const env = { ...process.env, PORT: '0', MOOD: 'good', SHOP_DIR: home, ...variables };
  const child = spawn(process.env.SHOP, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = new Promise((done) => child.on('exit', done));
  let sink;
  const url = await new Promise((found, failed) => {
    const timer = setTimeout(() => {
      // Its pipe would keep the tests from ending.
      child.kill('SIGKILL');
      failed(new Error('the shop does not start'));
    }, START);
    child.on('error', failed);
    child.on('exit', (code) => { clearTimeout(timer); failed(new Error(`the shop ended with ${code}`)); });
    createInterface(child.stdout).on('line', (line) => {
      const url = /^listening on (\S+)/.exec(line)?.[1];
      if (url) { clearTimeout(timer); found(url); }
      sink ??= /^open (\S+) +what the webhook got/.exec(line)?.[1];
    });
  });
  const headers = variables.MONITORING_TOKEN ? { authorization: `Bearer ${variables.MONITORING_TOKEN}` } : {};
  const shop = {
    url,
    home,
    /** What the webhook got. */
    received: async () => (await fetch(sink)).text(),
    dashboard: `${url}/dashboard`,
    port: new URL(url).port,
    /** Reads a route; a report of health is one with any status. */
    async get(path) {
      const response = await fetch(url + path, { headers });
      return response.json();
    },
    async text(path) {
      return (await fetch(url + path, { headers })).text();
    },
    post: (path) => fetch(url + path, { method: 'POST', headers }),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async stop() {
      await shop.kill();
      await rm(home, { recursive: true, force: true });
    },
    /** All that the shop has written to its logs. */
    async logs() {
      const folder = join(home, 'logs');
      const names = await readdir(folder);
      return (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))).join('');
    },
  };
  return shop;
}

/** Asks again until `ask` does not throw. */
export async function eventually(ask, limit = 10_000) {
  const end = Date.now() + limit;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}
