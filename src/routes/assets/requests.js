// Requests: all endpoints in one table, and the last minutes of one or all of them.

import { isOwn } from './api.js';
import { CLASSES, LATENCIES, chart, columns } from './chart.js';
import { empty, figures, fill, h, muted, panel, search, text } from './dom.js';
import * as fmt from './format.js';
import { heatMap } from './heat.js';
import { grid } from './grid.js';
import * as promql from './promql.js';
import { poll } from './poll.js';
import { readHistory } from './store.js';

const number = (id, title, show, cls = 'num', tone) => ({ id, title, cls, tone, value: (row) => row[id], format: show });

export default function render(root, context) {
	const { store } = context;
	const { params } = context;
	const columnsOf = [
		{ id: 'endpoint', title: 'Endpoint', cls: 'wide', isText: true, value: (row) => `${row.endpoint} ${row.method}`, format: (_, row) => `${row.method} ${row.endpoint}`, href: (row) => context.href('requests', { ...Object.fromEntries(params()), endpoint: row.key }) },
		number('rate', 'Rate', fmt.rate),
		number('error_ratio', 'Errors', fmt.percent, 'num', (value) => (value > 0.05 ? 'bad' : value > 0.01 ? 'warn' : '')),
		number('p50', 'p50', fmt.seconds, 'num opt'),
		number('p95', 'p95', fmt.seconds),
		number('p99', 'p99', fmt.seconds, 'num opt'),
		number('in_flight', 'In flight', fmt.integer, 'num opt'),
	];
	const filter = search(context, 'Filter endpoints');
	const count = h('span.muted', { role: 'status' });
	const rows = grid(context, { caption: 'Endpoints', columns: columnsOf, key: (row) => row.key, sorted: 'rate', selected: () => params().get('endpoint') });
	const nothing = h('div', { hidden: true }, empty('requests'));

	const selected = () => {
		const key = params().get('endpoint');
		if (!key) return null;
		const at = key.indexOf(' ');
		return { key, method: key.slice(0, at), endpoint: key.slice(at + 1) };
	};
	const title = h('h2', { id: 'endpoint-title' });
	const all = h('a.button.small', { href: '#' }, 'Show all');
	const list = h('dl.figures');
	const charts = [
		chart({ title: 'Requests per second', series: CLASSES, format: fmt.rate, isStacked: true, range: context.range, promql: () => promql.requests(selected()) }),
		chart({ title: 'Duration', series: LATENCIES, format: fmt.seconds, range: context.range, promql: () => promql.quantiles(selected()) }),
	];
	const heat = heatMap({ title: 'Durations, requests per bucket', format: fmt.seconds, range: context.range, promql: () => promql.heat(selected()) });
	const error = h('div');
	const noHistory = h('div', { hidden: true }, empty('history'));
	fill(root,
		h('div.split',
			panel('Endpoints', h('div.row', count, filter.el), rows.el, nothing),
			h('section.panel.detail', h('div.panel-head', title, all), list, h('div.charts', charts.map(({ el }) => el), heat.el), error, noHistory)));

	let history = null;
	let wanted = null;
	let live = [];
	const polled = poll(context, {
		error,
		key: () => params().get('endpoint'),
		read: (signal) => { wanted = params().get('endpoint'); return readHistory(selected(), signal).then((found) => found ?? { ticks: [], none: true }); },
		show(result) {
			if (wanted !== params().get('endpoint')) return;
			history = result;
			drawCharts();
		},
	});

	function drawCharts() {
		const row = selected();
		// Frames are newer than the history's last tick.
		const ticks = row ? history?.ticks ?? [] : store.ticks;
		const last = ticks.at(-1)?.[0] ?? 0;
		const now = columns(row ? [...ticks, ...live.filter(([time]) => time > last)] : ticks);
		charts[0].set(now.times, now.classes);
		charts[1].set(now.times, now.latencies);
		heat.set(history);
		noHistory.hidden = !history?.none;
	}

	function moved() {
		const row = selected();
		text(title, row ? row.key : 'All endpoints');
		all.hidden = !row;
		all.href = context.href('requests', { ...Object.fromEntries(params()), endpoint: '' });
		frame();
	}

	let liveKey = null;
	function frame() {
		const matches = filter.matcher();
		const known = [...store.endpoints.values()].filter((row) => row.rate || !isOwn(row.endpoint));
		const found = known.filter((row) => matches(row.key));
		text(count, `${found.length} of ${known.length}`);
		nothing.hidden = known.length > 0;
		rows.set(found);
		const key = params().get('endpoint');
		if (key !== liveKey) { liveKey = key; live = []; history = null; }
		// The server's clock was set back.
		if (live.at(-1)?.[0] > store.time) live = [];
		const row = store.endpoints.get(key);
		if (row && row.rate !== null && live.at(-1)?.[0] !== store.time) {
			live.push([store.time, row.rate_2xx, row.rate_3xx, row.rate_4xx, row.rate_5xx, row.p50, row.p95, row.p99, row.in_flight]);
			live = live.slice(-900);
		}
		const shown = row ?? (key ? null : store.overview && { ...store.overview, rate: store.overview.requests_per_second });
		fill(list, shown ? figures(columnsOf.slice(1).map(({ id, title: name, format: show }) => [name, show(shown[id]), id])) : muted('No requests of this endpoint so far.'));
		polled.frame();
		drawCharts();
	}

	moved();
	return {
		moved,
		frame,
		destroy() {
			polled.destroy();
			rows.destroy();
			heat.destroy();
			charts.forEach((each) => each.destroy());
		},
	};
}
