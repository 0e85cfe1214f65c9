// The queries behind the charts and rules.

import { store } from './store.js';

const quote = (value) => JSON.stringify(value);

function selector(name, matchers) {
	const all = Object.entries(matchers).filter(([, value]) => value !== undefined);
	return all.length ? `${name}{${all.map(([label, value]) => `${label}=${quote(value)}`).join(',')}}` : name;
}

const names = () => store.config.names;
const labelNames = () => store.config.labels;
/** Some conventions have no counter of requests. */
const counted = () => names().requests ?? `${names().duration}_count`;

function ofRow(row) {
	const { method, endpoint } = labelNames();
	return row ? { ...(method && { [method]: row.method }), [endpoint]: row.endpoint } : {};
}

export const requests = (row) => `sum by (${labelNames().status}) (rate(${selector(counted(), ofRow(row))}[1m]))`;
/** Null where the service does not record them. */
export const inFlight = (row) => names().in_flight && `sum(${selector(names().in_flight, ofRow(row))})`;

export function errors(row) {
	const all = selector(counted(), ofRow(row));
	const { status: code, error_type: type } = labelNames();
	const status = type ? `${type}!~"|cancelled|body_dropped"` : `${code}=~"5.."`;
	const failed = all.endsWith('}') ? `${all.slice(0, -1)},${status}}` : `${all}{${status}}`;
	return `sum(rate(${failed}[1m])) / sum(rate(${all}[1m]))`;
}

export const quantiles = (row) => [0.5, 0.95, 0.99].map((q) => `histogram_quantile(${q}, sum by (le) (rate(${selector(`${names().duration}_bucket`, ofRow(row))}[1m])))`).join('\n');
export const heat = (row) => `sum by (le) (increase(${selector(`${names().duration}_bucket`, ofRow(row))}[1m]))`;

/** The query of a family, by its kind. */
export function family({ name, kind }) {
	if (kind === 'counter') return `sum(rate(${name}[1m]))`;
	if (kind === 'histogram') return `histogram_quantile(0.95, sum by (le) (rate(${name}_bucket[1m])))`;
	return name;
}

const OPERATORS = {
	eq: (value) => `=${quote(value)}`,
	ne: (value) => `!=${quote(value)}`,
	starts_with: (value) => `=~${quote(`${escape(value)}.*`)}`,
	not_starts_with: (value) => `!~${quote(`${escape(value)}.*`)}`,
};
const escape = (value) => value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function selected({ metric, matchers }, suffix = '') {
	const list = (matchers ?? []).map(({ label, operator, value }) => `${label}${(OPERATORS[operator] ?? OPERATORS.eq)(value)}`);
	return list.length ? `${metric}${suffix}{${list.join(',')}}` : `${metric}${suffix}`;
}

/** The query of a rule's signal. */
export function signal({ measure, by = [] }) {
	const [[kind, m]] = Object.entries(measure);
	const range = `[${m.window}s]`;
	const grouped = by.length ? ` by (${by.join(', ')})` : '';
	const sum = (x) => `sum${grouped} (${x})`;
	switch (kind) {
		case 'rate': return sum(`rate(${selected(m.selector)}${range})`);
		case 'increase': return sum(`increase(${selected(m.selector)}${range})`);
		case 'average': return `${sum(`rate(${selected(m.selector, '_sum')}${range})`)} / ${sum(`rate(${selected(m.selector, '_count')}${range})`)}`;
		case 'quantile': return `histogram_quantile(${m.quantile}, sum by (${['le', ...by].join(', ')}) (rate(${selected(m.selector, '_bucket')}${range})))`;
		case 'ratio': return `${sum(`rate(${selected(m.part)}${range})`)} / ${sum(`rate(${selected(m.whole)}${range})`)}`;
		case 'quotient': return `${sum(selected(m.part))} / ${sum(selected(m.whole))}`;
		case 'age': return `time() - ${selected(m.selector)}`;
		case 'absent': return `absent(${selected(m.selector)})`;
		case 'max': case 'min': case 'avg': return `${kind}${grouped} (${selected(m.selector)})`;
		case 'value': return selected(m.selector);
		default: return m.name ?? kind;
	}
}

/** The unit of a rule's value. */
export function signalUnit(signal) {
	const [[kind, m]] = Object.entries(signal?.measure ?? { none: {} });
	if (kind === 'ratio') return 'ratio';
	if (kind === 'age') return 'seconds';
	if (['value', 'max', 'min', 'avg', 'average', 'quantile'].includes(kind)) {
		return /_(seconds|bytes|ratio)$/.exec(m.selector.metric)?.[1] ?? '';
	}
	return '';
}
