// Charts: uPlot for lines and areas, a canvas for the heat map, and a table with the same numbers behind each.

import { copy } from './actions.js';
import { fill, h, text } from './dom.js';
import { clock } from './format.js';
import { setRecolor } from './theme.js';

/** Points further apart than this are not joined. */
const GAP = 16;
const MAX_ROWS = 60;
const HEIGHT = 168;

let loading;

/** Loads uPlot with the first chart, so that the first figures are not kept waiting. */
function loadUplot() {
  loading ??= new Promise((resolve, reject) => {
    document.head.append(
      h('link', { rel: 'stylesheet', href: new URL('uPlot.css', import.meta.url).href }),
      h('script', { src: new URL('uPlot.js', import.meta.url).href, onload: () => resolve(window.uPlot), onerror: reject }),
    );
  });
  return loading;
}

const all = new Set();
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

setRecolor(() => { for (const chart of all) chart.restyle(); });

const DASHES = { dashed: [6, 4], dotted: [2, 3] };

function head(title, promql, legend, onTable) {
  const tableButton = h('button', { type: 'button', class: 'small', 'aria-expanded': 'false', 'aria-label': `Data table of ${title}`, onclick: () => onTable(tableButton) }, 'Table');
  return h('figcaption', { class: 'chart-head' }, h('h3', null, title), legend,
    h('span', { class: 'chart-tools' },
      promql ? h('button', { type: 'button', class: 'small', 'aria-label': `Copy ${title} as PromQL`, onclick: () => copy(typeof promql === 'function' ? promql() : promql) }, 'PromQL') : null,
      tableButton));
}

/**
 * A chart over time. `series`: `{ label, color, dash, isArea }`, `color` is the name of a CSS variable. Stacked series are
 * drawn on top of each other. `limit` is a line that belongs to the scale.
 */
