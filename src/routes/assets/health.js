// Health: the probes, and each check with its recent results.

import { get, isMounted } from './api.js';
import { badge, empty, fill, h, keyed, panel, problem, row, strip, table, ticking } from './dom.js';
import * as format from './format.js';
import { poll } from './poll.js';
import { noteHealth } from './store.js';

const ADD = `let health = Health::builder()
    .check("database", move || ping(pool.clone()))
    .build()?;
let routes = Routes::new().health(health);`;

const COLUMNS = [['Check', 'nowrap'], ['Status', ''], ['Message', ''], ['Duration', 'num'], ['Checked', 'nowrap'], ['History, newest right', 'nowrap'], ['Settings', '']];
const PROBES = [['liveness', '/livez'], ['readiness', '/readyz'], ['startup', '/startupz']];

export default function render(root, context) {
  const { store } = context;
  if (!store.config.has?.health && !isMounted('/health/detailed')) {
    fill(root, empty('No health checks', 'Add checks to the service and mount their routes:', ADD));
    return {};
  }
  const error = h('div');
  const summary = h('div', { class: 'row' });
  const probes = h('div', { class: 'tiles' });
  const { el, body } = table('Checks', COLUMNS);
  fill(root, error, panel('Probes', { tools: summary }, probes), panel('Checks', null, el));

  let checkers = new Map();
  let answers = {};
  const polled = poll(context, {
    seconds: 5,
    version: () => store.slots.health ?? 0,
    async read(signal) {
      const [report, status, ...states] = await Promise.all([
        isMounted('/health/detailed') ? get('/health/detailed', { signal, isReport: true }) : null,
        isMounted('/health/status') ? get('/health/status', { signal }) : { checkers: [] },
        ...PROBES.map(([, path]) => (isMounted(path) ? get(path, { signal, isReport: true }) : null)),
      ]);
      return { report, status, states };
    },
    show(result, refusal) {
      fill(error, refusal ? problem(refusal) : null);
      if (!result) return;
      if (result.report) noteHealth(result.report);
      checkers = new Map(result.status.checkers.map((each) => [each.name, each]));
      answers = Object.fromEntries(PROBES.map(([name], i) => [name, result.states[i]]).filter(([, state]) => state));
      frame();
    },
  });

  function settings(name) {
    const check = checkers.get(name);
    if (!check) return '';
    return [check.probes.join(', '), check.optional && 'optional', check.shared && 'shared', `timeout ${format.seconds(check.timeout_ms / 1000)}`,
      check.every_ms ? `every ${format.seconds(check.every_ms / 1000)}` : `cached ${format.seconds(check.cache_ms / 1000)}`,
      check.failing_after > 1 && `fails after ${check.failing_after}`, ...check.tags.map((tag) => `#${tag}`)].filter(Boolean).join(' · ');
  }

  function frame() {
    polled.frame();
    const { health } = store;
    if (!health) return;
    const results = health.results ?? [];
    fill(summary, badge(health.overall_status), h('span', { class: 'muted' }, `${results.filter(({ status }) => status !== 'unhealthy').length} of ${results.length} checks pass`));
    keyed(probes, PROBES.map(([name, path]) => {
      const answer = answers[name] ?? health[name];
      return answer ? { name, path, status: answer.status, reason: answer.reason } : null;
    }).filter(Boolean).concat(health.is_draining ? [{ name: 'drain', path: 'readiness fails until the process ends', status: 'draining' }] : []),
    ({ name }) => name,
    ({ name, path, status, reason }) => h('div', { class: 'tile', 'data-probe': name }, h('dl', null, h('dt', null, `${name} `, h('span', null, path)),
      h('dd', null, badge(status, reason === 'draining' ? 'draining' : reason && reason !== 'failed' ? `${status}: ${reason}` : status)))));
    keyed(body, results.map((result) => ({ ...result, settings: settings(result.name), seen: historyOf(result.name) })), ({ name }) => name, ({ name, status, message, duration_ms, timestamp, metrics, settings: told, seen }) =>
      row(COLUMNS, [h('strong', null, name), badge(status), h('span', null, message ?? '', ' ', labels(metrics)), format.seconds(duration_ms / 1000), ticking(timestamp), strip(seen, `Results of ${name}`), h('span', { class: 'muted' }, told)], { 'data-check': name }));
  }

  const labels = (data) => Object.entries(data ?? {}).map(([name, value]) => h('span', { class: 'label' }, `${name}=`, h('b', null, typeof value === 'number' ? format.number(value) : String(value)), ' '));

  const historyOf = (name) => (store.health.history?.[name] ?? store.checks.get(name) ?? []).slice(-40).map(([time, status]) => [format.clock(time), status]);

  frame();
  return { frame, destroy: polled.destroy };
}
