// Charts over time, drawn by uPlot, with a table of the same numbers behind each.

import { copy } from './actions.js';
import { attr, fill, h, headCells, table, text } from './dom.js';
import { clock } from './format.js';

/** Points further apart than this are not joined. */
const GAP = 16;
const MAX_ROWS = 60;
export const HEIGHT = 168;

let loading;

/** uPlot comes with the first chart, so that figures need not wait. */
function loadUplot() {
	loading ??= new Promise((resolve, reject) => {
		const script = h('script', { src: new URL('uPlot.js', import.meta.url).href, onload: () => resolve(window.uPlot), onerror() {
			script.remove();
			loading = null;
			reject();
		} });
		document.head.append(script);
	});
	return loading;
}

/** The charts that are shown. */
export const all = new Set();

const recolor = () => all.forEach((chart) => chart.restyle());
addEventListener('theme', recolor);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', recolor);

/** The color that a variable has in the theme, for a canvas; `part` percent of it over the surface. */
export function css(name, part = 100) {
	document.head.style.color = `color-mix(in srgb, var(${name}) ${part}%, var(--surface))`;
	return getComputedStyle(document.head).color;
}

const DASHES = { dashed: [6, 4], dotted: [2, 3] };

/** The frame of a chart: title, legend, and a table of `data()`: heads, times and the texts of one time. */
export function framed(title, promql, legend, plot, data, heading = 'h3') {
	// It stays, because the focus may be in it.
	const { el: box, body } = table(`Data of ${title}`, []);
	box.classList.add('short');
	const behind = h('div', { hidden: true }, box);
	const button = h('button.small', { type: 'button', 'aria-expanded': 'false', 'aria-label': `Data table of ${title}`, onclick() {
		behind.hidden = !behind.hidden;
		attr(button, 'aria-expanded', String(!behind.hidden));
		renderTable();
	} }, 'Table');
	const el = h('figure.chart', h('figcaption.chart-head', h(heading, title), legend, h('span.chart-tools',
		promql() && h('button.small', { type: 'button', 'aria-label': `Copy ${title} as PromQL`, onclick: () => copy(promql()) }, 'PromQL'), button)), plot, behind);

	function renderTable() {
		if (behind.hidden) return;
		const { heads, times, cells } = data();
		fill(box.querySelector('tr'), headCells([['Time'], ...heads.map((name) => [name, 'num'])]));
		const step = Math.max(1, Math.ceil(times.length / MAX_ROWS));
		const rows = [];
		for (let i = times.length - 1; i >= 0; i -= step) rows.push(h('tr', h('td', clock(times[i])), cells(i).map((cell) => h('td.num', cell))));
		fill(body, rows);
	}
	return { el, renderTable };
}

