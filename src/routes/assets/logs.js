// Logs: the last lines at WARN and above, linked by request.

import { get } from './api.js';
import { badge, columns, fill, h, keyed, label, panel, problem, search, select, table, text } from './dom.js';
import { clock } from './format.js';

const MAX = 500;
const EVERY = 2000;

export default function render(root, context) {
	const { params } = context;
	const filter = search(context, 'Filter lines');
	const level = select('level', context);
	const count = h('span.muted', { role: 'status' });
	const request = h('span.row');
	const error = h('div');
	const none = h('p.muted');
	const { el, body } = table('Lines, the newest first', columns('Time|Level|Message|Target|Request'));
	el.classList.add('log');
	fill(root, panel('Lines', h('div.row', count, request, level, filter.el), error, el, none));

	let lines = [];
	let next = null;
	let ids = 0;
	let isReading = false;
	const controller = new AbortController();

	async function read() {
		if (isReading || context.isPaused() || document.hidden) return;
		isReading = true;
		try {
			const page = await get('/dashboard/logs', { signal: controller.signal, query: { after: next } });
			const isFirst = next === null;
			lines = [...lines, ...page.lines.map((line) => ({ line, id: ids += 1 }))].slice(-MAX);
			next = page.next;
			fill(error);
			if (isFirst || page.lines.length) show();
		} catch (refusal) {
			if (!controller.signal.aborted) fill(error, problem(refusal));
			context.refused(refusal);
		}
		isReading = false;
	}

	function show() {
		const query = params();
		level.value = query.get('level') ?? '';
		const id = query.get('request');
		fill(request, id ? h('a.button.small', { href: context.href('logs') }, `Request ${id} ✕`) : null);
		const matches = filter.matcher();
		const found = lines.filter(({ line }) => (!level.value || line.level === level.value) && (!id || line.request_id === id)
			&& matches(JSON.stringify(line))).reverse();
		text(count, `${found.length} of ${lines.length}`);
		text(none, lines.length ? (found.length ? '' : 'No line matches the filter.') : 'No line at WARN or above so far.');
		keyed(body, found, ({ id }) => id, node);
	}

	function node({ line }) {
		const fields = Object.entries(line.fields ?? {}).map(([name, value]) => label(`${name}=`, typeof value === 'string' ? value : JSON.stringify(value)));
		return h('tr', null,
			h('td.nowrap', h('time', { datetime: line.time, title: line.time }, clock(Date.parse(line.time) / 1000))),
			h('td', badge(line.level === 'ERROR' ? 'error' : 'warning', line.level)),
			h('td.message', line.message, ' ', h('span.labels', fields)),
			h('td.muted', line.target),
			h('td.nowrap', line.request_id ? h('a', { href: context.href('logs', { request: line.request_id }) }, line.request_id) : '', line.trace_id ? h('div.muted', { title: 'Trace' }, line.trace_id) : null));
	}

	read();
	const timer = setInterval(read, EVERY);
	return { moved: show, destroy() { clearInterval(timer); controller.abort(); } };
}
