// SLOs: the error budget that remains, and how fast it burns.

import { get } from './api.js';
import { badge, columns, empty, fill, h, keyed, muted, panel, row, table } from './dom.js';
import * as fmt from './format.js';
import { poll } from './poll.js';

const COLUMNS = columns('Severity|~Window|#Burn rate|#Limit|#Error ratio|#Bad of total|State');

/** Each name is one request. */
const MAX_EXPLAINED = 40;

export default function render(root, context) {
	const { store } = context;
	const error = h('div');
	const list = h('div.view');
	fill(root, error, list);

	const polled = poll(context, {
		error,
		version: () => store.slots.alerts,
		async read(signal) {
			const { slos, slo_alerts: alerts } = await get('/alerts/rules', { signal });
			// A rule may have gone meanwhile.
			const explained = await Promise.all(alerts.slice(0, MAX_EXPLAINED).map(({ name }) => get('/alerts/rules/{name}/explain', { name, signal, none: null })));
			return { cut: alerts.length > MAX_EXPLAINED, all: slos.map((slo) => ({ slo, burns: explained.filter((each) => each?.slo === slo.name) })) };
		},
		show({ cut, all }) {
			fill(error, all.length ? cut && muted(`The budgets of the first ${MAX_EXPLAINED} alerts are read.`) : empty('slos'));
			keyed(list, all, ({ slo }) => slo.name, one);
		},
	});
	return { frame: polled.frame, destroy: polled.destroy };
}

function one({ slo, burns }) {
	const [first] = burns;
	const left = first?.budget_remaining ?? null;
	const tone = left === null ? '' : left <= 0 ? 'bad' : left < 0.25 ? 'warn' : '';
	const fills = h('i', { class: tone || 'ok' });
	fills.style.width = `${Math.max(0, Math.min(1, left ?? 0)) * 100}%`;
	const { el, body } = table(`Burn rates of ${slo.name}`, COLUMNS);
	for (const { severity, pairs } of burns) {
		for (const { factor, exceeds, long, short } of pairs) {
			for (const each of [long, short]) {
				body.append(row(COLUMNS, [severity, each.window, burn(each.rate), burn(factor), fmt.percent(each.error_ratio), `${fmt.integer(each.bad)} of ${fmt.integer(each.total)}`,
					each === long ? (exceeds ? badge('firing', 'burns too fast') : badge('ok', 'within')) : each.held_back?.includes('too_few_events') ? 'too few events' : '']));
			}
		}
	}
	const shown = panel(slo.name, muted(`${fmt.percent(slo.objective)} over ${fmt.span(slo.period)}`),
		slo.summary ? h('p', slo.summary) : null,
		h('dl.figures',
			[['Budget left', h('span', { class: tone }, fmt.percent(left))], ['Burn rate, whole period', burn(first?.period?.rate)], ['Bad events', fmt.integer(first?.period?.bad)], ['Events', fmt.integer(first?.period?.total)]]
				.map(([name, value]) => h('div', h('dt', name), h('dd', value)))),
		h('div.bar', { role: 'img', 'aria-label': `${fmt.percent(left)} of the error budget is left` }, fills),
		first?.data && first.data !== 'current' ? h('p.muted', `Data: ${first.data.replaceAll('_', ' ')}`) : null, el);
	shown.dataset.slo = slo.name;
	return shown;
}

const burn = (x) => fmt.inUnit(x, '×');
