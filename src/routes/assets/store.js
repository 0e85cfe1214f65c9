// The data of the page: the newest frame, and the last 15 minutes of all requests.

import { get, isMounted } from './api.js';
import { setServerTime } from './format.js';

const WINDOW = 900;

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

const nothing = () => ({
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
	/** `[time, figures of the runtime]`, since the page opened. */
	runtimes: [],
	/** Results of checks since the page opened. */
	checks: new Map(),
});
let live = nothing();
let isFrozen = false;

/** The data that views show: the newest, or those of the moment of the pause. */
export const store = { config: null, ...live };

export function freeze(is) {
	isFrozen = is;
	// Frames change the live data in place.
	for (const [name, value] of Object.entries(live)) store[name] = !is ? value : value instanceof Map ? new Map(value) : Array.isArray(value) ? [...value] : value;
}

/** Forgets all data, because it needs a token again. */
export function clear() {
	live = nothing();
	Object.assign(store, { config: null }, live);
	about = {};
}

const named = (row, columns) => Object.fromEntries(columns.map((name, i) => [name, row[i]]));

export function apply(frame) {
	if (!store.config) return;
	// The server's clock was set back.
	if (frame.time < live.time - 5) Object.assign(live, { ticks: [], runtimes: [] });
	live.time = frame.time;
	setServerTime(frame.time);
	if (frame.full) {
		live.endpoints.clear();
		live.families.clear();
	}
	if (frame.overview) live.overview = frame.overview;
	const { columns } = store.config;
	for (const cells of frame.endpoints ?? []) {
		const row = named(cells, columns.endpoints);
		row.key = `${row.method} ${row.endpoint}`;
		live.endpoints.set(row.key, row);
	}
	for (const [method, endpoint] of frame.gone ?? []) live.endpoints.delete(`${method} ${endpoint}`);
	for (const cells of frame.families ?? []) {
		const row = named(cells, columns.families);
		live.families.set(row.name, { ...about[row.name], ...row });
	}
	if (frame.health) noteHealth(frame.health);
	if (frame.runtime) {
		live.runtime = { ...live.runtime, ...frame.runtime };
		live.runtimes.push([frame.time, live.runtime]);
		trim(live.runtimes, frame.time);
	}
	if (frame.slots) live.slots = frame.slots;
	pushTick(frame);
	if (!isFrozen) Object.assign(store, live);
}

function noteHealth(health) {
	live.health = health;
	for (const { name, status, timestamp } of health.checks) {
		const known = live.checks.get(name) ?? [];
		const time = Date.parse(timestamp) / 1000;
		if (known.at(-1)?.[0] !== time) live.checks.set(name, [...known, [time, status]].slice(-60));
	}
}

function pushTick(frame) {
	const all = frame.overview;
	// The rates of the first frame of all are unknown.
	if (!all || !frame.seconds) return;
	const sums = [0, 0, 0, 0];
	for (const row of live.endpoints.values()) {
		sums[0] += row.rate_2xx;
		sums[1] += row.rate_3xx;
		sums[2] += row.rate_4xx;
		sums[3] += row.rate_5xx;
	}
	if (live.ticks.at(-1)?.[0] >= frame.time) return;
	live.ticks.push([frame.time, ...sums, all.p50, all.p95, all.p99, all.in_flight]);
	trim(live.ticks, frame.time);
}

function trim(ticks, now) {
	let old = 0;
	while (old < ticks.length && ticks[old][0] < now - WINDOW) old += 1;
	if (old) ticks.splice(0, old);
}

/** Reads the requests of the last minutes from the server, of one endpoint or of all. */
export async function readHistory(row, signal) {
	if (!isMounted('/dashboard/history') || store.config?.has?.history === false) return null;
	return get('/dashboard/history', { query: { window: WINDOW, method: row?.method, endpoint: row?.endpoint }, signal });
}

/** Puts the server's history before the ticks that came since the stream opened. */
export async function backfill() {
	const history = await readHistory(null);
	if (!history) return;
	const first = history.ticks.at(-1)?.[0] ?? 0;
	live.ticks = [...history.ticks, ...live.ticks.filter(([time]) => time > first)];
	if (!isFrozen) store.ticks = live.ticks;
}
