// Alerts: those that fire or are pending, their distance from the threshold, and the causes that hold their notifications.

import { act, copy } from './actions.js';
import { get, isMounted } from './api.js';
import { badge, columns, empty, fill, h, keyed, label, labels, muted, panel, row, search, select, table, template, text, ticking } from './dom.js';
import * as fmt from './format.js';
import { poll } from './poll.js';
import * as promql from './promql.js';

const SIGNS = { gt: '>', ge: '>=', lt: '<', le: '<=', eq: '==', ne: '!=' };
const RULES = columns('Rule|Level|Condition|~For|State');
const CHANNELS = columns('Channel|State|#Waiting|~Last success|Error|Action');
const SILENCES = columns('Silenced|~Active|~Ends|By|Note|Action');
const EVENTS = columns('~When|Alert|What');
/** Each name is one request. */
const MAX_EXPLAINED = 20;

export default function render(root, context) {
	const { store } = context;
	const error = h('div');
	const summary = h('span.muted', { role: 'status' });
	const state = select('state', context);
	const filter = search(context, 'Filter alerts');
	const cards = h('div.cards');
	const calm = h('div', { hidden: true });
	const [rules, channels, silences, events] = [table('Rules', RULES), table('Channels', CHANNELS), table('Silences', SILENCES), table('Recent events', EVENTS)];
	const noRules = h('div', { hidden: true }, empty('rules'));
	const noChannels = h('div', { hidden: true }, empty('channels'));
	fill(root, error, panel('Alerts', h('div.row', summary, state, filter.el), cards, calm),
		panel('Rules', null, rules.el, noRules),
		h('div.charts', panel('Channels', null, channels.el, noChannels), panel('Silences', null, silences.el)),
		panel('Recent events', null, events.el));

	let data = null;
	const polled = poll(context, {
		error,
		version: () => store.slots.alerts,
		async read(signal) {
			const optional = (path, query) => (isMounted(path) ? get(path, { signal, query }) : null);
			const [list, ruleList, stats, silenceList, history] = await Promise.all([
				get('/alerts', { signal, query: { limit: 1000 } }), optional('/alerts/rules'), optional('/alerts/stats'), optional('/alerts/silences'), optional('/alerts/history', { limit: 40 })]);
			const active = list.alerts.filter((alert) => alert.state === 'firing' || alert.state === 'pending');
			const names = [...new Set(active.map(({ name }) => name))].slice(0, MAX_EXPLAINED);
			const explained = isMounted('/alerts/rules/{name}/explain')
				? await Promise.all(names.map((name) => get('/alerts/rules/{name}/explain', { name, signal, none: null })))
				: [];
			return { list, rules: ruleList, stats, silences: silenceList, history, explained: new Map(explained.filter(Boolean).map((each) => [each.name, each])) };
		},
		show(result) {
			data = result;
			showAll();
		},
	});
	/** A button of an act, if its route is mounted. */
	const button = (title, id, key, name = key, told = name) => isMounted(template(`act-${id}`).dataset.path)
		&& h('button.small', { type: 'button', 'aria-label': `${title} ${told}`, onclick: () => act(id, key, name, polled.run) }, title);

	function showAll() {
		if (!data) return;
		const query = context.params();
		state.value = query.get('state') ?? '';
		const matches = filter.matcher();
		const isWanted = (alert) => (state.value === 'all' || (state.value ? alert.state === state.value : alert.state === 'firing' || alert.state === 'pending'))
			&& matches(`${alert.name} ${Object.entries(alert.labels).join(' ')}`);
		const { list, stats } = data;
		const of = (name) => list.alerts.filter((alert) => alert.state === name).length;
		text(summary, `${of('firing')} firing, ${of('pending')} pending`);
		const shown = list.alerts.filter(isWanted).map((alert) => {
			const why = data.explained.get(alert.name);
			return { alert, rule: why && { kind: why.kind, comparison: why.comparison, threshold: why.threshold, stale: why.stale }, channels: why?.alerts.find(({ id }) => id === alert.id)?.channels ?? {}, unit: unitOf(alert.name) };
		});
		keyed(cards, shown, ({ alert }) => alert.id, card);
		calm.hidden = shown.length > 0;
		fill(calm, h('p.muted', state.value || context.params().get('q') ? 'No alert matches the filter.' : 'Nothing fires and nothing is pending.'));
		showRules();
		noChannels.hidden = !stats || stats.channels.length > 0;
		keyed(channels.body, stats?.channels ?? [], ({ name }) => name, ({ name, kind, stopped, waiting, last_success, last_error }) => row(CHANNELS, [
			h('span', h('strong', name), muted(` ${kind}`)), stopped ? badge('failed', 'stopped') : badge('ok', 'works'), fmt.integer(waiting),
			ticking(last_success), h('span', stopped ? h('span', stopped.error, ' since ', ticking(stopped.since)) : last_error ?? ''),
			button('Test', 'test', name, name, `channel ${name}`)], { 'data-channel': name }));
		keyed(silences.body, data.silences?.silences ?? [], ({ id }) => id, ({ id, target, is_active, begins_at, ends_at, until, by, note, recurrence }) => row(SILENCES, [
			target.alert ? nameOf(target.alert) : h('span.labels', target.labels.map((each) => label(each.label + (each.is_equal ? '=' : '≠'), each.value))),
			h('span', is_active ? badge('silenced', 'active') : begins_at ? ticking(begins_at, 'in') : '–', recurrence ? ` ${recurrence.cron} (${recurrence.time_zone})` : ''),
			ticking(ends_at ?? until, 'in'), by, note ?? '',
			button('End', 'end', id, id, `silence ${id}`)], { 'data-silence': id }));
		keyed(events.body, data.history?.events ?? [], (event) => JSON.stringify(event), event);
	}

	const nameOf = (id) => data.list.alerts.find((alert) => alert.id === id)?.name ?? id;
	const unitOf = (name) => promql.signalUnit(data.rules?.rules.find((rule) => rule.name === name)?.signal);

	function showRules() {
		const all = [...(data.rules?.rules ?? []), ...(data.rules?.slo_alerts ?? []).map((each) => ({ ...each, isSlo: true }))];
		noRules.hidden = !data.rules || all.length > 0;
		keyed(rules.body, all.map((rule) => ({ rule, states: counts(rule.name) })), ({ rule }) => rule.name, ({ rule, states }) => row(RULES, [
			h('strong', rule.name), badge(rule.level),
			rule.isSlo ? h('a', { href: context.href('slos') }, `burn rate of ${rule.slo}`)
				: h('span', h('code', promql.signal(rule.signal)), ` ${SIGNS[rule.comparison]} ${fmt.inUnit(rule.threshold, promql.signalUnit(rule.signal))} `,
					h('button.small', { type: 'button', 'aria-label': `Copy the query of ${rule.name} as PromQL`, onclick: () => copy(promql.signal(rule.signal)) }, 'PromQL')),
			rule.isSlo ? '' : rule.pending.for !== undefined ? rule.pending.for ? fmt.span(rule.pending.for) : 'at once' : `${rule.pending.consecutive} in a row`,
			h('span.row', states.length ? states.map(([name, n]) => badge(name, n > 1 ? `${n} ${name}` : name)) : muted('inactive')),
		], { 'data-rule': rule.name }));
	}

	function counts(name) {
		const found = {};
		for (const alert of data.list.alerts) if (alert.name === name && alert.state !== 'inactive') found[alert.state] = (found[alert.state] ?? 0) + 1;
		return Object.entries(found);
	}

	function card({ alert, rule, channels: held, unit }) {
		const { name, level, annotations, acknowledged } = alert;
		const tone = alert.state === 'firing' ? (level === 'warning' || level === 'info' ? 'warn' : 'bad') : alert.state === 'pending' ? 'warn' : 'ok';
		const holds = [...alert.held_back.map((each) => hold(each, nameOf)), ...Object.entries(held).flatMap(([channel, causes]) => causes.map((each) => [h('strong', channel), ' ', ...cause(each)]))];
		const isActive = alert.state === 'firing' || alert.state === 'pending';
		return h('article', { class: `card ${tone}`, 'data-alert': alert.id, 'aria-label': name },
			h('div.row', badge(alert.state), h('h3', name), badge(level), labels(alert.labels)),
			annotations.summary && h('p', annotations.summary),
			annotations.description && h('p.muted', annotations.description),
			h('dl.facts',
				fact('Value', distance(alert, rule, unit)),
				fact('Since', ticking(alert.since)),
				alert.deadline ? fact(alert.state === 'pending' ? 'Fires' : 'Next deadline', ticking(alert.deadline, 'in')) : null,
				acknowledged ? fact('Acknowledged', h('span', `by ${acknowledged.by} `, ticking(acknowledged.at), acknowledged.note ? `: ${acknowledged.note}` : '')) : null,
				rule?.stale ? fact('Stale', rule.stale) : null),
			h('dl.facts', fact('Notification', holds.length ? holds.map((parts, i) => [i ? '; ' : '', parts]) : isActive ? 'not held back' : '–')),
			h('div.buttons',
				alert.state === 'firing' && !acknowledged && button('Acknowledge', 'acknowledge', alert.id, name),
				isActive && button('Resolve', 'resolve', alert.id, name),
				isActive && button('Silence', 'silence', alert.id, name),
				runbook(annotations.runbook_url)));
	}

	showAll();
	return { frame: polled.frame, moved: showAll, destroy: polled.destroy };
}

