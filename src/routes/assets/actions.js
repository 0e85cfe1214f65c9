// Acts of people: dialogs with confirmation, and the clipboard.

import { post } from './api.js';
import { dialog, fill, h, toast } from './dom.js';

/** The name that the person gave last. It stays in memory. */
let person = '';

/** A dialog that confirms an act: `send` gets the fields; its problem is shown in the dialog. */
export function confirm(title, sentence, fields, verb, send) {
	const error = h('div', { 'aria-live': 'assertive' });
	const submit = h('button', { type: 'submit', class: 'primary' }, verb);
	const form = h('form', {
		class: 'form',
		onsubmit: async (event) => {
			event.preventDefault();
			const values = Object.fromEntries([...form.elements].filter((el) => el.name).map((el) => [el.name, el.value]));
			if (values.by !== undefined) person = values.by;
			submit.disabled = true;
			fill(error);
			try {
				await send(values);
				opened.close();
			} catch (problem) {
				fill(error, h('p.problem', problem.message));
				submit.disabled = false;
			}
		},
	}, h('p', sentence), fields.map(field), error,
	h('div.buttons', h('button', { type: 'button', onclick: () => opened.close() }, 'Cancel'), submit));
	const opened = dialog(title, form);
	(form.querySelector('input:not([value]), select') ?? submit).focus();
	return opened.closed;
}

function field({ name, label, options, isRequired, hint }) {
	const props = { name, id: `field-${name}`, required: isRequired, autocomplete: 'off' };
	const control = options
		? h('select', props, options.map(([value, title]) => h('option', { value }, title)))
		: h('input', { ...props, type: 'text', maxlength: 500, value: name === 'by' && person ? person : null });
	return h('div.field', h('label', { for: `field-${name}` }, label), control,
		hint ? h('small', hint) : null);
}

const BY = { name: 'by', label: 'Your name', isRequired: true };
const NOTE = { name: 'note', label: 'Note (optional)' };
const FOR = {
	name: 'for_seconds', label: 'For',
	options: [['900', '15 minutes'], ['3600', '1 hour'], ['14400', '4 hours'], ['86400', '1 day'], ['604800', '7 days']],
};

const noted = ({ by, note }) => ({ by, note: note || null });

export function acknowledge(alert, done) {
	return confirm(`Acknowledge ${alert.name}?`, 'Nobody else is called, and nothing is repeated while the alert fires.',
		[BY, NOTE], 'Acknowledge', async (values) => {
			await post('/alerts/{name}/acknowledge', alert.id, noted(values));
			toast(`${alert.name} is acknowledged.`);
			done();
		});
}

export function resolve(alert, done) {
	return confirm(`Resolve ${alert.name}?`, 'The alert stays resolved until its condition was false once.',
		[BY], 'Resolve', async ({ by }) => {
			await post('/alerts/{name}/resolve', alert.id, { by });
			toast(`${alert.name} is resolved.`);
			done();
		});
}

export function silence(alert, done) {
	return confirm(`Silence ${alert.name}?`, 'Notifications of this alert are held back. It is evaluated as before.',
		[BY, FOR, NOTE], 'Silence', async (values) => {
			await post('/alerts/{name}/suppress', alert.id, { ...noted(values), for_seconds: Number(values.for_seconds) });
			toast(`${alert.name} is silenced.`);
			done();
		});
}

export function endSilence(id, done) {
	return confirm('End this silence?', 'Alerts that still fire are announced again.', [BY], 'End silence', async ({ by }) => {
		await post('/alerts/silences/{name}/end', id, { by });
		toast('The silence has ended.');
		done();
	});
}

export function testChannel(name, done) {
	return confirm(`Test channel ${name}?`, 'Its receivers get a test message. If it arrives, a stopped channel works again.',
		[], 'Send test message', async () => {
			await post('/alerts/channels/{name}/test', name);
			toast(`The test message arrived at ${name}.`);
			done();
		});
}

/** Copies a text, or shows it where the browser has no clipboard (plain HTTP). */
export async function copy(text) {
	try {
		await navigator.clipboard.writeText(text);
		toast('Copied as PromQL.');
	} catch {
		const area = h('textarea', { readonly: true, rows: 4, 'aria-label': 'PromQL' });
		area.value = text;
		const opened = dialog('PromQL', h('div.form', area,
			h('div.buttons', h('button', { type: 'button', onclick: () => opened.close() }, 'Close'))));
		area.select();
	}
}