export function chart({ title, series, format, promql, isStacked = false, range, min = 0, limit, gap = GAP, isBinary }) {
  const values = series.map(() => h('b', null, '–'));
  const legend = h('ul', { class: 'legend' }, series.map(({ label, color, dash }, i) => {
    const key = h('i', { class: `key ${dash ?? ''}`, 'aria-hidden': 'true' });
    key.style.setProperty('--key', `var(${color})`);
    return h('li', null, key, `${label} `, values[i]);
  }));
  const plot = h('div', { class: 'plot', role: 'img', 'aria-label': title });
  const hint = h('p', { class: 'plot-hint', hidden: true }, 'Waiting for data');
  const behind = h('div', { class: 'behind', hidden: true });
  const el = h('figure', { class: 'chart' }, head(title, promql, legend, toggle), h('div', { class: 'plot-box' }, plot, hint), behind);
  let uplot;
  let times = [];
  let rows = [];
  let drawn = null;
  let limitNow = null;

  const observer = new ResizeObserver(() => {
    const width = plot.clientWidth;
    if (uplot && width && width !== uplot.width) uplot.setSize({ width, height: HEIGHT });
  });

  function toggle(button) {
    behind.hidden = !behind.hidden;
    button.setAttribute('aria-expanded', String(!behind.hidden));
    renderTable();
  }

  function renderTable() {
    if (behind.hidden) return;
    const heads = ['Time', ...series.map(({ label }) => label)];
    const step = Math.max(1, Math.ceil(times.length / MAX_ROWS));
    const body = [];
    for (let i = times.length - 1; i >= 0; i -= step) {
      body.push(h('tr', null, h('td', null, clock(times[i])), rows.map((column) => h('td', { class: 'num' }, format(column[i])))));
    }
    const scroll = behind.firstChild?.scrollTop ?? 0;
    fill(behind, h('div', { class: 'scroll short', tabindex: '0', role: 'region', 'aria-label': `Data of ${title}` },
      h('table', null, h('caption', { class: 'hidden' }, title),
        h('thead', null, h('tr', null, heads.map((name, i) => h('th', { scope: 'col', class: i ? 'num' : '' }, name)))),
        h('tbody', null, body))));
    behind.firstChild.scrollTop = scroll;
  }

  function showValues(i) {
    series.forEach((_, k) => text(values[k], format(rows[k]?.[i])));
  }

  async function build() {
    const UPlot = await loadUplot();
    if (!all.has(self) || !plot.clientWidth) return;
    uplot?.destroy();
    const axis = { stroke: css('--muted'), grid: { stroke: css('--grid'), width: 1 }, ticks: { show: false }, font: '11px system-ui, sans-serif' };
    const order = series.map((_, i) => i);
    uplot = new UPlot({
      width: plot.clientWidth,
      height: HEIGHT,
      padding: [10, 12, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: !isStacked }, sync: { key: 'time' } },
      scales: {
        x: { time: true, range: () => { const end = times.at(-1) ?? Date.now() / 1000; return [end - range(), end]; } },
        y: { range: (_, low, high) => [min ?? low, (Math.max(high ?? 0, limitNow ?? 0) || 1) * 1.08] },
      },
      axes: [
        { ...axis, size: 24, space: 70, values: (_, ticks) => ticks.map((t) => (ticks[1] - ticks[0] < 60 ? clock(t) : clock(t).slice(0, 5))) },
        { ...axis, size: 64, space: 32, ...(isBinary ? { incrs: Array.from({ length: 50 }, (_, i) => 2 ** i) } : null), values: (_, ticks) => ticks.map((v) => format(v)) },
      ],
      series: [{}, ...order.map((i) => {
        const { color, dash, isArea, label } = series[i];
        const stroke = css(color);
        return { label, stroke, width: isStacked ? 1 : 1.5, dash: DASHES[dash], points: { show: false }, fill: isStacked ? css(`${color}-fill`) || stroke : isArea ? css(`${color}-soft`) : undefined };
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
      hint.hidden = times.length > 1;
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
    restyle: () => build().catch(() => { hint.hidden = false; text(hint, 'The chart cannot be drawn; the table has its data.'); }),
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

/** The durations over time: one row per bucket, darker where more requests ended. */
export function heatMap({ title, format, promql, range }) {
  const canvas = h('canvas', { width: 600, height: HEIGHT });
  const readout = h('span', { class: 'readout muted' }, '');
  const axis = h('div', { class: 'heat-axis', 'aria-hidden': 'true' });
  const xAxis = h('div', { class: 'heat-times', 'aria-hidden': 'true' });
  const behind = h('div', { class: 'behind', hidden: true });
  const image = h('div', { class: 'heat-image', role: 'img', 'aria-label': title }, canvas);
  const el = h('figure', { class: 'chart' }, head(title, promql, readout, toggle), h('div', { class: 'heat' }, axis, image), xAxis, behind);
  let history = null;
  let shown = { ticks: [], heat: [], rows: [] };

  function toggle(button) {
    behind.hidden = !behind.hidden;
    button.setAttribute('aria-expanded', String(!behind.hidden));
    renderTable();
  }

  const name = (k) => {
    const { bounds } = history;
    if (k === bounds.length) return `> ${format(bounds.at(-1))}`;
    return `≤ ${format(bounds[k])}`;
  };

  function draw() {
    const width = image.clientWidth;
    if (!history || !width) return;
    const end = history.ticks.at(-1)?.[0] ?? 0;
    const start = end - range();
    const ticks = [];
    const heat = [];
    history.ticks.forEach((tick, i) => {
      if (tick[0] > start && history.heat[i]) { ticks.push(tick[0]); heat.push(history.heat[i]); }
    });
    // Buckets that nothing fell in on either side only waste space.
    const used = heat.reduce((sums, counts) => counts.map((n, k) => n + (sums[k] ?? 0)), []);
    let low = used.findIndex((n) => n > 0);
    let high = used.findLastIndex((n) => n > 0);
    if (low < 0) { low = 0; high = Math.min(5, history.bounds.length); }
    low = Math.max(0, low - 1);
    high = Math.min(history.bounds.length, high + 1);
    const rows = [];
    for (let k = high; k >= low; k -= 1) rows.push(k);
    shown = { ticks, heat, rows, start, end };
    const scale = devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = HEIGHT * scale;
    const ctx = canvas.getContext('2d');
    ctx.scale(scale, scale);
    ctx.fillStyle = css('--heat');
    const most = Math.log1p(Math.max(1, ...heat.flat()));
    const cell = HEIGHT / rows.length;
    const wide = (history.interval / range()) * width;
    ticks.forEach((time, i) => {
      const x = ((time - start) / range()) * width - wide;
      rows.forEach((k, r) => {
        const n = heat[i][k];
        if (!n) return;
        ctx.globalAlpha = 0.12 + 0.88 * (Math.log1p(n) / most);
        ctx.fillRect(x, r * cell + 0.5, Math.max(1, wide - 0.5), cell - 1);
      });
    });
    fill(axis, rows.map((k) => h('span', null, name(k))));
    fill(xAxis, [start, (start + end) / 2, end].map((t) => h('span', null, clock(t).slice(0, range() > 60 ? 5 : 8))));
    const total = used.reduce((a, b) => a + b, 0);
    image.setAttribute('aria-label', `${title}: ${total} requests; the table has all counts`);
    renderTable();
  }

  image.addEventListener('pointermove', (event) => {
    const box = image.getBoundingClientRect();
    const time = shown.start + ((event.clientX - box.left) / box.width) * range();
    const i = shown.ticks.findIndex((t) => t >= time);
    const k = shown.rows[Math.floor(((event.clientY - box.top) / box.height) * shown.rows.length)];
    text(readout, i < 0 || k === undefined ? '' : `${clock(shown.ticks[i])} · ${name(k)} · ${shown.heat[i][k]} requests`);
  });
  image.addEventListener('pointerleave', () => text(readout, ''));

  function renderTable() {
    if (behind.hidden || !history) return;
    const { ticks, heat, rows } = shown;
    const body = [];
    for (let i = ticks.length - 1; i >= 0 && body.length < MAX_ROWS; i -= Math.max(1, Math.ceil(ticks.length / MAX_ROWS))) {
      body.push(h('tr', null, h('td', null, clock(ticks[i])), rows.map((k) => h('td', { class: 'num' }, String(heat[i][k])))));
    }
    fill(behind, h('div', { class: 'scroll short', tabindex: '0', role: 'region', 'aria-label': `Data of ${title}` },
      h('table', null, h('caption', { class: 'hidden' }, title),
        h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'Time'), rows.map((k) => h('th', { scope: 'col', class: 'num' }, name(k))))),
        h('tbody', null, body))));
  }

  const observer = new ResizeObserver(draw);
  observer.observe(image);
  const self = {
    el,
    set(newHistory) { history = newHistory?.bounds ? newHistory : null; el.hidden = !history; draw(); },
    restyle: draw,
    destroy() { all.delete(self); observer.disconnect(); },
  };
  el.hidden = true;
  all.add(self);
  return self;
}

export const LATENCIES = [
  { label: 'p50', color: '--c1' },
  { label: 'p95', color: '--c2', dash: 'dashed' },
  { label: 'p99', color: '--c3', dash: 'dotted' },
];

/** 5xx on top, where they are seen. */
export const CLASSES = [
  { label: '5xx', color: '--s5' }, { label: '4xx', color: '--s4' }, { label: '3xx', color: '--s3' }, { label: '2xx', color: '--s2' },
];

/** The columns of a history's ticks. */
export function columns(ticks) {
  const at = (i) => ticks.map((tick) => tick[i]);
  const errors = ticks.map((t) => { const sum = t[1] + t[2] + t[3] + t[4]; return sum ? t[4] / sum : null; });
  return { times: at(0), classes: [at(4), at(3), at(2), at(1)], latencies: [at(5), at(6), at(7)], inFlight: [at(8)], errors: [errors] };
}
