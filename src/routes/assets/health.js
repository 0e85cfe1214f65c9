// Health: the probes, and each check with its recent results.

import { get, isMounted } from './api.js';
import { badge, columns, fill, h, keyed, label, muted, panel, row, strip, table, ticking } from './dom.js';
import * as fmt from './format.js';
import { poll } from './poll.js';

const COLUMNS = columns('~Check|Status|Message|#Duration|~Checked|~History, newest right|Settings');
const PROBES = [['liveness', '/livez'], ['readiness', '/readyz'], ['startup', '/startupz']];

export default function render(root, context) {
	const { store } = context;
	const error = h('div');
	const summary = h('div.row');
	const probes = h('div.tiles');
	const { el, body } = table('Checks', COLUMNS);
	fill(root, error, panel('Probes', summary, probes), panel('Checks', null, el));

	// Frames carry the results, so only the settings are read.
	let checkers = new Map();
	const polled = poll(context, {
		error,
		seconds: 60,
		read: async (signal) => (isMounted('/health/status') ? get('/health/status', { signal }) : { checkers: [] }),
		show(status) {
			checkers = new Map(status.checkers.map((each) => [each.name, each]));
			frame();
		},
	});

	function settings(name) {
		const check = checkers.get(name);
		if (!check) return '';
		return [check.probes.join(', '), check.optional && 'optional', check.shared && 'shared', `timeout ${fmt.seconds(check.timeout_ms / 1000)}`,
			check.every_ms ? `every ${fmt.seconds(check.every_ms / 1000)}` : `cached ${fmt.seconds(check.cache_ms / 1000)}`,
			check.failing_after > 1 && `fails after ${check.failing_after}`, ...check.tags.map((tag) => `#${tag}`)].filter(Boolean).join(' · ');
	}

	function frame() {
		polled.frame();
		const { health } = store;
		if (!health) return;
		const results = health.checks;
		fill(summary, badge(health.status), muted(`${results.filter(({ status }) => status !== 'unhealthy').length} of ${results.length} checks pass`));
		keyed(probes, PROBES.map(([name, path]) => {
			const answer = health[name];
			return answer ? { name, path, status: answer.status, reason: answer.reason } : null;
		}).filter(Boolean).concat(health.is_draining ? [{ name: 'drain', path: 'readiness fails until the process ends', status: 'draining' }] : []),
		({ name }) => name,
		({ name, path, status, reason }) => h('div.tile', { 'data-probe': name }, h('dl', h('dt', `${name} `, h('span', path)),
			h('dd', badge(status, reason === 'draining' ? 'draining' : reason && reason !== 'failed' ? `${status}: ${reason}` : status)))));
		keyed(body, results.map((result) => ({ ...result, settings: settings(result.name), seen: historyOf(result.name) })), ({ name }) => name, ({ name, status, message, duration_ms, timestamp, metrics, settings: told, seen }) =>
			row(COLUMNS, [h('strong', name), badge(status), h('span', message ?? '', ' ', Object.entries(metrics ?? {}).map(([key, value]) => label(`${key}=`, typeof value === 'number' ? fmt.number(value) : String(value)))), fmt.seconds(duration_ms / 1000), ticking(timestamp), strip(seen, `Results of ${name}`), muted(told)], { 'data-check': name }));
	}

	const historyOf = (name) => (store.checks.get(name) ?? []).slice(-40).map(([time, status]) => [fmt.clock(time), status]);

	frame();
	return { frame, destroy: polled.destroy };
}
