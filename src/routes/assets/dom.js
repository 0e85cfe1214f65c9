// Builds DOM nodes. Data only ever becomes text, never HTML.

import { ago, until } from './format.js';

/** Creates an element, like `h('p.muted', { title }, 'text')`. Children are nodes or texts; `onclick` is a listener. */
export function h(spec, props, ...children) {
	const [tag, ...classes] = spec.split('.');
	const el = document.createElement(tag);
	if (classes.length) el.className = classes.join(' ');
	if (props !== null && (typeof props !== 'object' || Array.isArray(props) || props instanceof Node)) append(el, [props]);
	else {
		for (const [name, value] of Object.entries(props ?? {})) {
			if (value === null || value === undefined || value === false) continue;
			if (name === 'class') el.className = value;
			else if (name.startsWith('on')) el.addEventListener(name.slice(2), value);
			else el.setAttribute(name, value === true ? '' : value);
		}
	}
	append(el, children);
	return el;
}

function append(el, children) {
	for (const child of children.flat(Infinity)) {
		if (child === null || child === undefined || child === false) continue;
		el.append(child instanceof Node ? child : String(child));
	}
}

/** Replaces the children. */
export function fill(el, ...children) {
	el.replaceChildren();
	append(el, children);
	return el;
}

/** Writes a text only if it changed, because a write costs a layout. */
export function text(el, value) {
	if (el.textContent !== value) el.textContent = value;
}

export function attr(el, name, value) {
	if (value === null) el.removeAttribute(name);
	else if (el.getAttribute(name) !== value) el.setAttribute(name, value);
}

const nameOf = (el) => el.getAttribute('aria-label') ?? el.textContent;

/** Shows one node per item, built again if its item changed. The focus stays on the control of the same name. */
export function keyed(parent, items, key, build) {
	const old = parent.nodesByKey ?? new Map();
	const nodes = new Map();
	for (const item of items) {
		const name = key(item);
		const signature = JSON.stringify(item);
		let entry = old.get(name);
		if (!entry || entry.signature !== signature) {
			const focused = entry?.node.contains(document.activeElement) && nameOf(document.activeElement);
			const node = build(item);
			if (entry) entry.node.replaceWith(node);
			if (focused) [...node.querySelectorAll('a, button, [tabindex]')].find((el) => nameOf(el) === focused)?.focus();
			entry = { node, signature };
		}
		nodes.set(name, entry);
	}
	for (const [name, entry] of old) if (!nodes.has(name)) entry.node.remove();
	let at = parent.firstChild;
	for (const { node } of nodes.values()) {
		if (node === at) at = at.nextSibling;
		else parent.insertBefore(node, at);
	}
	parent.nodesByKey = nodes;
}

/** A time that tells its distance from now and keeps doing so. */
export function ticking(time, kind = 'ago') {
	if (!time) return h('span.muted', '–');
	const el = h('time', { datetime: time, title: new Date(time).toLocaleString(), 'data-rel': kind });
	el.textContent = kind === 'ago' ? ago(time) : until(time);
	return el;
}

/** Brings all ticking times up to date. */
export function tick() {
	for (const el of document.querySelectorAll('time[data-rel]')) {
		text(el, el.dataset.rel === 'ago' ? ago(el.dateTime) : until(el.dateTime));
	}
}

const MARKS = {
	healthy: ['ok', '✓'], success: ['ok', '✓'], ok: ['ok', '✓'],
	degraded: ['warn', '!'], pending: ['warn', '…'], warning: ['warn', '!'], late: ['warn', '!'], lost: ['warn', '?'],
	unhealthy: ['bad', '✕'], failed: ['bad', '✕'], firing: ['bad', '●'], critical: ['bad', '●'], error: ['bad', '✕'],
	running: ['info', '▸'], draining: ['warn', '!'], silenced: ['off', '∅'],
};

