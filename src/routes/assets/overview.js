// Overview: the figures that tell whether the service is well.

import { CLASSES, LATENCIES, chart, columns } from './chart.js';
import { badge, empty, fill, h, panel, text } from './dom.js';
import * as fmt from './format.js';
import * as promql from './promql.js';

const TILES = [
	['rate', 'Requests', (all) => fmt.rate(all.requests_per_second), 'requests'],
	['errors', 'Errors (5xx)', (all) => fmt.percent(all.error_ratio), 'requests', (all) => (all.error_ratio > 0.05 ? 'bad' : all.error_ratio > 0.01 ? 'warn' : '')],
	['p50', 'p50', (all) => fmt.seconds(all.p50), 'requests'],
	['p95', 'p95', (all) => fmt.seconds(all.p95), 'requests'],
	['p99', 'p99', (all) => fmt.seconds(all.p99), 'requests'],
	['in-flight', 'In flight', (all) => fmt.integer(all.in_flight), 'requests'],
	['firing', 'Firing alerts', (all, has) => (has.alerts ? fmt.integer(all.firing) : 'off'), 'alerts', (all) => (all.firing > 0 ? 'bad' : '')],
	['pending', 'Pending alerts', (all, has) => (has.alerts ? fmt.integer(all.pending) : 'off'), 'alerts', (all) => (all.pending > 0 ? 'warn' : '')],
	['uptime', 'Uptime', (all) => fmt.span(all.uptime), 'runtime'],
	['version', 'Version', (all) => all.version ?? '–', 'runtime'],
];

export default function render(root, context) {
	const { store } = context;
	const status = h('dd', { id: 'tile-status' }, '–');
	const tiles = TILES.map(([id, title, show, view, tone]) => {
		const value = h('dd', { id: `tile-${id}` }, '–');
		return { value, show, tone, el: h('a.tile', { href: context.href(view) }, h('dl', h('dt', title), value)) };
	});
	const hint = h('div');
	const draw = (title, format, series, query, isStacked) => chart({ title, series, format, isStacked, range: context.range, heading: 'h2', promql: () => query() });
	const charts = {
		classes: draw('Requests per second', fmt.rate, CLASSES, promql.requests, true),
		latencies: draw('Duration', fmt.seconds, LATENCIES, promql.quantiles),
		errors: draw('Error ratio', fmt.percent, [{ label: '5xx of all', color: '--bad', isArea: true }], promql.errors),
		inFlight: draw('In flight', fmt.number, [{ label: 'Requests', color: '--accent', isArea: true }], promql.inFlight),
	};
	fill(root,
		h('div.tiles', h('a.tile', { href: context.href('health') }, h('dl', h('dt', 'Status'), status)), tiles.map(({ el }) => el)),
		hint,
		h('div.charts', Object.values(charts).map(({ el }) => h('div.panel', el))));
	let isHinted = false;
	return {
		frame() {
			const all = store.overview;
			if (!all) return;
			if (status.dataset.status !== String(all.status)) {
				status.dataset.status = String(all.status);
				fill(status, all.status ? badge(all.status) : 'no checks');
			}
			for (const { value, show, tone } of tiles) {
				text(value, show(all, store.config.has));
				value.className = tone?.(all) ?? '';
			}
			const needsHint = store.endpoints.size === 0;
			if (needsHint !== isHinted) {
				isHinted = needsHint;
				fill(hint, needsHint ? empty('requests') : null);
			}
			const now = columns(store.ticks);
			for (const [name, each] of Object.entries(charts)) each.set(now.times, now[name]);
		},
		destroy: () => Object.values(charts).forEach((each) => each.destroy()),
	};
}
