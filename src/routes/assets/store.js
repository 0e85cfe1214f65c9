// What the page knows: the newest frame, and the last 15 minutes of all requests.

import { get, isMounted } from './api.js';
import { setServerTime } from './format.js';

export const WINDOW = 900;

/** The unit and the help of families, by name. */
let about = {};

/** Reads them, unless all are known. */
export async function describe(signal) {
	const rows = [...store.families.values()];
	if (rows.every(({ name }) => name in about)) return;
	about = {};
	for (const [name, [unit, help]] of Object.entries(await get('/dashboard/families', { signal }))) about[name] = { unit, help };
	for (const row of rows) Object.assign(row, about[row.name]);
}

export const store = {
	config: null,
	overview: null,
	/** Rows by "method endpoint". */
	endpoints: new Map(),
	families: new Map(),
	health: null,
	runtime: {},
	slots: {},
	time: 0,
	/** `[time, 2xx, 3xx, 4xx, 5xx, p50, p95, p99, in flight]`, the oldest first. */
	ticks: [],
	heat: null,
	/** `[time, figures of the runtime]`, since the page opened. */
	runtimes: [],
	/** Results of checks since the page opened. */
	checks: new Map(),
};

/** Forgets all data, because it needs a token again. */
export function clear() {
	Object.assign(store, { config: null, overview: null, health: null, runtime: {}, slots: {}, time: 0, heat: null });
	store.endpoints.clear();
	store.families.clear();
	store.checks.clear();
	store.ticks = [];
	store.runtimes = [];
	about = {};
}

const named = (row, columns) => Object.fromEntries(columns.map((name, i) => [name, row[i]]));

export function apply(frame) {
	if (!store.config) return;
	store.time = frame.time;
	setServerTime(frame.time);
	if (frame.full) {
		store.endpoints.clear();
		store.families.clear();
	}
	if (frame.overview) store.overview = frame.overview;
	const { columns } = store.config;
	for (const cells of frame.endpoints ?? []) {
		const row = named(cells, columns.endpoints);
		row.key = `${row.method} ${row.endpoint}`;
		store.endpoints.set(row.key, row);
	}
	for (const [method, endpoint] of frame.gone ?? []) store.endpoints.delete(`${method} ${endpoint}`);
	for (const cells of frame.families ?? []) {
		const row = named(cells, columns.families);
		store.families.set(row.name, { ...about[row.name], ...row });
	}
	if (frame.health !== undefined && frame.health !== null) noteHealth(frame.health);
	if (frame.runtime) {
		store.runtime = { ...store.runtime, ...frame.runtime };
		store.runtimes.push([frame.time, store.runtime]);
		trim(store.runtimes, frame.time);
	}
	if (frame.slots) store.slots = frame.slots;
	pushTick(frame);
}

/** Takes the health of a frame, or a report of /health/detailed. */
export function noteHealth({ checks, status, ...report }) {
	if (checks) Object.assign(report, { results: checks, overall_status: status });
	store.health = { ...store.health, ...report };
	for (const { name, status, timestamp } of report.results ?? []) {
		const known = store.checks.get(name) ?? [];
		const time = Date.parse(timestamp) / 1000;
		if (known.at(-1)?.[0] !== time) known.push([time, status]);
		store.checks.set(name, known.slice(-60));
	}
}

function pushTick(frame) {
	const all = frame.overview;
	// The rates of the first frame of all are unknown.
	if (!all || !frame.seconds) return;
	const sums = [0, 0, 0, 0];
	for (const row of store.endpoints.values()) {
		sums[0] += row.rate_2xx;
		sums[1] += row.rate_3xx;
		sums[2] += row.rate_4xx;
		sums[3] += row.rate_5xx;
	}
	if (store.ticks.at(-1)?.[0] >= frame.time) return;
	store.ticks.push([frame.time, ...sums, all.p50, all.p95, all.p99, all.in_flight]);
	trim(store.ticks, frame.time);
}

function trim(ticks, now) {
	let old = 0;
	while (old < ticks.length && ticks[old][0] < now - WINDOW) old += 1;
	if (old) ticks.splice(0, old);
}

/** Reads the requests of the last minutes from the server, of one endpoint or of all. */
export async function readHistory(row, window = WINDOW, signal) {
	if (!isMounted('/dashboard/history') || store.config?.has?.history === false) return null;
	const query = { window, method: row?.method, endpoint: row?.endpoint };
	return get('/dashboard/history', { query, signal });
}

/** Puts the server's history before the ticks that came since the stream opened. */
export async function backfill() {
	const history = await readHistory(null);
	if (!history) return;
	const first = history.ticks.at(-1)?.[0] ?? 0;
	store.ticks = [...history.ticks, ...store.ticks.filter(([time]) => time > first)];
	store.heat = history;
}