/** Only a web address becomes a link, because a label may hold anything. */
function runbook(url) {
	if (!url) return null;
	return /^https?:/.test(url) ? h('a.button.small', { href: url, rel: 'noreferrer noopener', target: '_blank' }, 'Runbook') : muted(url);
}

const fact = (name, value) => h('div', h('dt', name), h('dd', value));

/** The value beside its threshold, and how far it is from it. */
function distance(alert, rule, unit) {
	if (alert.value === null) return rule?.kind === 'code' ? 'fired by code' : 'no value';
	const value = alert.value === 'inf' ? Infinity : alert.value === '-inf' ? -Infinity : Number(alert.value);
	const shown = fmt.inUnit(value, unit);
	if (rule?.threshold === undefined) return shown;
	const { threshold, comparison } = rule;
	const far = value - threshold;
	const part = threshold !== 0 && Number.isFinite(far) ? `, ${fmt.percent(Math.abs(far / threshold))} ${far < 0 ? 'below' : 'above'}` : '';
	return `${shown}; threshold ${comparison} ${fmt.inUnit(threshold, unit)}${far === 0 ? ', at it' : part}`;
}

function hold(each, nameOf) {
	if (each === 'pending') return ['the condition has not held long enough'];
	if (each === 'limit_reached') return ['the limit of alerts is reached'];
	const [[kind, of]] = Object.entries(each);
	switch (kind) {
		case 'silenced': return [`silenced by ${of.silence}, ends `, ticking(of.until, 'in')];
		case 'inhibited': return [`inhibited by ${of.rule || nameOf(of.alert)}`];
		case 'resolved_by_hand': return [`resolved by ${of.by} `, ticking(of.at)];
		case 'stale': return [`stale: ${of.reason}`];
		case 'too_few_events': return [`fewer than ${of.minimum} events`];
		default: return [words(kind)];
	}
}

