// Every panel shows what the JSON routes say at that moment.

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { assertClean, format, openPage, screenshot, show } from './browser.mjs';
import { eventually, startShop } from './shop.mjs';

/** The window of the rates in frames. */
const WINDOW = 10;

export default () => suite('panels equal the JSON routes', { concurrency: 1 }, () => {
  let shop;
  let page;
  let seen;
  before(async () => {
    shop = await startShop({ CUSTOMERS: '10' });
    ({ page, seen } = await openPage(shop.dashboard));
    await page.waitForSelector('#tile-rate');
  });
  after(async () => {
    await shop?.stop();
    if (seen) assertClean(seen, shop.url);
  });

  const tile = (id) => page.locator(`#tile-${id}`).textContent();
  const rows = (selector) => page.locator(selector).evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => cell.textContent)));
  /** Reads a panel and its route until both were read at one moment. */
  const same = (panel, route) => eventually(async () => {
    const expected = await route();
    assert.deepEqual(await panel(), expected);
    assert.deepEqual(await route(), expected, 'the route has changed meanwhile');
    return expected;
  });

  test('overview: status, alerts, in flight, uptime, version', async () => {
    await same(() => tile('status').then((text) => text.replace(/^\W+/, '')), async () => (await shop.get('/health/detailed')).overall_status);
    const count = async (state) => format.integer((await shop.get(`/alerts?state=${state}&limit=1000`)).alerts.length);
    await same(() => tile('firing'), () => count('firing'));
    await same(() => tile('pending'), () => count('pending'));
    await eventually(async () => {
      const { metrics } = await shop.get('/metrics/json');
      assert.equal(await tile('in-flight'), format.integer(metrics.http_requests_in_progress.value));
    });
    const { metrics } = await shop.get('/metrics/json');
    assert.equal(await tile('version'), metrics.app_info.series[0].labels.version);
    await eventually(async () => {
      const { metrics: now } = await shop.get('/metrics/json');
      assert.equal(await tile('uptime'), format.span(Math.floor(now.app_uptime_seconds.value)));
    });
  });

  test('overview: rates and quantiles are those of two scrapes', async () => {
    // The feed has a whole window by then, because it began with this page.
    const first = await scrape(shop);
    await new Promise((done) => setTimeout(done, WINDOW * 1000));
    const second = await scrape(shop);
    const shown = await page.evaluate(async () => (await import(new URL('store.js', document.querySelector('script').src))).store.overview);
    const seconds = second.time - first.time;
    close(shown.requests_per_second, (second.count - first.count) / seconds, 0.2, 'requests per second');
    const counts = second.buckets.map(([bound, n], i) => [bound, n - (first.buckets[i]?.[1] ?? 0)]);
    for (const [name, q] of [['p50', 0.5], ['p95', 0.95], ['p99', 0.99]]) close(shown[name], quantile(q, counts), 0.5, name);
    // The tiles show the same frame, or the one after it.
    await eventually(async () => {
      const [now, texts] = await page.evaluate(async () => {
        const { store } = await import(new URL('store.js', document.querySelector('script').src));
        return [store.overview, ['rate', 'errors', 'p50', 'p95', 'p99'].map((id) => document.getElementById(`tile-${id}`).textContent)];
      });
      assert.deepEqual(texts, [format.rate(now.requests_per_second), format.percent(now.error_ratio), format.seconds(now.p50), format.seconds(now.p95), format.seconds(now.p99)]);
    });
  });

  test('requests: all endpoints, and the requests of one', async () => {
    await show(page, 'requests?sort=endpoint&dir=asc');
    await same(async () => (await rows('.grid tbody tr:not(.spacer)')).map(([name]) => name).sort(), async () => {
      const { metrics } = await shop.get('/metrics/json');
      const { http_request_duration_seconds: ended, http_requests_in_progress: open } = metrics;
      // The routes of the crate are measured while they are open only.
      const { paths } = await shop.get('/dashboard/config.json');
      const all = [...ended.series, ...open.series].filter(({ labels }) => !Object.values(paths).includes(labels.endpoint));
      return [...new Set(all.map(({ labels }) => `${labels.method} ${labels.endpoint}`))].sort();
    });
    await eventually(async () => {
      const { metrics } = await shop.get('/metrics/json');
      const all = Object.fromEntries((await rows('.grid tbody tr:not(.spacer)')).map((cells) => [cells[0], cells.at(-1)]));
      for (const { labels, value } of metrics.http_requests_in_progress.series) {
        if (`${labels.method} ${labels.endpoint}` in all) assert.equal(all[`${labels.method} ${labels.endpoint}`], format.integer(value));
      }
    });
    await page.getByRole('link', { name: /products$/ }).first().click();
    await page.waitForSelector('#endpoint-title:text("products")');
    await screenshot(page, 'requests-one');
  });

  test('health: checks and probes', async () => {
    await show(page, 'health');
    await same(async () => (await rows('tr[data-check]')).map(([name, status]) => [name, status.replace(/^\W+/, '')]),
      async () => (await shop.get('/health/detailed')).results.map(({ name, status }) => [name, status]));
    await eventually(async () => {
      const { results } = await shop.get('/health/detailed');
      const shown = await rows('tr[data-check]');
      results.forEach(({ message, duration_ms: took }, i) => {
        assert.ok(shown[i][2].startsWith(message ?? ''), `${shown[i][2]} is not ${message}`);
        assert.equal(shown[i][3], format.seconds(took / 1000));
      });
    });
    for (const [probe, path] of [['liveness', '/livez'], ['readiness', '/readyz'], ['startup', '/startupz']]) {
      await same(() => page.locator(`[data-probe=${probe}] dd`).textContent().then((text) => text.replace(/^\W+/, '').split(':')[0]), async () => (await shop.get(path)).status);
    }
  });

  test('jobs: last runs, problems, and the runs of one', async () => {
    await show(page, 'jobs');
    await eventually(async () => {
      const { jobs } = await shop.get('/jobs');
      assert.ok(jobs.length > 1);
      const shown = await rows('tr[data-job]');
      assert.deepEqual(shown.map(([name, , status, took]) => [name, status.replace(/^\W+/, ''), took]),
        jobs.map(({ job_name, last_run }) => [job_name, last_run?.status ?? 'never ran', format.seconds(last_run?.duration_seconds)]));
      jobs.forEach(({ is_late, problems }, i) => {
        assert.equal(shown[i][4].includes('late'), is_late);
        for (const { message } of problems) assert.ok(shown[i][6].includes(message));
      });
    });
    const { jobs } = await shop.get('/jobs');
    const name = jobs.find(({ last_run }) => last_run).job_name;
    await page.locator('tr[data-job]', { hasText: name }).getByRole('link').click();
    await eventually(async () => {
      const { runs } = await shop.get(`/jobs/status?limit=100&job_name=${encodeURIComponent(name)}`);
      const stats = await shop.get(`/jobs/stats/${encodeURIComponent(name)}`);
      const shown = await rows('.detail tbody tr');
      assert.deepEqual(shown.map(([, status, took]) => [status.replace(/^\W+/, ''), took]), runs.map(({ status, duration_seconds }) => [status, format.seconds(duration_seconds)]));
      assert.equal(await page.locator('.detail .figures dd').first().textContent(), format.integer(stats.total_runs));
    });
    await screenshot(page, 'jobs-one');
  });

  test('alerts: rules and channels', async () => {
    await show(page, 'alerts');
    await same(async () => (await rows('tr[data-rule]')).map(([name]) => name), async () => {
      const { rules, slo_alerts: alerts } = await shop.get('/alerts/rules');
      return [...rules, ...alerts].map(({ name }) => name);
    });
    await same(async () => (await rows('tr[data-channel]')).map(([name, state]) => [name, /works/.test(state)]),
      async () => (await shop.get('/alerts/stats')).channels.map(({ name, kind, stopped }) => [`${name} ${kind}`, !stopped]));
    await same(() => page.locator('[data-alert]').evaluateAll((all) => all.map((card) => card.dataset.alert)),
      async () => (await shop.get('/alerts?limit=1000')).alerts.filter(({ state }) => state === 'firing' || state === 'pending').map(({ id }) => id));
  });

  test('SLOs: budget and burn rates', async () => {
    await show(page, 'slos');
    await eventually(async () => {
      const { slos, slo_alerts: alerts } = await shop.get('/alerts/rules');
      const shown = await page.locator('[data-slo]').evaluateAll((all) => all.map((panel) => [panel.querySelector('h2').textContent, panel.querySelector('.figures dd').textContent, [...panel.querySelectorAll('tbody tr')].map((row) => row.cells[2].textContent)]));
      const expected = await Promise.all(slos.map(async ({ name }) => {
        const explained = await Promise.all(alerts.filter(({ slo }) => slo === name).map((alert) => shop.get(`/alerts/rules/${encodeURIComponent(alert.name)}/explain`)));
        const burns = explained.flatMap(({ pairs }) => pairs.flatMap(({ long, short }) => [long.rate, short.rate]));
        return [name, format.percent(explained[0].budget_remaining), burns.map((x) => (x === null ? '–' : `${format.number(x)} ×`))];
      }));
      assert.deepEqual(shown, expected);
    }, 20_000);
  });

  test('runtime: memory, descriptors and tasks', async () => {
    await show(page, 'runtime');
    const figure = (name) => page.locator(`[data-figure=${name}] dd`).textContent();
    await eventually(async () => {
      const { metrics } = await shop.get('/metrics/json');
      assert.equal(await figure('process_resident_memory_bytes'), format.bytes(metrics.process_resident_memory_bytes.value));
      for (const name of ['process_open_fds', 'process_max_fds', 'tokio_alive_tasks', 'tokio_workers']) assert.equal(await figure(name), format.inUnit(metrics[name].value, ''));
    }, 20_000);
  });

  test('metrics: all families, and the series of one', async () => {
    await show(page, 'metrics');
    await eventually(async () => {
      const { metrics } = await shop.get('/metrics/json');
      const names = await page.evaluate(async () => [...(await import(new URL('store.js', document.querySelector('script').src))).store.families.values()].map(({ name, kind, series }) => [name, kind, series]));
      assert.deepEqual(names.sort(), Object.entries(metrics).map(([name, { type, series }]) => [name, type, series.length]).sort());
    });
    await page.getByLabel('Filter families').fill('http_requests_total');
    await page.getByRole('link', { name: 'http_requests_total' }).click();
    // The page asks every 5 s, and customers come meanwhile.
    const totals = async () => new Map((await shop.get('/metrics/json')).metrics.http_requests_total.series.map(({ labels, value }) => [texts(labels), value]));
    const before = await totals();
    await eventually(async () => {
      const shown = new Map((await rows('.detail tbody tr')).map(([labels, total]) => [labels, Number(total.replace(/,/g, ''))]));
      const after = await totals();
      assert.deepEqual([...shown.keys()].sort(), [...after.keys()].sort());
      for (const [labels, total] of shown) assert.ok(total >= (before.get(labels) ?? 0) && total <= after.get(labels), `${labels} is ${total}`);
    }, 20_000);
    await screenshot(page, 'metrics-one');
  });

  test('logs: the last warnings', async () => {
    await show(page, 'logs');
    await eventually(async () => {
      const { lines } = await shop.get('/dashboard/logs');
      const shown = (await rows('.log tbody tr')).map((cells) => cells[2]);
      assert.equal(shown.length, lines.length);
      lines.reverse().forEach(({ message }, i) => assert.ok(shown[i].startsWith(message), `${shown[i]} is not ${message}`));
    });
  });
});