/** A status as mark and word, because color alone does not reach everybody. */
export function badge(status, label = status) {
	const [tone, mark] = MARKS[status] ?? ['off', '·'];
	return h('span', { class: `badge ${tone}` }, h('span.mark', { 'aria-hidden': 'true' }, mark), label);
}

/** The tone of a status: ok, warn, bad, info or off. */
export const tone = (status) => MARKS[status]?.[0] ?? 'off';

export const label = (name, value) => h('span.label', name, h('b', value));
export const labels = (map) => h('span.labels', Object.entries(map).map(([name, value]) => label(`${name}=`, value)));

/** A panel with a heading and controls beside it. */
export const panel = (title, tools, ...children) => h('section.panel', h('div.panel-head', h('h2', title), tools), children);

/** A copy of a template of the page. */
export const template = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

/** The hint of a view that has nothing to show. */
export const empty = (name) => template(`empty-${name}`);

export const problem = (error) => h('p.problem', { role: 'alert' }, error.message);

export const muted = (...children) => h('span.muted', children);

/** A box that scrolls, also by keys. */
export const region = (name, spec, ...children) => h(`div.scroll${spec}`, { tabindex: '0', role: 'region', 'aria-label': name }, children);

/** Columns of a table from their titles: `#` stands before numbers, `~` before cells that do not wrap. */
export const columns = (titles) => titles.split('|').map((title) => [title.replace(/^[#~]/, ''), { '#': 'num', '~': 'nowrap' }[title[0]]]);

export const headCells = (own) => own.map(([title, cls]) => h('th', { scope: 'col', class: cls }, title));

/** A table with a header row. */
export function table(caption, own) {
	const body = h('tbody');
	return { el: region(caption, '', h('table', h('caption.hidden', caption), h('thead', h('tr', headCells(own))), body)), body };
}

export const figures = (entries) => entries.map(([name, value, id]) => h('div', h('dt', name), h('dd', { 'data-figure': id }, value)));

/** A search field that keeps its text in the address. */
export function search(context, name) {
	const el = h('input', { type: 'search', placeholder: 'Filter', 'aria-label': name, oninput: () => context.set({ q: el.value }) });
	return {
		el,
		/** Returns whether a text holds all words. */
		matcher() {
			const query = context.params().get('q') ?? '';
			if (document.activeElement !== el) el.value = query;
			const words = query.toLowerCase().split(/\s+/).filter(Boolean);
			return (string) => words.every((word) => string.toLowerCase().includes(word));
		},
	};
}

/** A choice that is kept in the address. */
export function select(name, context) {
	const el = template(`select-${name}`);
	el.addEventListener('change', () => context.set({ [name]: el.value }));
	return el;
}

export const row = (own, cells, props) => h('tr', props, cells.map((cell, i) => h('td', { class: own[i][1] }, cell)));

/** Marks of the outcomes, oldest first, as one image with a name. */
export function strip(outcomes, name) {
	const counts = {};
	for (const [, status] of outcomes) counts[status] = (counts[status] ?? 0) + 1;
	const told = Object.entries(counts).map(([status, n]) => `${n} ${status}`).join(', ');
	return h('span.strip', { role: 'img', 'aria-label': `${name}: ${told || 'nothing yet'}` },
		outcomes.map(([title, status]) => h('i', { class: tone(status), title: `${title} ${status}` })));
}

let toastTimer;
export function toast(message) {
	const el = document.getElementById('toast');
	text(el, message);
	el.classList.add('shown');
	clearTimeout(toastTimer);
	toastTimer = setTimeout(() => { el.classList.remove('shown'); el.textContent = ''; }, 6000);
}

/** Opens a modal dialog, and returns the focus when it is closed. */
export function dialog(title, content) {
	const opener = document.activeElement;
	const el = h('dialog', { 'aria-labelledby': 'dialog-title' }, h('h2', { id: 'dialog-title' }, title), content);
	document.body.append(el);
	el.addEventListener('close', () => {
		el.remove();
		if (opener?.isConnected) opener.focus();
	});
	el.showModal();
	return () => el.close();
}
