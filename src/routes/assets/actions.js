// Acts of people: dialogs with confirmation, and the clipboard.

import { post } from './api.js';
import { dialog, h, template, text, toast } from './dom.js';

/** The name that the person gave last. It stays in memory. */
let person = '';

/** A dialog that confirms an act, with the form of the act. A problem is shown in it. */
function act(id, title, path, name, done, after) {
	const form = template(`act-${id}`);
	const error = form.querySelector('.problem');
	const [cancel, submit] = form.querySelectorAll('button');
	const { by, for_seconds: seconds } = form.elements;
	if (by) by.value = person;
	const close = dialog(title, form);
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
			await post(path, name, body);
			close();
			toast(after);
			done();
		} catch (problem) {
			text(error, problem.message);
			submit.disabled = false;
		}
	});
	(person || !by ? submit : by).focus();
}

export const acknowledge = ({ id, name }, done) => act('acknowledge', `Acknowledge ${name}?`, '/alerts/{name}/acknowledge', id, done, `${name} is acknowledged.`);
export const resolve = ({ id, name }, done) => act('resolve', `Resolve ${name}?`, '/alerts/{name}/resolve', id, done, `${name} is resolved.`);
export const silence = ({ id, name }, done) => act('silence', `Silence ${name}?`, '/alerts/{name}/suppress', id, done, `${name} is silenced.`);
export const endSilence = (id, done) => act('end', 'End this silence?', '/alerts/silences/{name}/end', id, done, 'The silence has ended.');
export const testChannel = (name, done) => act('test', `Test channel ${name}?`, '/alerts/channels/{name}/test', name, done, `The test message arrived at ${name}.`);

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
