// Runtime and host: memory, CPU, file descriptors and tasks, against their limits.

import { get, isMounted } from './api.js';
import { chart } from './chart.js';
import { empty, fill, h, panel, template, text } from './dom.js';
import * as fmt from './format.js';

const cores = (x) => fmt.inUnit(x, 'cores');

/** The figure, its limit, and the family that holds its past. */
const CHARTS = [
	{ title: 'Memory', name: 'process_resident_memory_bytes', limit: 'memory_limit', format: fmt.bytes, isBinary: true },
	{ title: 'CPU of the process', name: 'cpu', family: 'process_cpu_seconds_total', kind: 'rate', format: cores },
	{ title: 'File descriptors', name: 'process_open_fds', limit: 'process_max_fds', format: fmt.integer },
	{ title: 'Tasks', name: 'tokio_alive_tasks', format: fmt.integer },
];
export default function render(root, context) {
	const { store } = context;
	const familyOf = ({ name, family }) => `${store.config.prefix ?? ''}${family ?? name}`;
	const charts = CHARTS.map((each) => ({ ...each, past: [], chart: chart({
		title: each.title, series: [{ label: each.title, color: '--accent', isArea: true }], format: each.format, range: context.range, limit: each.limit, isBinary: each.isBinary, heading: 'h2',
		promql: () => (each.kind ? `rate(${familyOf(each)}[1m])` : familyOf(each)),
	}) }));
	const grid = h('div.charts');
	const list = template('figures');
	const none = h('div', { hidden: true }, empty('runtime'));
	fill(root, none, grid, panel('Figures', null, list));
	fill(grid, charts.map(({ chart: { el } }) => h('div.panel', el)));

	const controller = new AbortController();
	for (const each of charts) {
		if (!isMounted('/metrics/history') || !store.config.has?.history) continue;
		get('/metrics/history', { signal: controller.signal, query: { metric: familyOf(each), kind: each.kind ?? 'values', sum: true } })
			.then(({ series }) => { each.past = series[0]?.points ?? []; frame(); })
			// A figure that is not collected has no history.
			.catch(context.refused);
	}

	function frame() {
		const now = store.runtime ?? {};
		none.hidden = Object.values(now).some((value) => value !== null);
		for (const { name, limit, past, chart: drawn } of charts) {
			const first = store.runtimes[0]?.[0] ?? Infinity;
			const points = [...past.filter(([time]) => time < first), ...store.runtimes.map(([time, all]) => [time, all[name] ?? null])];
			drawn.el.parentElement.hidden = now[name] === undefined && !past.length;
			drawn.set(points.map(([time]) => time), [points.map(([, value]) => value)], near(now[name], now[limit]));
		}
		for (const figure of list.children) {
			const name = figure.dataset.figure;
			figure.hidden = now[name] === undefined;
			text(figure.lastChild, name === 'cpu' ? cores(now.cpu) : fmt.inUnit(now[name], name === 'memory_limit' ? 'bytes' : fmt.unitOf(name)));
		}
	}

	frame();
	return { frame, destroy() { controller.abort(); charts.forEach((each) => each.chart.destroy()); } };
}

/** A limit far away would flatten the line. */
const near = (value, limit) => (limit && value > limit / 4 ? limit : null);
