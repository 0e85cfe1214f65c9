// Acts of people: dialogs with confirmation, and the clipboard.

import { post } from './api.js';
import { dialog, h, template, text, toast } from './dom.js';

/** The name that the person gave last. It stays in memory. */
let person = '';

/** A dialog that confirms an act: the form of the template, which also names the route and the words. A problem is shown in it. */
export function act(id, key, name, done) {
	const form = template(`act-${id}`);
	const { path, title, after } = form.dataset;
	const error = form.querySelector('.problem');
	const [cancel, submit] = form.querySelectorAll('button');
	const { by, for_seconds: seconds } = form.elements;
	if (by) by.value = person;
	const close = dialog(title.replace('{}', () => name), form);
	cancel.addEventListener('click', close);
	form.addEventListener('submit', async (event) => {
		event.preventDefault();
		const body = Object.fromEntries(new FormData(form));
		person = body.by ?? person;
		if (seconds) body.for_seconds = Number(seconds.value);
		if (body.note === '') body.note = null;
		submit.disabled = true;
		text(error, '');
		try {
			await post(path, key, body);
			close();
			toast(after.replace('{}', () => name));
			done();
		} catch (problem) {
			text(error, problem.message);
			submit.disabled = false;
		}
	});
	(person || !by ? submit : by).focus();
}

/** Copies a text, or shows it where the browser has no clipboard (plain HTTP). */
export async function copy(string) {
	try {
		await navigator.clipboard.writeText(string);
		toast('Copied as PromQL.');
	} catch {
		const area = h('textarea', { readonly: true, cols: 50, 'aria-label': 'PromQL' }, string);
		dialog('PromQL', h('form', { method: 'dialog', class: 'form' }, area, h('div.buttons', h('button', 'Close'))));
		area.select();
	}
}
