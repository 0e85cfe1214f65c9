// Requests to the service. The token lives here and travels in a header only.

const KEPT = 'tower-vitals-token';
/** A connection may hang after the machine slept. */
const LONGEST = 15_000;
let token = null;
let paths = {};
let prefix = '';

/** Where storage is forbidden, the token lives in memory alone. */
const stored = (act) => { try { return act(sessionStorage); } catch { return null; } };
token = stored((tab) => tab.getItem(KEPT));

/** A refusal; a token would help or not. */
export class Denied extends Error {
	constructor(message, takesToken) {
		super(message);
		this.takesToken = takesToken;
	}
}

/** An answer that is a problem (RFC 9457). */
export class Problem extends Error {
	constructor(status, message) {
		super(message);
		this.status = status;
	}
}

export const hasToken = () => token !== null;

export function signIn(value, isKept) {
	token = value;
	stored((tab) => (isKept ? tab.setItem(KEPT, value) : tab.removeItem(KEPT)));
}

export function signOut() {
	token = null;
	stored((tab) => tab.removeItem(KEPT));
}

/** The address of the config, which is relative to the page's own. */
const configUrl = new URL(document.querySelector('meta[name=config]').content, location.href);

export async function readConfig(signal) {
	const config = await (await send(configUrl, { signal })).json();
	paths = config.paths;
	const own = location.pathname.replace(/\/$/, '');
	const mounted = paths['/dashboard'] ?? '/dashboard';
	prefix = own.endsWith(mounted) ? own.slice(0, -mounted.length) : '';
	return config;
}

export const isMounted = (path) => path in paths;

/** Whether a route is one of this page or beside it. */
export const isOwn = (endpoint) => Object.values(paths).some((path) => prefix + path === endpoint);

function urlOf(path, name, query) {
	const mounted = (paths[path] ?? path).replace('{name}', encodeURIComponent(name ?? ''));
	const url = new URL(prefix + mounted, location.origin);
	for (const [key, value] of Object.entries(query ?? {})) {
		if (value !== null && value !== undefined && value !== '') url.searchParams.append(key, value);
	}
	return url;
}

async function send(url, options = {}) {
	const headers = { ...options.headers };
	if (token !== null) headers.authorization = `Bearer ${token}`;
	// A stream has its own watchdog.
	const signals = [options.signal, headers.accept ? null : AbortSignal.timeout(LONGEST)].filter(Boolean);
	const response = await fetch(url, { ...options, signal: AbortSignal.any(signals), headers, cache: 'no-store', redirect: 'manual' });
	if (response.ok) return response;
	// A proxy whose session has ended sends to its own form.
	if (response.type === 'opaqueredirect') throw new Denied(`${url.pathname} leads to another page.`, false);
	const body = await response.text();
	let detail = '';
	try { detail = JSON.parse(body).detail ?? ''; } catch { /* A proxy answered. */ }
	detail ||= `${url.pathname} answered ${response.status}.`;
	if (response.status === 401 || response.status === 403) {
		throw new Denied(detail, /bearer/i.test(response.headers.get('www-authenticate') ?? ''));
	}
	throw new Problem(response.status, detail);
}

/** Reads JSON from a route by its default path; `none` if there is nothing of that name. */
export async function get(path, { name, query, signal, none } = {}) {
	try {
		return (await send(urlOf(path, name, query), { signal })).json();
	} catch (refusal) {
		if (none === undefined || refusal.status !== 404) throw refusal;
		return none;
	}
}

export async function post(path, name, body) {
	const response = await send(urlOf(path, name), {
		method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body ?? {}),
	});
	return response.json();
}

/** Opens the event stream. */
export async function open(path, signal) {
	return (await send(urlOf(path), { signal, headers: { accept: 'text/event-stream' } })).body;
}