const words = (name) => name.replaceAll('_', ' ');
const CAUSES = Object.fromEntries([...template('causes').children].map((each) => [each.dataset.cause, each.textContent]));

function cause(each) {
	if (typeof each === 'string') return [CAUSES[each] ?? words(each)];
	const [[kind, of]] = Object.entries(each);
	if (kind === 'stopped') return [`is stopped since `, ticking(of.since), `: ${of.error}`, of.instead ? `; ${of.instead} takes it` : ''];
	return [`${CAUSES[kind] ?? words(kind)}, ends `, ticking(of.until, 'in')];
}

function event(each) {
	const by = (name) => (name ? ` by ${name}` : '');
	let told;
	if (each.event === 'transition') told = [`${each.from} → ${each.to}, ${words(each.reason)}${by(each.by)}${each.note ? `: ${each.note}` : ''} `, labels(each.labels)];
	else if (each.event === 'notification') told = [badge(each.result === 'delivered' ? 'ok' : 'failed', words(each.result)), ` ${each.channel}: ${words(each.reason)} ${each.error ?? ''}`];
	else told = `silence${by(each.silence.by)} ${each.began ? 'began' : 'ended'}${by(each.ended_by)}`;
	return row(EVENTS, [ticking(each.at), each.name ?? '', h('span', told)]);
}
