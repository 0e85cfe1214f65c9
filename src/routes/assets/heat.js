// The durations over time: one row per bucket, darker where more requests ended.

import { HEIGHT, all, css, framed } from './chart.js';
import { fill, h, text } from './dom.js';
import { clock } from './format.js';

export function heatMap({ title, format, promql, range }) {
	const canvas = h('canvas');
	const readout = h('span.legend');
	const axis = h('div.heat-axis', { 'aria-hidden': 'true' });
	const xAxis = h('div.heat-times', { 'aria-hidden': 'true' });
	const image = h('div.heat-image', { role: 'img', 'aria-label': title }, canvas);
	let history = null;
	let shown = { ticks: [], rows: [] };
	const name = (k) => (k === history.bounds.length ? `> ${format(history.bounds.at(-1))}` : `≤ ${format(history.bounds[k])}`);
	const { el, renderTable } = framed(title, promql, readout, h('div', h('div.heat', axis, image), xAxis), () => ({
		heads: shown.rows.map(name), times: shown.ticks.map(([time]) => time), cells: (i) => shown.rows.map((k) => String(shown.ticks[i][1][k])),
	}));

	function draw() {
		const width = image.clientWidth;
		if (!history || !width) return;
		const end = history.ticks.at(-1)?.[0] ?? 0;
		const start = end - range();
		const ticks = history.ticks.map(([time], i) => [time, history.heat[i]]).filter(([time, counts]) => time > start && counts);
		// Empty buckets on either side waste space.
		const used = history.bounds.concat(0).map((_, k) => ticks.reduce((sum, [, counts]) => sum + counts[k], 0));
		const low = Math.max(0, used.findIndex(Boolean) - 1);
		const high = Math.min(history.bounds.length, Math.max(low + 3, used.findLastIndex(Boolean) + 1));
		const rows = [];
		for (let k = high; k >= low; k -= 1) rows.push(k);
		shown = { ticks, rows, start };
		const scale = devicePixelRatio || 1;
		canvas.width = width * scale;
		canvas.height = HEIGHT * scale;
		const ctx = canvas.getContext('2d');
		ctx.scale(scale, scale);
		ctx.fillStyle = css('--accent');
		const most = Math.log1p(Math.max(1, ...ticks.flatMap(([, counts]) => counts)));
		const cell = HEIGHT / rows.length;
		const wide = (history.interval / range()) * width;
		for (const [time, counts] of ticks) {
			rows.forEach((k, r) => {
				if (!counts[k]) return;
				ctx.globalAlpha = 0.12 + 0.88 * (Math.log1p(counts[k]) / most);
				ctx.fillRect(((time - start) / range()) * width - wide, r * cell + 0.5, Math.max(1, wide - 0.5), cell - 1);
			});
		}
		fill(axis, rows.map((k) => h('span', name(k))));
		fill(xAxis, [start, (start + end) / 2, end].map((time) => h('span', clock(time).slice(0, range() > 60 ? 5 : 8))));
		text(readout, `${used.reduce((sum, n) => sum + n, 0)} requests`);
		renderTable();
	}

	image.addEventListener('pointermove', ({ clientX, clientY }) => {
		const box = image.getBoundingClientRect();
		const time = shown.start + ((clientX - box.left) / box.width) * range();
		const tick = shown.ticks.find(([t]) => t >= time);
		const k = shown.rows[Math.floor(((clientY - box.top) / box.height) * shown.rows.length)];
		if (tick && k !== undefined) text(readout, `${clock(tick[0])} · ${name(k)} · ${tick[1][k]} requests`);
	});
	image.addEventListener('pointerleave', draw);

	const observer = new ResizeObserver(draw);
	observer.observe(image);
	const self = {
		el,
		set(newHistory) { history = newHistory?.heat ? newHistory : null; el.hidden = !history; draw(); },
		restyle: draw,
		destroy() { all.delete(self); observer.disconnect(); },
	};
	el.hidden = true;
	all.add(self);
	return self;
}
