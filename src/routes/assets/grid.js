// A sortable table that keeps only the rows in sight in the document.

import { attr, h, region, text } from './dom.js';
import { isNone } from './format.js';

const ROW = 32;
const MARGIN = 8;

/** `columns`: `{ id, title, cls, value(row), format(value, row), isText, href(row) }`. The order is in the address, else by `sorted`. */
export function grid(context, { caption, columns, key, sorted, selected }) {
	const buttons = new Map();
	const heads = columns.map((column) => {
		const button = h('button', { type: 'button', onclick: () => sortBy(column) }, column.title, h('span.arrow', { 'aria-hidden': 'true' }));
		const head = h('th', { scope: 'col', class: column.cls }, button);
		buttons.set(column.id, { head, button });
		return head;
	});
	const above = h('tr.spacer', { 'aria-hidden': 'true' }, h('td'));
	const below = h('tr.spacer', { 'aria-hidden': 'true' }, h('td'));
	const body = h('tbody', above, below);
	const el = region(caption, '.grid',
		h('table', h('caption.hidden', caption), h('thead', h('tr', { 'aria-rowindex': '1' }, heads)), body));
	const tableEl = el.firstChild;
	const pool = [];
	let rows = [];
	let isPrinted = false;

	function order() {
		const params = context.params();
		const column = columns.find(({ id }) => id === (params.get('sort') ?? sorted)) ?? columns[0];
		return { column, isDown: params.has('dir') ? params.get('dir') === 'desc' : !column.isText };
	}

	function sortBy(column) {
		const now = order();
		context.set({ sort: column.id, dir: (now.column === column ? !now.isDown : !column.isText) ? 'desc' : 'asc' });
	}

	function makeRow() {
		const cells = columns.map((column) => {
			const inner = column.href ? h('a', null) : null;
			return { td: h('td', { class: column.cls }, inner), inner };
		});
		const node = h('tr', cells.map(({ td }) => td));
		pool.push({ node, cells });
		body.insertBefore(node, below);
	}

	function render() {
		const visible = isPrinted ? rows.length : Math.ceil((el.clientHeight || 600) / ROW) + 2 * MARGIN;
		const count = Math.min(rows.length, visible);
		while (pool.length < count) makeRow();
		while (pool.length > count) pool.pop().node.remove();
		const first = isPrinted ? 0 : Math.max(0, Math.min(Math.floor(el.scrollTop / ROW) - MARGIN, rows.length - count));
		size(above, first * ROW);
		size(below, (rows.length - first - count) * ROW);
		for (let i = 0; i < count; i += 1) {
			const item = rows[first + i];
			const { node, cells } = pool[i];
			attr(node, 'aria-rowindex', String(first + i + 2));
			attr(node, 'class', key(item) === selected() ? 'selected' : null);
			columns.forEach((column, k) => {
				const { td, inner } = cells[k];
				const value = column.value(item);
				text(inner ?? td, column.format ? column.format(value, item) : String(value ?? '–'));
				if (inner) { attr(inner, 'href', column.href(item)); attr(inner, 'title', inner.textContent); }
				if (column.tone) attr(td, 'data-tone', column.tone(value, item) || null);
			});
		}
	}

	function size(spacer, height) {
		spacer.hidden = height === 0;
		spacer.firstChild.style.height = `${height}px`;
	}

	let pending = 0;
	const later = () => { pending ||= requestAnimationFrame(() => { pending = 0; render(); }); };
	el.addEventListener('scroll', later, { passive: true });
	const observer = new ResizeObserver(later);
	observer.observe(el);
	const print = ({ type }) => { isPrinted = type === 'beforeprint'; render(); };
	addEventListener('beforeprint', print);
	addEventListener('afterprint', print);

	return {
		el,
		set(items) {
			const { column, isDown } = order();
			const sign = isDown ? -1 : 1;
			// Unknown values sort last, and equal ones keep one order.
			rows = items.map((item) => [column.value(item), item]).sort(([a, x], [b, y]) => {
				const none = isNone(a) - isNone(b);
				if (none) return none;
				if (a !== b && !isNone(a)) return (a < b ? -1 : 1) * sign;
				return key(x) < key(y) ? -1 : 1;
			}).map(([, item]) => item);
			for (const [id, { head, button }] of buttons) {
				const is = id === column.id;
				attr(head, 'aria-sort', is ? (isDown ? 'descending' : 'ascending') : null);
				text(button.lastChild, is ? (isDown ? '▼' : '▲') : '');
			}
			attr(tableEl, 'aria-rowcount', String(rows.length + 1));
			render();
		},
		destroy() {
			observer.disconnect();
			cancelAnimationFrame(pending);
			removeEventListener('beforeprint', print);
			removeEventListener('afterprint', print);
		},
	};
}
