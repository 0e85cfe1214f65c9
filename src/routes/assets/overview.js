// Overview: the figures that tell whether the service is well.

import { CLASSES, LATENCIES, chart, columns } from './chart.js';
import { badge, empty, fill, h, panel, text } from './dom.js';
import * as format from './format.js';
import * as promql from './promql.js';

const TILES = [
	['rate', 'Requests', (all) => format.rate(all.requests_per_second), 'requests'],
	['errors', 'Errors (5xx)', (all) => format.percent(all.error_ratio), 'requests', (all) => (all.error_ratio > 0.05 ? 'bad' : all.error_ratio > 0.01 ? 'warn' : '')],
	['p50', 'p50', (all) => format.seconds(all.p50), 'requests'],
	['p95', 'p95', (all) => format.seconds(all.p95), 'requests'],
	['p99', 'p99', (all) => format.seconds(all.p99), 'requests'],
	['in-flight', 'In flight', (all) => format.integer(all.in_flight), 'requests'],
	['firing', 'Firing alerts', (all, has) => (has.alerts ? format.integer(all.firing) : 'off'), 'alerts', (all) => (all.firing > 0 ? 'bad' : '')],
	['pending', 'Pending alerts', (all, has) => (has.alerts ? format.integer(all.pending) : 'off'), 'alerts', (all) => (all.pending > 0 ? 'warn' : '')],
	['uptime', 'Uptime', (all) => format.span(all.uptime), 'runtime'],
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
	const charts = {
		rate: chart({ title: 'Requests per second', series: CLASSES, format: format.rate, isStacked: true, range: context.range, promql: () => promql.requests() }),
		latency: chart({ title: 'Duration', series: LATENCIES, format: format.seconds, range: context.range, promql: () => [0.5, 0.95, 0.99].map((q) => promql.quantile(q)).join('\n') }),
		errors: chart({ title: 'Error ratio', series: [{ label: '5xx of all', color: '--s5', isArea: true }], format: format.percent, range: context.range, promql: () => promql.errors() }),
		inFlight: chart({ title: 'In flight', series: [{ label: 'Requests', color: '--c1', isArea: true }], format: format.number, range: context.range, promql: () => promql.inFlight() }),
	};
	fill(root,
		h('div.tiles', h('a.tile', { href: context.href('health') }, h('dl', h('dt', 'Status'), status)), tiles.map(({ el }) => el)),
		hint,
		h('div.charts', Object.values(charts).map(({ el }) => panel(el.querySelector('h3').textContent, { class: 'bare' }, el))));
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
			charts.rate.set(now.times, now.classes);
			charts.latency.set(now.times, now.latencies);
			charts.errors.set(now.times, now.errors);
			charts.inFlight.set(now.times, now.inFlight);
		},
		destroy: () => Object.values(charts).forEach((each) => each.destroy()),
	};
}
