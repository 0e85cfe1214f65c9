// Metrics: all families, and the series of one.

import { get, isMounted } from './api.js';
import { LATENCIES, chart } from './chart.js';
import { badge, columns, empty, fill, h, keyed, labels, muted, panel, row, search, table, text } from './dom.js';
import * as fmt from './format.js';
import { grid } from './grid.js';
import { poll } from './poll.js';
import * as promql from './promql.js';
import { describe } from './store.js';

/** Counters as rates, histograms as quantiles. */
function value({ kind, value: x, p95, name, unit }) {
	const own = fmt.unitOf(name, unit);
	if (kind === 'counter') return own ? fmt.inUnitPerSecond(x, own) : fmt.rate(x);
	if (kind === 'histogram') return fmt.isNone(p95) ? '–' : `p95 ${fmt.inUnit(p95, own)}`;
	return fmt.inUnit(x, own);
}

const COLUMNS = [
	{ id: 'name', title: 'Family', cls: 'wide', isText: true, value: (row) => row.name, href: (row) => row.href },
	{ id: 'kind', title: 'Kind', cls: 'opt slim', isText: true, value: (row) => row.kind },
	{ id: 'unit', title: 'Unit', cls: 'opt slim', isText: true, value: (row) => fmt.unitOf(row.name, row.unit) },
	{ id: 'value', title: 'Now', cls: 'num', value: (row) => (row.kind === 'histogram' ? row.p95 : row.value), format: (_, row) => value(row) },
	{ id: 'series', title: 'Series', cls: 'num', value: (row) => row.series, format: (n, row) => `${fmt.integer(n)}${row.is_at_limit ? ' (limit)' : ''}`, tone: (_, row) => (row.is_at_limit ? 'warn' : '') },
	{ id: 'help', title: 'Help', cls: 'help opt', isText: true, value: (row) => row.help ?? '' },
];
const SERIES = {
	counter: columns('Labels|#Total|#Rate'),
	gauge: columns('Labels|#Value'),
	histogram: columns('Labels|#Count|#Rate|#p50|#p95|#p99'),
};

