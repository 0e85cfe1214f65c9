// SLOs: the error budget that remains, and how fast it burns.

import { get, isMounted } from './api.js';
import { badge, empty, figures, fill, h, keyed, muted, panel, problem, row, table } from './dom.js';
import * as format from './format.js';
import { poll } from './poll.js';

const COLUMNS = [['Severity', ''], ['Window', 'nowrap'], ['Burn rate', 'num'], ['Limit', 'num'], ['Error ratio', 'num'], ['Bad of total', 'num'], ['', '']];

export default function render(root, context) {
	const { store } = context;
	const none = empty('slos');
	if (!isMounted('/alerts/rules')) {
		fill(root, none);
		return {};
	}
	const error = h('div');
	const list = h('div.view');
	fill(root, error, list);

	const polled = poll(context, {
		seconds: 5,
		version: () => store.slots.alerts ?? 0,
		async read(signal) {
			const { slos, slo_alerts: alerts } = await get('/alerts/rules', { signal });
			const explained = await Promise.all(alerts.map(({ name }) => get('/alerts/rules/{name}/explain', { name, signal })));
			return slos.map((slo) => ({ slo, burns: explained.filter((each) => each.slo === slo.name) }));
		},
		show(result, refusal) {
			fill(error, refusal ? problem(refusal) : result.length ? null : none);
			keyed(list, result ?? [], ({ slo }) => slo.name, one);
		},
	});
	return { frame: polled.frame, destroy: polled.destroy };
}

function one({ slo, burns }) {
	const [first] = burns;
	const left = first?.budget_remaining ?? null;
	const tone = left === null ? '' : left <= 0 ? 'bad' : left < 0.25 ? 'warn' : '';
	const fills = h('i');
	fills.style.width = `${Math.max(0, Math.min(1, left ?? 0)) * 100}%`;
	const { el, body } = table(`Burn rates of ${slo.name}`, COLUMNS);
	for (const { severity, pairs } of burns) {
		for (const { factor, exceeds, long, short } of pairs) {
			for (const each of [long, short]) {
				body.append(row(COLUMNS, [severity, each.window, burn(each.rate), burn(factor), format.percent(each.error_ratio), `${format.integer(each.bad)} of ${format.integer(each.total)}`,
					each === long ? (exceeds ? badge('firing', 'burns too fast') : badge('ok', 'within')) : each.held_back?.includes('too_few_events') ? 'too few events' : '']));
			}
		}
	}
	return panel(slo.name, { 'data-slo': slo.name, tools: muted(`${format.percent(slo.objective)} over ${format.span(slo.period)}`) },
		slo.summary ? h('p', slo.summary) : null,
		h('dl', { class: 'figures' },
			[['Budget left', h('span', { class: tone }, format.percent(left))], ['Burn rate, whole period', burn(first?.period?.rate)], ['Bad events', format.integer(first?.period?.bad)], ['Events', format.integer(first?.period?.total)]]
				.map(([name, value]) => h('div', h('dt', name), h('dd', value)))),
		h('div', { class: `bar ${tone}`, role: 'img', 'aria-label': `${format.percent(left)} of the error budget is left` }, fills),
		first?.data && first.data !== 'current' ? h('p.muted', `Data: ${first.data.replaceAll('_', ' ')}`) : null, el);
}

const burn = (x) => (x === null || x === undefined ? '–' : `${format.number(x)} ×`);
