// Alerts: which fire or are pending, how far from their threshold, and what holds their notifications.

import { acknowledge, copy, endSilence, resolve, silence, testChannel } from './actions.js';
import { get, isMounted } from './api.js';
import { badge, empty, fill, h, keyed, labels, muted, panel, problem, row, search, select, table, text, ticking } from './dom.js';
import * as format from './format.js';
import { poll } from './poll.js';
import * as promql from './promql.js';

const SIGNS = { gt: '>', ge: '≥', lt: '<', le: '≤', eq: '=', ne: '≠', '>': '>', '>=': '≥', '<': '<', '<=': '≤', '==': '=', '!=': '≠' };
const RULES = [['Rule', ''], ['Level', ''], ['Condition', ''], ['For', 'nowrap'], ['State', '']];
const CHANNELS = [['Channel', ''], ['State', ''], ['Waiting', 'num'], ['Last success', 'nowrap'], ['Error', ''], ['', '']];
const SILENCES = [['Silenced', ''], ['Active', 'nowrap'], ['Ends', 'nowrap'], ['By', ''], ['Note', ''], ['', '']];
const EVENTS = [['When', 'nowrap'], ['Alert', ''], ['What', '']];
/** Each name is one request. */
const MAX_EXPLAINED = 20;

export default function render(root, context) {
	const { store } = context;
	if (!isMounted('/alerts')) {
		fill(root, empty('alerts'));
		return {};
	}
	const error = h('div');
	const summary = h('span.muted', { role: 'status' });
	const state = select('State', [['', 'Firing and pending'], ['firing', 'Firing'], ['pending', 'Pending'], ['resolved', 'Resolved'], ['all', 'All']], () => context.set({ state: state.value }));
	const filter = search(context, 'Filter alerts');
	const cards = h('div.cards');
	const calm = h('div', { hidden: true });
	const [rules, channels, silences, events] = [table('Rules', RULES), table('Channels', CHANNELS), table('Silences', SILENCES), table('Recent events', EVENTS)];
	const noRules = h('div', { hidden: true }, empty('rules'));
	const noChannels = h('div', { hidden: true }, empty('channels'));
	fill(root, error, panel('Alerts', { tools: h('div.row', summary, state, filter.el) }, cards, calm),
		panel('Rules', null, rules.el, noRules),
		h('div.charts', panel('Channels', null, channels.el, noChannels), panel('Silences', null, silences.el)),
		panel('Recent events', null, events.el));

	let data = null;
	const polled = poll(context, {
		seconds: 5,
		version: () => store.slots.alerts ?? 0,
		async read(signal) {
			const optional = (path, query) => (isMounted(path) ? get(path, { signal, query }) : null);
			const [list, ruleList, stats, silenceList, history] = await Promise.all([
				get('/alerts', { signal, query: { limit: 1000 } }), optional('/alerts/rules'), optional('/alerts/stats'), optional('/alerts/silences'), optional('/alerts/history', { limit: 40 })]);
			const active = list.alerts.filter((alert) => alert.state === 'firing' || alert.state === 'pending');
			const names = [...new Set(active.map(({ name }) => name))].slice(0, MAX_EXPLAINED);
			const explained = isMounted('/alerts/rules/{name}/explain')
				? await Promise.all(names.map((name) => get('/alerts/rules/{name}/explain', { name, signal }).catch((refusal) => (refusal.status === 404 ? null : Promise.reject(refusal)))))
				: [];
			return { list, rules: ruleList, stats, silences: silenceList, history, explained: new Map(explained.filter(Boolean).map((each) => [each.name, each])) };
		},
		show(result, refusal) {
			fill(error, refusal ? problem(refusal) : null);
			if (result) { data = result; showAll(); }
		},
	});
	const again = () => polled.run();

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
			h('span', h('strong', name), muted(` ${kind}`)), stopped ? badge('failed', 'stopped') : badge('ok', 'works'), format.integer(waiting),
			ticking(last_success), h('span', stopped ? h('span', stopped.error, ' since ', ticking(stopped.since)) : last_error ?? ''),
			isMounted('/alerts/channels/{name}/test') ? h('button', { type: 'button', class: 'small', 'data-focus': 'test', 'aria-label': `Test channel ${name}`, onclick: () => testChannel(name, again) }, 'Test') : ''], { 'data-channel': name }));
		keyed(silences.body, data.silences?.silences ?? [], ({ id }) => id, ({ id, target, is_active, begins_at, ends_at, until, by, note, recurrence }) => row(SILENCES, [
			target.alert ? nameOf(target.alert) : h('span.labels', target.labels.map(({ label, value, is_equal }) => h('span.label', `${label}${is_equal ? '=' : '≠'}`, h('b', value)))),
			h('span', is_active ? badge('silenced', 'active') : begins_at ? ticking(begins_at, 'in') : '–', recurrence ? ` ${recurrence.cron} (${recurrence.time_zone})` : ''),
			ticking(ends_at ?? until, 'in'), by, note ?? '',
			isMounted('/alerts/silences/{name}/end') ? h('button', { type: 'button', class: 'small', 'data-focus': 'end', 'aria-label': `End silence ${id}`, onclick: () => endSilence(id, again) }, 'End') : ''], { 'data-silence': id }));
		keyed(events.body, data.history?.events ?? [], (event) => JSON.stringify(event), event);
	}

	const nameOf = (id) => data.list.alerts.find((alert) => alert.id === id)?.name ?? id;
	const ruleOf = (name) => data.rules?.rules.find((rule) => rule.name === name);
	const unitOf = (name) => { const rule = ruleOf(name); return rule ? promql.signalUnit(rule.signal) : ''; };

	function showRules() {
		const all = [...(data.rules?.rules ?? []), ...(data.rules?.slo_alerts ?? []).map((each) => ({ ...each, isSlo: true }))];
		noRules.hidden = !data.rules || all.length > 0;
		keyed(rules.body, all.map((rule) => ({ rule, states: counts(rule.name) })), ({ rule }) => rule.name, ({ rule, states }) => row(RULES, [
			h('strong', rule.name), badge(rule.level),
			rule.isSlo ? h('a', { href: context.href('slos') }, `burn rate of ${rule.slo}`)
				: h('span', h('code', promql.signal(rule.signal)), ` ${SIGNS[rule.comparison]} ${format.inUnit(rule.threshold, promql.signalUnit(rule.signal))} `,
					h('button', { type: 'button', class: 'small', 'aria-label': `Copy the query of ${rule.name} as PromQL`, onclick: () => copy(promql.signal(rule.signal)) }, 'PromQL')),
			rule.isSlo ? '' : rule.pending.for !== undefined ? format.span(rule.pending.for) : `${rule.pending.consecutive} in a row`,
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
		const act = (label, run) => h('button', { type: 'button', class: 'small', 'data-focus': label, 'aria-label': `${label} ${name}`, onclick: () => run(alert, again) }, label);
		return h('article', { class: `card ${tone}`, 'data-alert': alert.id, 'aria-label': name },
			h('div.row', badge(alert.state), h('h3', name), badge(level), labels(alert.labels)),
			annotations.summary ? h('p', annotations.summary) : null,
			annotations.description ? h('p.muted', annotations.description) : null,
			h('dl', { class: 'facts' },
				fact('Value', h('span', { 'data-value': alert.value }, distance(alert, rule, unit))),
				fact('Since', ticking(alert.since)),
				alert.deadline ? fact(alert.state === 'pending' ? 'Fires' : 'Next deadline', ticking(alert.deadline, 'in')) : null,
				acknowledged ? fact('Acknowledged', h('span', `by ${acknowledged.by} `, ticking(acknowledged.at), acknowledged.note ? `: ${acknowledged.note}` : '')) : null,
				rule?.stale ? fact('Stale', rule.stale) : null),
			h('dl.facts', fact('Notification', holds.length ? h('span.holds', holds.map((parts, i) => [i ? '; ' : '', ...parts])) : isActive ? 'not held back' : '–')),
			h('div', { class: 'buttons' },
				isActive && !acknowledged && alert.state === 'firing' && isMounted('/alerts/{name}/acknowledge') ? act('Acknowledge', acknowledge) : null,
				isActive && isMounted('/alerts/{name}/resolve') ? act('Resolve', resolve) : null,
				isActive && isMounted('/alerts/{name}/suppress') ? act('Silence', silence) : null,
				runbook(annotations.runbook_url)));
	}

	showAll();
	return { frame: polled.frame, moved: showAll, destroy: polled.destroy };
}

/** Only a web address becomes a link, because a label may hold anything. */
function runbook(url) {
	if (!url) return null;
	return /^https?:\/\//.test(url) ? h('a.button.small', { href: url, rel: 'noreferrer noopener', target: '_blank' }, 'Runbook') : muted(url);
}

const fact = (name, value) => h('div', h('dt', name), h('dd', value));

/** The value beside its threshold, and how far it is from it. */
function distance(alert, rule, unit) {
	if (alert.value === null) return rule?.kind === 'code' ? 'fired by code' : 'no value';
	const value = alert.value === 'inf' ? Infinity : alert.value === '-inf' ? -Infinity : Number(alert.value);
	const shown = format.inUnit(value, unit);
	if (rule?.threshold === undefined) return shown;
	const { threshold, comparison } = rule;
	const far = value - threshold;
	const part = threshold !== 0 && Number.isFinite(far) ? `, ${format.percent(Math.abs(far / threshold))} ${far < 0 ? 'below' : 'above'}` : '';
	return `${shown}; threshold ${SIGNS[comparison]} ${format.inUnit(threshold, unit)}${far === 0 ? ', at it' : part}`;
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
		default: return [kind.replaceAll('_', ' ')];
	}
}

function cause(each) {
	if (typeof each === 'string') {
		return [{ level: 'takes other levels', labels: 'takes other labels', other_channels: 'is not among the channels of the rule', announced_by_prometheus: 'is left to Prometheus', acknowledged: 'waits, because somebody acknowledged' }[each] ?? each.replaceAll('_', ' ')];
	}
	const [[kind, of]] = Object.entries(each);
	const words = { group_wait: 'waits for the group', group_interval: 'waits for the next time of the group', cooldown: 'cools down', cap: 'has reached its cap' };
	if (kind === 'stopped') return [`is stopped since `, ticking(of.since), `: ${of.error}`, of.instead ? `; ${of.instead} takes it` : ''];
	return [`${words[kind] ?? kind.replaceAll('_', ' ')}, ends `, ticking(of.until, 'in')];
}

function event(each) {
	const cells = {
		transition: () => [each.name, h('span', `${each.from} → ${each.to}, ${each.reason.replaceAll('_', ' ')}`, each.by ? ` by ${each.by}` : '', each.note ? `: ${each.note}` : '', ' ', labels(each.labels))],
		notification: () => ['', h('span', badge(each.result === 'delivered' ? 'delivered' : 'failed', each.result.replace('_', ' ')), ` ${each.channel}: ${each.reason.replaceAll('_', ' ')}`, each.error ? ` (${each.error})` : '')],
		silence: () => ['', `silence by ${each.silence.by} ${each.began ? 'began' : 'ended'}${each.ended_by ? ` by ${each.ended_by}` : ''}`],
	};
	const [name, what] = (cells[each.event] ?? (() => ['', each.event]))();
	return row(EVENTS, [ticking(each.at), name, what]);
}