/** A chart over time. `series`: `{ label, color, dash, isArea }`; `color` is the name of a CSS variable. */
export function chart({ title, series, format, promql, isStacked, range, min = 0, limit, gap = GAP, isBinary, heading }) {
	const values = series.map(() => h('b', '–'));
	const legend = h('ul.legend', series.map(({ label, color, dash }, i) => {
		const key = h(`i.key.${dash ?? 'line'}`);
		key.style.setProperty('--key', `var(${color})`);
		return h('li', key, `${label} `, values[i]);
	}));
	const plot = h('div.plot', { role: 'img', 'aria-label': title });
	const hint = h('p.plot-hint', { hidden: true });
	const { el, renderTable } = framed(title, promql, legend, h('div.plot-box', plot, hint), () => ({
		heads: series.map(({ label }) => label), times, cells: (i) => rows.map((column) => format(column[i])),
	}), heading);
	let uplot;
	let times = [];
	let rows = [];
	let drawn = null;
	let limitNow = null;
	let isFailed = false;

	function showHint(failed) {
		isFailed = failed;
		hint.hidden = !failed && times.length > 1;
		text(hint, failed ? 'The chart cannot be drawn; the table has its data.' : 'Waiting for data');
	}

	const observer = new ResizeObserver(() => {
		const width = plot.clientWidth;
		if (uplot && width && width !== uplot.width) uplot.setSize({ width, height: HEIGHT });
	});

	function showValues(i) {
		series.forEach((_, k) => text(values[k], format(rows[k]?.[i])));
	}

	async function build() {
		const UPlot = await loadUplot();
		if (!all.has(self) || !plot.clientWidth) return;
		uplot?.destroy();
		const axis = { stroke: css('--muted'), grid: { stroke: css('--border'), width: 1 }, ticks: { show: false }, font: '11px system-ui, sans-serif' };
		uplot = new UPlot({
			width: plot.clientWidth,
			height: HEIGHT,
			padding: [10, 12, 0, 0],
			legend: { show: false },
			cursor: { y: false, drag: { x: false, y: false }, ...(isStacked ? { points: { show: false } } : null), sync: { key: 'time' } },
			scales: {
				x: { time: true, range: () => { const end = times.at(-1) ?? Date.now() / 1000; return [end - range(), end]; } },
				y: { range: (_, low, high) => [min ?? low, (Math.max(high ?? 0, limitNow ?? 0) || 1) * 1.08] },
			},
			axes: [
				{ ...axis, size: 24, space: 70, values: (_, ticks) => ticks.map((t) => (ticks[1] - ticks[0] < 60 ? clock(t) : clock(t).slice(0, 5))) },
				{ ...axis, size: 64, space: 32, ...(isBinary ? { incrs: Array.from({ length: 50 }, (_, i) => 2 ** i) } : null), values: (_, ticks) => ticks.map((v) => format(v)) },
			],
			series: [{}, ...series.map(({ color, dash, isArea, label }) => {
				const stroke = css(color);
				return { label, stroke, width: isStacked ? 1 : 1.5, dash: DASHES[dash], points: { show: false }, fill: isStacked ? css(color, 55) : isArea ? css(color, 14) : undefined };
			})],
			hooks: {
				setCursor: [(u) => showValues(u.cursor.idx ?? times.length - 1)],
				draw: limit ? [(u) => {
					if (limitNow === null) return;
					const y = u.valToPos(limitNow, 'y', true);
					u.ctx.save();
					u.ctx.strokeStyle = css('--bad');
					u.ctx.setLineDash([8, 5]);
					u.ctx.beginPath();
					u.ctx.moveTo(u.bbox.left, y);
					u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
					u.ctx.stroke();
					u.ctx.restore();
				}] : [],
			},
		}, drawn ?? [[], ...series.map(() => [])], plot);
		uplot.root.setAttribute('aria-hidden', 'true');
	}

	/** Cumulated from the last series up, so that the first lies on top and is drawn first. */
	function stack(columns) {
		const sums = [];
		let below = null;
		for (let k = columns.length - 1; k >= 0; k -= 1) {
			const lower = below;
			sums[k] = columns[k].map((v, i) => (v === null ? null : (v ?? 0) + (lower?.[i] ?? 0)));
			below = sums[k];
		}
		return sums;
	}

	const self = {
		el,
		/** Takes times and one column per series, the oldest first. */
		set(newTimes, columns, newLimit = null) {
			times = newTimes;
			rows = columns;
			limitNow = newLimit;
			showHint(isFailed);
			// A null breaks the line where points are missing.
			const xs = [];
			const cols = columns.map(() => []);
			for (let i = 0; i < times.length; i += 1) {
				if (i && times[i] - times[i - 1] > gap) {
					xs.push(times[i - 1] + 1);
					for (const col of cols) col.push(null);
				}
				xs.push(times[i]);
				columns.forEach((column, k) => cols[k].push(column[i] ?? null));
			}
			drawn = [xs, ...(isStacked ? stack(cols) : cols)];
			if (uplot) uplot.setData(drawn);
			else if (plot.isConnected) self.restyle();
			if (uplot?.cursor.idx === null || uplot?.cursor.idx === undefined) showValues(times.length - 1);
			plot.setAttribute('aria-label', `${title}: ${series.map(({ label }, k) => `${label} ${format(rows[k]?.at(-1))}`).join(', ')} now; the table has all values`);
			renderTable();
		},
		restyle: () => build().then(() => showHint(false), () => showHint(true)),
		destroy() {
			all.delete(self);
			observer.disconnect();
			uplot?.destroy();
		},
	};
	all.add(self);
	observer.observe(plot);
	return self;
}

export const LATENCIES = [
	{ label: 'p50', color: '--accent' },
	{ label: 'p95', color: '--c2', dash: 'dashed' },
	{ label: 'p99', color: '--c3', dash: 'dotted' },
];

/** 5xx on top, where they are seen. */
export const CLASSES = [
	{ label: '5xx', color: '--bad' }, { label: '4xx', color: '--warn' }, { label: '3xx', color: '--muted' }, { label: '2xx', color: '--accent' },
];

/** The columns of a history's ticks. */
export function columns(ticks) {
	const at = (i) => ticks.map((tick) => tick[i]);
	const errors = ticks.map((t) => { const sum = t[1] + t[2] + t[3] + t[4]; return sum ? t[4] / sum : null; });
	return { times: at(0), classes: [at(4), at(3), at(2), at(1)], latencies: [at(5), at(6), at(7)], inFlight: [at(8)], errors: [errors] };
}
