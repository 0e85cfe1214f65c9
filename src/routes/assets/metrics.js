// Metrics: all families, and the series of one.

import { get, isMounted } from './api.js';
import { chart } from './chart.js';
import { badge, empty, fill, h, keyed, labels, muted, panel, problem, row, search, table, text } from './dom.js';
import * as format from './format.js';
import { grid } from './grid.js';
import { poll } from './poll.js';
import * as promql from './promql.js';

/** Counters as rates, histograms as quantiles. */
function value({ kind, value: x, p95, name, unit }) {
	const own = format.unitOf(name, unit);
	if (kind === 'counter') return own ? format.inUnitPerSecond(x, own) : format.rate(x);
	if (kind === 'histogram') return format.isNone(p95) ? '–' : `p95 ${format.inUnit(p95, own)}`;
	return format.inUnit(x, own);
}

const COLUMNS = [
	{ id: 'name', title: 'Family', cls: 'wide', isText: true, value: (row) => row.name, href: (row) => row.href },
	{ id: 'kind', title: 'Kind', cls: 'opt slim', isText: true, value: (row) => row.kind },
	{ id: 'unit', title: 'Unit', cls: 'opt slim', isText: true, value: (row) => format.unitOf(row.name, row.unit) },
	{ id: 'value', title: 'Now', cls: 'num', value: (row) => (row.kind === 'histogram' ? row.p95 : row.value), format: (_, row) => value(row), hint: 'Rate of a counter, value of a gauge, p95 of a histogram' },
	{ id: 'series', title: 'Series', cls: 'num', value: (row) => row.series, format: (n, row) => `${format.integer(n)}${row.is_at_limit ? ' (limit)' : ''}`, tone: (_, row) => (row.is_at_limit ? 'warn' : '') },
	{ id: 'help', title: 'Help', cls: 'help opt', isText: true, value: (row) => row.help ?? '' },
];
const SERIES = [['Labels', ''], ['Now', 'num'], ['p50', 'num'], ['p95', 'num'], ['p99', 'num']];

export default function render(root, context) {
	const { store } = context;
	if (!store.config.has?.metrics) {
		fill(root, empty('metrics'));
		return {};
	}
	const params = () => context.params();
	const filter = search(context, 'Filter families');
	const count = h('span.muted', { role: 'status' });
	const rows = grid({ caption: 'Metric families', columns: COLUMNS, key: ({ name }) => name, rowClass: ({ name }) => (name === params().get('family') ? 'selected' : ''), onSort: (sort, isDown) => context.set({ sort, dir: isDown ? 'desc' : 'asc' }) });
	const title = h('h2', { id: 'family-title' });
	const help = h('p.muted');
	const facts = h('div.row');
	const error = h('div');
	const chartBox = h('div');
	const { el, body } = table('Series', SERIES);
	const left = h('p.muted');
	const detail = h('section.panel.detail', { 'aria-labelledby': 'family-title', hidden: true },
		h('div.panel-head', title, h('a.button.small', { href: context.href('metrics') }, 'Close')), help, facts, error, chartBox, el, left);
	fill(root, h('div.split.wide-first', panel('Families', { tools: h('div.row', count, filter.el) }, rows.el), detail));

	let drawn = null;
	let drawnFor = null;
	const name = () => params().get('family');
	const polled = poll(context, {
		seconds: 5,
		version: () => name() ?? '',
		async read(signal) {
			const wanted = name();
			if (!wanted) return { wanted };
			const row = store.families.get(wanted);
			const histogram = row?.kind === 'histogram';
			const past = isMounted('/metrics/history') && store.config.has?.history
				? Promise.all((histogram ? [0.5, 0.95, 0.99] : [null]).map((q) => get('/metrics/history', { signal, query: { metric: wanted, sum: true, q, kind: histogram ? 'quantile' : null } }))).catch((refusal) => (refusal.status ? null : Promise.reject(refusal)))
				: null;
			const [family, history] = await Promise.all([get('/dashboard/family/{name}', { name: wanted, signal }), past]);
			return { wanted, family, history };
		},
		show(result, refusal) {
			fill(error, refusal ? problem(refusal) : null);
			if (result?.family && result.wanted === name()) showFamily(result);
		},
	});

	function showFamily({ family, history }) {
		const { kind } = family;
		const unit = format.unitOf(family.name, family.unit);
		text(help, family.help ?? '');
		fill(facts, badge('', kind), unit ? badge('', unit) : null, family.is_at_limit ? badge('degraded', 'at its series limit') : null);
		if (drawnFor !== family.name) {
			drawn?.destroy();
			drawnFor = family.name;
			const quantiles = ['p50', 'p95', 'p99'].map((label, i) => ({ label, color: `--c${i + 1}`, dash: ['', 'dashed', 'dotted'][i] }));
			drawn = chart({
				title: kind === 'counter' ? 'All series, per second' : kind === 'histogram' ? 'Quantiles of all series' : 'Sum of all series',
				series: kind === 'histogram' ? quantiles : [{ label: kind === 'counter' ? 'Rate' : 'Value', color: '--c1', isArea: true }],
				format: (x) => (kind === 'counter' ? (unit ? format.inUnitPerSecond(x, unit) : format.rate(x)) : format.inUnit(x, unit)), range: context.range, isBinary: unit === 'bytes', promql: () => promql.family(family), min: kind === 'gauge' ? null : 0,
			});
			fill(chartBox, drawn.el);
		}
		if (history) {
			const times = [...new Set(history.flatMap(({ series }) => (series[0]?.points ?? []).map(([time]) => time)))].sort((a, b) => a - b);
			drawn.set(times, history.map(({ series }) => { const at = new Map(series[0]?.points); return times.map((time) => at.get(time) ?? null); }));
		}
		keyed(body, family.series, (each) => JSON.stringify(each.labels), (each) => row(SERIES, [
			Object.keys(each.labels).length ? labels(each.labels) : muted('no labels'),
			format.isNone(each.rate) ? format.inUnit(each.value, unit) : kind === 'counter' && unit ? format.inUnitPerSecond(each.rate, unit) : format.rate(each.rate),
			...['p50', 'p95', 'p99'].map((q) => (kind === 'histogram' ? format.inUnit(each[q], unit) : ''))]));
		text(left, family.left_out ? `${format.integer(family.left_out)} more series are left out.` : '');
	}

	function frame() {
		const query = params();
		detail.hidden = !name();
		text(title, name() ?? '');
		const matches = filter.matcher();
		const found = [...store.families.values()].filter((each) => matches(`${each.name} ${each.help ?? ''}`))
			.map((each) => ({ ...each, href: context.href('metrics', { ...Object.fromEntries(query), family: each.name }) }));
		text(count, `${found.length} of ${store.families.size}`);
		rows.set(found, { id: query.get('sort') ?? 'name', isDown: query.get('dir') === 'desc' });
		polled.frame();
	}

	frame();
	return { frame, moved: frame, destroy() { polled.destroy(); rows.destroy(); drawn?.destroy(); } };
}
