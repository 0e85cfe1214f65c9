// Numbers, units and times as people read them.

let skew = 0;

/** Learns the server's time, because ages and deadlines are in its clock. */
export const setServerTime = (seconds) => { skew = seconds - Date.now() / 1000; };
const serverNow = () => Date.now() / 1000 + skew;

export const isNone = (x) => x === null || x === undefined || Number.isNaN(x);
const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** Three significant digits. */
function digits(x) {
	const size = Math.abs(x);
	if (size >= 100 || x === 0) return x.toFixed(0);
	return x.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3).replace(/\.?0+$/, '');
}

export function number(x) {
	if (isNone(x)) return '–';
	if (!Number.isFinite(x)) return x > 0 ? '∞' : '−∞';
	const size = Math.abs(x);
	if (size >= 1e9) return `${digits(x / 1e9)} G`;
	if (size >= 1e6) return `${digits(x / 1e6)} M`;
	if (size >= 1000) return grouped.format(x);
	if (size > 0 && size < 0.001) return x.toExponential(1);
	return Number.isInteger(x) ? String(x) : digits(x);
}

export const integer = (x) => (isNone(x) ? '–' : grouped.format(x));
export const rate = (x) => (isNone(x) ? '–' : `${number(x)}/s`);

export function seconds(x) {
	if (isNone(x)) return '–';
	const size = Math.abs(x);
	if (size === 0) return '0 s';
	if (size < 1e-3) return `${digits(x * 1e6)} µs`;
	if (size < 1) return `${digits(x * 1e3)} ms`;
	// A point in time, not a span.
	if (size > 1e9) return stamp(x * 1e3);
	return size < 120 ? `${digits(x)} s` : span(x);
}

/** A time span in its two largest units. */
export function span(x) {
	if (isNone(x)) return '–';
	const units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
	let rest = Math.max(0, Math.round(x));
	const first = units.findIndex(([size]) => rest >= size);
	if (first < 0) return '0 s';
	return units.slice(first, first + 2).map(([size, name]) => {
		const n = Math.floor(rest / size);
		rest -= n * size;
		return n ? `${n} ${name}` : '';
	}).filter(Boolean).join(' ');
}

export function bytes(x) {
	if (isNone(x)) return '–';
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let i = 0;
	while (Math.abs(x) >= 1024 && i < units.length - 1) { x /= 1024; i += 1; }
	return `${i ? digits(x) : x.toFixed(0)} ${units[i]}`;
}

export function percent(x) {
	if (isNone(x)) return '–';
	const p = x * 100;
	if (p > 0 && p < 0.01) return '< 0.01 %';
	return `${Math.abs(p) >= 100 || Number.isInteger(p) ? p.toFixed(0) : p.toFixed(Math.abs(p) >= 10 ? 1 : 2)} %`;
}

const FORMATS = { seconds, bytes, ratio: percent, percent, rate, number };

/** The unit of a family: the declared one, else the suffix of its name. */
export function unitOf(name, declared) {
	if (declared && declared !== 'count') return declared;
	const found = /_(seconds|bytes|ratio)(_total)?$/.exec(name ?? '');
	return found ? found[1] : '';
}

/** Formats a value of a unit. */
export function inUnit(x, unit) {
	const format = FORMATS[unit];
	if (format) return format(x);
	return unit && !isNone(x) ? `${number(x)} ${unit}` : number(x);
}

export const inUnitPerSecond = (x, unit) => (isNone(x) ? '–' : `${inUnit(x, unit)}/s`);

export const clock = (t) => new Date(t * 1000).toLocaleTimeString('en-GB');
export const stamp = (iso) => (iso ? new Date(iso).toLocaleString('en-GB') : '–');

export function ago(iso) {
	const age = serverNow() - Date.parse(iso) / 1000;
	return age < 1 ? 'now' : `${span(age)} ago`;
}

export function until(iso) {
	const left = Date.parse(iso) / 1000 - serverNow();
	return left < 0 ? `${span(-left)} overdue` : `in ${span(left)}`;
}
