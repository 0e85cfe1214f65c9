// The shell: sign-in, views, the time range, pause, theme and keys.

import { hasToken, isMounted, readConfig, signIn, signOut } from './api.js';
import { attr, badge, dialog, empty, fill, h, keyed, template, text, tick, toast } from './dom.js';
import { connect } from './stream.js';
import { apply, backfill, clear, freeze, store } from './store.js';

/** How often the token is checked. */
const CHECK = 15_000;

const $ = (id) => document.getElementById(id);
/** The links to the views. */
const LINKS = [...$('nav').children];
const saved = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
const save = (key, value) => { try { localStorage.setItem(key, value); } catch { /* The choice holds until a reload. */ } };

let view = null;
let stream = null;
let checking;
let isPaused = false;
let isDirty = false;
let isLive = false;
/** Counts sign-outs, because an answer may come after one. */
let session = 0;
let areKeysOn = saved('tower-vitals-keys') !== 'off';

// The address, `#/view?name=value`, is the whole state of the page.

function place() {
	const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
	const link = LINKS.find(({ dataset }) => dataset.view === path) ?? LINKS[0];
	return { id: link.dataset.view, link, params: new URLSearchParams(query) };
}

const range = () => ({ 1: 60, 5: 300 })[place().params.get('range')] ?? 900;

/** The address of a view with the range kept. */
function href(id, params = {}) {
	const query = new URLSearchParams();
	const { params: now } = place();
	for (const [key, value] of Object.entries({ range: now.get('range'), ...params })) if (value) query.set(key, value);
	const string = query.toString();
	return `#/${id}${string ? `?${string}` : ''}`;
}

const context = {
	store,
	range,
	href,
	params: () => place().params,
	/** Changes parameters of the view, without an entry in the history. */
	set(changes) {
		const { id, params } = place();
		const next = href(id, { ...Object.fromEntries(params), ...changes });
		if (next === location.hash) return;
		history.replaceState(null, '', next);
		view?.part.moved?.();
		links();
	},
	isPaused: () => isPaused,
	refused,
};

/** A script that failed gets another address, because browsers keep the failure. */
let tries = 0;
const load = (id) => import(`./${id}.js${tries ? `?${tries}` : ''}`);

async function route() {
	if (!store.config) return;
	const { id, link } = place();
	links();
	if (view?.id === id) {
		view.part.moved?.();
		view.part.frame?.();
		return;
	}
	view?.part.destroy?.();
	const title = link.firstChild.data;
	const { route: needed } = link.dataset;
	const own = view = { id, part: {} };
	const loaded = await load(id).catch(() => null);
	if (view !== own) return;
	const root = h('div', { class: `view ${id}` });
	fill($('view'), h('h1', title), root);
	document.title = `${title} – ${store.config.service ?? 'dashboard'}`;
	if (!loaded) {
		view = null;
		tries += 1;
		fill(root, template('not-loaded'));
		root.querySelector('button').addEventListener('click', route);
	} else if (needed && !isMounted(needed)) fill(root, empty(id));
	else own.part = loaded.default(root, context) ?? {};
	own.part.frame?.();
}

function links() {
	const { id } = place();
	for (const link of LINKS) {
		attr(link, 'href', href(link.dataset.view));
		attr(link, 'aria-current', link.dataset.view === id ? 'page' : null);
	}
	const minutes = String(range() / 60);
	for (const button of document.querySelectorAll('[data-range]')) attr(button, 'aria-pressed', String(button.dataset.range === minutes));
}

function onFrame(frame) {
	apply(frame);
	if (isDirty) return;
	isDirty = true;
	requestAnimationFrame(() => {
		isDirty = false;
		if (!isPaused) draw();
	});
}

function draw() {
	const all = store.overview;
	if (!all) return;
	text($('version'), all.version ?? '');
	keyed($('status'), all.status ? [all.status] : [], String, (status) => badge(status));
	keyed($('firing'), all.firing ? [all.firing] : [], String, (n) => h('span', { 'aria-label': `${n} firing` }, n));
	view?.part.frame?.();
}

/** Says how the connection is. */
function tell(state, words) {
	text($('connection'), words);
	attr($('connection'), 'data-state', state);
	document.body.classList.toggle('lost', state === 'lost');
}

const tellLive = () => (isPaused ? tell('paused', 'Paused') : tell('live', 'Live'));

function onState(state, seconds, error) {
	const wasLive = isLive;
	isLive = state === 'live';
	if (state === 'lost') {
		const cause = error?.takesToken !== undefined ? 'Refused' : store.health?.is_draining ? 'Draining' : 'Connection lost';
		tell(state, `${cause}, next try in ${Math.max(1, Math.round(seconds))} s`);
		refused(error);
	} else if (!isLive) tell(state, 'Connecting');
	else if (!wasLive) {
		tellLive();
		fillHistory();
		if (!view) route();
	}
}

/** Also after a lost connection, because frames are missing then. */
const fillHistory = () => backfill().then(() => { if (!isPaused) draw(); }).catch(refused);

setInterval(() => { if (!isPaused) tick(); }, 1000);

/** Reads the names of metrics again, which may be found later, and the paths, which a new build may change. */
async function renew(signal) {
	const own = session;
	const config = await readConfig(signal).catch((error) => { if (own === session) throw error; });
	if (own !== session) return;
	store.config = config;
	text($('service'), config.service ?? 'Dashboard');
}

