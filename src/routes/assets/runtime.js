// Runtime and host: memory, CPU, file descriptors and tasks, against their limits.

import { get, isMounted } from './api.js';
import { chart } from './chart.js';
import { empty, figures, fill, h, panel } from './dom.js';
import * as format from './format.js';

const cores = (x) => (x === null || x === undefined ? '–' : `${format.number(x)} cores`);

/** The figure, its limit, and the family that holds its past. */
const CHARTS = [
	{ title: 'Memory', name: 'process_resident_memory_bytes', limit: 'memory_limit', format: format.bytes, isBinary: true },
	{ title: 'CPU of the process', name: 'cpu', family: 'process_cpu_seconds_total', kind: 'rate', format: cores },
	{ title: 'File descriptors', name: 'process_open_fds', limit: 'process_max_fds', format: format.integer },
	{ title: 'Tasks', name: 'tokio_alive_tasks', format: format.integer },
];
const TITLES = {
	cpu: 'CPU of the process', memory_limit: 'Memory limit', process_resident_memory_bytes: 'Resident memory', process_open_fds: 'Open file descriptors', process_max_fds: 'Limit of file descriptors',
	process_threads: 'Threads', system_cpu_usage_ratio: 'CPU of the host', system_memory_used_ratio: 'Memory used on the host', system_memory_available_bytes: 'Memory available',
	tokio_workers: 'Runtime workers', tokio_alive_tasks: 'Tasks alive', tokio_global_queue_depth: 'Tasks in the global queue', tokio_busy_ratio: 'Workers busy', tokio_scheduling_delay_seconds: 'Scheduling delay',
};

export default function render(root, context) {
	const { store } = context;
	const charts = CHARTS.map((each) => ({ ...each, past: [], chart: chart({
		title: each.title, series: [{ label: each.title, color: '--c1', isArea: true }], format: each.format, range: context.range, limit: each.limit, isBinary: each.isBinary,
		promql: () => (each.kind ? `rate(${each.family}[1m])` : each.name),
	}) }));
	const grid = h('div.charts');
	const list = h('dl.figures.wide');
	const none = h('div', { hidden: true }, empty('runtime'));
	fill(root, none, grid, panel('Figures', null, list));
	fill(grid, charts.map(({ chart: { el }, title }) => panel(title, { class: 'bare' }, el)));

	const controller = new AbortController();
	for (const each of charts) {
		if (!isMounted('/metrics/history') || !store.config.has?.history) continue;
		get('/metrics/history', { signal: controller.signal, query: { metric: each.family ?? each.name, kind: each.kind ?? 'values', sum: true } })
			.then(({ series }) => { each.past = series[0]?.points ?? []; frame(); })
			// A figure that nobody collects has no past.
			.catch(context.refused);
	}

	function frame() {
		const now = store.runtime ?? {};
		const known = Object.entries(now).filter(([, value]) => value !== null);
		none.hidden = known.length > 0;
		for (const { name, limit, past, chart: drawn } of charts) {
			const first = store.runtimes[0]?.[0] ?? Infinity;
			const points = [...past.filter(([time]) => time < first), ...store.runtimes.map(([time, all]) => [time, all[name] ?? null])];
			drawn.el.parentElement.hidden = now[name] === undefined && !past.length;
			drawn.set(points.map(([time]) => time), [points.map(([, value]) => value)], near(now[name], now[limit]));
		}
		fill(list, figures(known.map(([name, value]) => [TITLES[name] ?? name, [show(name, value), name === 'process_resident_memory_bytes' && now.memory_limit ? ` of ${format.bytes(now.memory_limit)}` : ''], name])));
	}

	frame();
	return { frame, destroy() { controller.abort(); charts.forEach((each) => each.chart.destroy()); } };
}

const show = (name, value) => (name === 'cpu' ? cores(value) : name === 'memory_limit' ? format.bytes(value) : format.inUnit(value, format.unitOf(name)));

/** A limit far away would flatten the line. */
const near = (value, limit) => (limit && value > limit / 4 ? limit : null);