const texts = (labels) => Object.entries(labels).map(([name, label]) => `${name}=${label}`).sort().join('');

async function scrape(shop) {
  const text = await shop.text('/metrics/prometheus');
  const time = Date.now() / 1000;
  const buckets = new Map();
  let count = 0;
  for (const line of text.split('\n')) {
    const bucket = /^http_request_duration_seconds_bucket\{.*le="([^"]+)"\} (\S+)/.exec(line);
    if (bucket) buckets.set(Number(bucket[1].replace('+Inf', 'Infinity')), (buckets.get(Number(bucket[1].replace('+Inf', 'Infinity'))) ?? 0) + Number(bucket[2]));
    const requests = /^http_requests_total\{.*\} (\S+)/.exec(line);
    if (requests) count += Number(requests[1]);
  }
  return { time, count, buckets: [...buckets].sort(([a], [b]) => a - b) };
}

/** histogram_quantile of Prometheus. */
function quantile(q, counts) {
  const rank = q * counts.at(-1)[1];
  const i = counts.findIndex(([, n]) => n >= rank);
  if (i === counts.length - 1) return counts.at(-2)[0];
  const [low, below] = i ? counts[i - 1] : [0, 0];
  return low + (counts[i][0] - low) * ((rank - below) / (counts[i][1] - below));
}

function close(actual, expected, tolerance, name) {
  assert.ok(Math.abs(actual - expected) <= tolerance * Math.max(actual, expected), `${name} is ${actual}, the routes say ${expected}`);
}