/** Removes all data from the page if the token is no longer valid. */
async function refused(error) {
	if (error?.takesToken !== undefined) await renew().catch(leave);
}

/** Removes all data from the page. */
function forget() {
	session += 1;
	stream?.();
	stream = null;
	clearInterval(checking);
	signOut();
	view?.part.destroy?.();
	view = null;
	clear();
	if (isPaused) pause();
	for (const open of document.querySelectorAll('dialog')) open.close();
	$('tools').hidden = $('nav').hidden = true;
	keyed($('status'), []);
	keyed($('firing'), []);
	text($('version'), '');
	text($('service'), 'Dashboard');
	document.title = 'Dashboard';
	tell('denied', 'Not signed in');
	fill($('view'));
}

function leave(refusal) {
	if (refusal.takesToken === undefined) return;
	const message = hasToken() ? 'The token is not accepted.' : '';
	forget();
	fill($('view'), refusal.takesToken ? signInForm(message) : template('no-access'));
	if (!refusal.takesToken) text($('view').querySelector('.muted'), refusal.message);
	$('token')?.focus();
}

function signInForm(message) {
	const form = template('sign-in');
	const [input, keep] = form.querySelectorAll('input');
	const error = form.querySelector('.problem');
	text(error, message);
	form.addEventListener('submit', async (event) => {
		event.preventDefault();
		const value = input.value.trim();
		// A header holds no other characters.
		if (!/^[\x21-\x7e]+$/.test(value)) return text(error, 'A token has no spaces and no special letters.');
		signIn(value, keep.checked);
		input.value = '';
		try {
			await start();
		} catch (problem) {
			signOut();
			text(error, problem.message);
			input.focus();
		}
	});
	return form;
}

async function start() {
	await renew();
	if (!store.config) return;
	$('tools').hidden = $('nav').hidden = false;
	$('sign-out').hidden = !hasToken();
	stream?.();
	isLive = false;
	stream = connect(onFrame, onState, renew);
	clearInterval(checking);
	checking = setInterval(() => { if (!document.hidden) renew().catch(leave); }, CHECK);
	view = null;
	await route();
}

async function boot() {
	try {
		await start();
	} catch (error) {
		if (error.takesToken !== undefined) return leave(error);
		tell('lost', 'Connection lost');
		fill($('view'), h('div.empty', { role: 'alert' }, h('p', h('strong', 'The service does not answer')),
			h('p', `${error.message} The page tries again every 3 s.`)));
		setTimeout(boot, 3000);
	}
}

function pause() {
	isPaused = !isPaused;
	attr($('pause'), 'aria-pressed', String(isPaused));
	text($('pause'), isPaused ? 'Resume' : 'Pause');
	freeze(isPaused);
	if (isLive) tellLive();
	if (!isPaused) { tick(); draw(); }
}

const setRange = (minutes) => { context.set({ range: minutes === '15' ? null : minutes }); view?.part.frame?.(); };

const THEMES = ['auto', 'light', 'dark'];
function setTheme(name) {
	if (name === 'auto') delete document.documentElement.dataset.theme;
	else document.documentElement.dataset.theme = name;
	text($('theme'), `Theme: ${name}`);
	dispatchEvent(new Event('theme'));
}
const nextTheme = () => {
	const now = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? 'auto') + 1) % 3];
	save('tower-vitals-theme', now);
	setTheme(now);
};

function help() {
	if (document.querySelector('dialog')) return;
	const list = template('keys');
	const toggle = list.querySelector('input');
	toggle.checked = areKeysOn;
	toggle.addEventListener('change', () => { areKeysOn = toggle.checked; save('tower-vitals-keys', areKeysOn ? 'on' : 'off'); });
	list.querySelector('button').addEventListener('click', dialog('Keyboard shortcuts', list));
}

addEventListener('keydown', (event) => {
	const target = event.target;
	if (event.key === 'Escape' && target.matches?.('input[type=search]')) { target.blur(); return; }
	if (event.ctrlKey || event.metaKey || event.altKey || target.closest?.('input:not([type=checkbox]), select, textarea, dialog')) return;
	if (!areKeysOn || !store.config) return;
	const link = LINKS[Number(event.key) - 1];
	if (link) location.hash = href(link.dataset.view);
	else if (event.key === 'p') pause();
	else if (event.key === 'r') setRange({ 60: '5', 300: '15', 900: '1' }[range()]);
	else if (event.key === 't') nextTheme();
	else if (event.key === '?') help();
	else if (event.key === '/' && $('view').querySelector('input[type=search]')) {
		event.preventDefault();
		$('view').querySelector('input[type=search]').focus();
	}
});

document.querySelector('.skip').addEventListener('click', (event) => { event.preventDefault(); $('view').focus(); });
$('pause').addEventListener('click', pause);
$('theme').addEventListener('click', nextTheme);
$('help').addEventListener('click', help);
$('sign-out').addEventListener('click', () => { forget(); boot().then(() => toast('Signed out.')); });
for (const button of document.querySelectorAll('[data-range]')) button.addEventListener('click', () => setRange(button.dataset.range));
addEventListener('hashchange', route);
setTheme(THEMES.includes(saved('tower-vitals-theme')) ? saved('tower-vitals-theme') : 'auto');
boot();