export default function render(root, context) {
	const { store } = context;
	if (!store.config.has?.metrics) {
		fill(root, empty('metrics'));
		return {};
	}
	const { params } = context;
	const filter = search(context, 'Filter families');
	const count = h('span.muted', { role: 'status' });
	const rows = grid(context, { caption: 'Metric families', columns: COLUMNS, key: (row) => row.name, sorted: 'name', selected: () => params().get('family') });
	const title = h('h2', { id: 'family-title' });
	const help = h('p.muted');
	const facts = h('div.row');
	const error = h('div');
	const box = h('div');
	const left = h('p.muted');
	const detail = h('section.panel.detail', { hidden: true },
		h('div.panel-head', title, h('a.button.small', { href: context.href('metrics') }, 'Close')), help, facts, error, box, left);
	fill(root, h('div.split', panel('Families', h('div.row', count, filter.el), rows.el), detail));

	let drawn = null;
	const name = () => params().get('family');
	const polled = poll(context, {
		error,
		key: name,
		async read(signal) {
			const wanted = name();
			await describe(signal);
			if (!wanted) return {};
			const family = await get('/dashboard/family/{name}', { name: wanted, signal });
			const quantiles = family.kind === 'histogram' ? [0.5, 0.95, 0.99] : [null];
			const history = isMounted('/metrics/history') && store.config.has?.history
				// A family may be newer than the last tick.
				? await Promise.all(quantiles.map((q) => get('/metrics/history', { signal, query: { metric: wanted, sum: true, q } }))).catch((refusal) => (refusal.status ? null : Promise.reject(refusal)))
				: null;
			return { wanted, family, history, at: performance.now() / 1000 };
		},
		show(result) {
			if (result.family && result.wanted === name()) showFamily(result);
		},
	});

	function showFamily({ family, history, at }) {
		const { kind } = family;
		const unit = fmt.unitOf(family.name, family.unit);
		const perSecond = (x) => (unit && kind === 'counter' ? fmt.inUnitPerSecond(x, unit) : fmt.rate(x));
		const inUnit = (x) => fmt.inUnit(x, unit);
		text(help, family.help ?? '');
		fill(facts, badge('', kind), unit ? badge('', unit) : null, family.is_at_limit ? badge('degraded', 'at its series limit') : null);
		if (drawn?.name !== family.name) {
			drawn?.chart.destroy();
			const shape = {
				counter: ['All series, per second', [{ label: 'Rate', color: '--accent', isArea: true }], perSecond],
				gauge: ['Sum of all series', [{ label: 'Value', color: '--accent', isArea: true }], inUnit],
				histogram: ['Quantiles of all series', LATENCIES, inUnit],
			};
			const [heading, series, show] = shape[kind];
			drawn = { name: family.name, size: series.length, past: [], live: [], before: new Map(), chart: chart({ title: heading, series, format: show, range: context.range, isBinary: unit === 'bytes', promql: () => promql.family(family), min: kind === 'gauge' ? null : 0 }), table: table('Series', SERIES[kind]) };
			fill(box, drawn.chart.el, drawn.table.el);
		}
		const points = (history ?? []).map(({ series }) => new Map(series[0]?.points));
		drawn.past = [...new Set(points.flatMap((each) => [...each.keys()]))].sort((a, b) => a - b).map((time) => [time, ...points.map((each) => each.get(time))]);
		drawChart();
		const before = drawn.before;
		drawn.before = new Map();
		keyed(drawn.table.body, family.series.map((each) => {
			const key = JSON.stringify(each.labels);
			const total = each.value ?? each.count;
			drawn.before.set(key, [at, total]);
			const [then, last] = before.get(key) ?? [];
			return { ...each, key, total, rate: last <= total ? (total - last) / (at - then) : null };
		}), ({ key }) => key, (each) => row(SERIES[kind], [
			Object.keys(each.labels).length ? labels(each.labels) : muted('no labels'),
			kind === 'histogram' ? fmt.integer(each.total) : inUnit(each.total),
			...(kind === 'gauge' ? [] : [perSecond(each.rate)]),
			...(kind === 'histogram' ? [inUnit(each.p50), inUnit(each.p95), inUnit(each.p99)] : [])]));
		text(left, family.left_out ? `${fmt.integer(family.left_out)} more series are left out.` : '');
	}

	/** The server's history, and the frames since this family was opened. */
	function drawChart() {
		if (drawn?.name !== name()) return;
		const { past, size } = drawn;
		const row = store.families.get(drawn.name);
		if (drawn.live.at(-1)?.[0] > store.time) drawn.live = [];
		if (row && drawn.live.at(-1)?.[0] !== store.time) drawn.live = [...drawn.live, [store.time, ...(row.kind === 'histogram' ? [row.p50, row.p95, row.p99] : [row.value])]].slice(-900);
		const points = [...past, ...drawn.live.filter(([time]) => !(time <= past.at(-1)?.[0]))];
		drawn.chart.set(points.map(([time]) => time), Array.from({ length: size }, (_, i) => points.map((point) => point[i + 1] ?? null)));
	}

	function frame() {
		const query = params();
		detail.hidden = !name();
		text(title, name() ?? '');
		const matches = filter.matcher();
		const found = [...store.families.values()].filter((each) => matches(`${each.name} ${each.help ?? ''}`))
			.map((each) => ({ ...each, href: context.href('metrics', { ...Object.fromEntries(query), family: each.name }) }));
		text(count, `${found.length} of ${store.families.size}`);
		rows.set(found);
		drawChart();
		polled.frame();
	}

	frame();
	return { frame, moved: frame, destroy() { polled.destroy(); rows.destroy(); drawn?.chart.destroy(); } };
}
