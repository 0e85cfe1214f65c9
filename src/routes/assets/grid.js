// A sortable table that keeps only the rows in sight in the document.

import { attr, h, text } from './dom.js';

const ROW = 32;
const MARGIN = 8;

/**
 * `columns`: `{ id, title, hint, cls, value(row), format(value, row), isText, href(row) }`. `onSort` gets the column's id
 * and the direction.
 */
export function grid({ caption, columns, onSort, key, rowClass, height }) {
	const buttons = new Map();
	const heads = columns.map((column) => {
		const button = h('button', { type: 'button', title: column.hint, onclick: () => sortBy(column) }, column.title, h('span.arrow', { 'aria-hidden': 'true' }));
		const head = h('th', { scope: 'col', class: column.cls }, button);
		buttons.set(column.id, { head, button });
		return head;
	});
	const above = h('tr.spacer', { 'aria-hidden': 'true' }, h('td'));
	const below = h('tr.spacer', { 'aria-hidden': 'true' }, h('td'));
	const body = h('tbody', above, below);
	const el = h('div', { class: `scroll grid ${height ?? ''}`, tabindex: '0', role: 'region', 'aria-label': caption },
		h('table', h('caption.hidden', caption), h('thead', h('tr', { 'aria-rowindex': '1' }, heads)), body));
	const tableEl = el.firstChild;
	const pool = [];
	let rows = [];
	let sort = { id: columns[0].id, isDown: false };
	let isPrinted = false;

	function sortBy(column) {
		const isDown = sort.id === column.id ? !sort.isDown : !column.isText;
		onSort(column.id, isDown);
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
			attr(node, 'class', rowClass?.(item) || null);
			columns.forEach((column, k) => {
				const { td, inner } = cells[k];
				const value = column.value(item);
				text(inner ?? td, column.format ? column.format(value, item) : String(value ?? '–'));
				if (inner) { attr(inner, 'href', column.href(item)); attr(inner, 'title', inner.textContent); }
				if (column.tone) attr(td, 'data-tone', column.tone(value, item) || null);
			});
		}
	}

	/** A spacer without height is out of the layout, so that rows keep their stripes. */
	function size(spacer, height) {
		spacer.hidden = height === 0;
		spacer.firstChild.style.height = `${height}px`;
	}

	let pending = 0;
	const later = () => { pending ||= requestAnimationFrame(() => { pending = 0; render(); }); };
	el.addEventListener('scroll', later, { passive: true });
	const observer = new ResizeObserver(later);
	observer.observe(el);
	const print = (is) => () => { isPrinted = is; render(); };
	const [before, after] = [print(true), print(false)];
	addEventListener('beforeprint', before);
	addEventListener('afterprint', after);

	return {
		el,
		set(items, by) {
			sort = by;
			const column = columns.find(({ id }) => id === sort.id) ?? columns[0];
			const sign = sort.isDown ? -1 : 1;
			// Nothing known sorts last, and equal values keep one order.
			rows = items.map((item) => [column.value(item), item]).sort(([a, x], [b, y]) => {
				const none = (a === null || a === undefined) - (b === null || b === undefined);
				if (none) return none;
				if (a !== b && a !== null && a !== undefined) return (a < b ? -1 : 1) * sign;
				return key(x) < key(y) ? -1 : 1;
			}).map(([, item]) => item);
			for (const [id, { head, button }] of buttons) {
				const is = id === column.id;
				attr(head, 'aria-sort', is ? (sort.isDown ? 'descending' : 'ascending') : null);
				text(button.lastChild, is ? (sort.isDown ? '▼' : '▲') : '');
			}
			attr(tableEl, 'aria-rowcount', String(rows.length + 1));
			render();
		},
		destroy() {
			observer.disconnect();
			cancelAnimationFrame(pending);
			removeEventListener('beforeprint', before);
			removeEventListener('afterprint', after);
		},
	};
}
