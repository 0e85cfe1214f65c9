// Jobs: when each ran last and is due next, how its runs ended, and the runs of one job.

import { get, isMounted } from './api.js';
import { chart } from './chart.js';
import { badge, columns, empty, figures, fill, h, keyed, muted, panel, row, strip, table, text, ticking } from './dom.js';
import * as fmt from './format.js';
import { poll } from './poll.js';

const COLUMNS = columns('Job|~Last run|Status|#Took|~Next due|~Outcomes, newest right|Problems');
const RUNS = columns('~Started|Status|#Took|Error|Instance');

export default function render(root, context) {
	const { store } = context;
	const { params } = context;
	const error = h('div');
	const note = h('span.muted');
	const { el, body } = table('Jobs', COLUMNS);
	const none = h('div', { hidden: true }, empty('runs'));
	const title = h('h2', { id: 'job-title' });
	const list = h('dl.figures');
	const durations = chart({ title: 'Duration of runs', series: [{ label: 'Took', color: '--accent', isArea: true }], format: fmt.seconds, range: () => span, gap: Infinity, promql: () => `histogram_quantile(0.95, sum by (le) (rate(${store.config.prefix ?? ''}scheduler_job_duration_seconds_bucket{job_name=${JSON.stringify(params().get('job') ?? '')}}[1h])))` });
	const runs = table('Runs', RUNS);
	const detail = h('section.panel.detail', { hidden: true },
		h('div.panel-head', title, h('a.button.small', { href: context.href('jobs') }, 'Close')), list, durations.el, runs.el);
	fill(root, error, panel('Jobs', note, el, none), detail);
	/** The chart spans all runs that are shown. */
	let span = 900;

	const polled = poll(context, {
		error,
		key: () => params().get('job'),
		version: () => store.slots.jobs,
		async read(signal) {
			const job = params().get('job');
			const [overview, recent, stats, own] = await Promise.all([
				get('/jobs', { signal }),
				isMounted('/jobs/status') ? get('/jobs/status', { signal, query: { limit: 500 } }) : { runs: [] },
				job && isMounted('/jobs/stats/{name}') ? get('/jobs/stats/{name}', { signal, name: job, none: {} }) : null,
				job && isMounted('/jobs/status') ? get('/jobs/status', { signal, query: { job_name: job, limit: 100 }, none: { runs: [] } }) : null,
			]);
			return { overview, recent, stats, own, job };
		},
		show: showJobs,
	});

	function showJobs({ overview, recent, stats, own, job }) {
		const byJob = new Map();
		for (const run of recent.runs) {
			if (!byJob.has(run.job_name)) byJob.set(run.job_name, []);
			byJob.get(run.job_name).push([fmt.stamp(run.started_at), run.status]);
		}
		const { history } = overview;
		text(note, history.is_up ? '' : `The history is down since ${fmt.stamp(history.down_since)}: ${history.reason ?? ''}`);
		none.hidden = overview.jobs.length > 0;
		keyed(body, overview.jobs.map((each) => ({ ...each, outcomes: (byJob.get(each.job_name) ?? []).slice(0, 40).reverse() })), ({ job_name }) => job_name,
			({ job_name, last_run, expected_at, is_late, failures_in_a_row, problems, outcomes }) => row(COLUMNS, [
				h('a', { href: context.href('jobs', { job: job_name }) }, job_name),
				ticking(last_run?.started_at),
				last_run ? badge(last_run.status) : muted('never ran'),
				fmt.seconds(last_run?.duration_seconds),
				h('span.row', ticking(expected_at, 'in'), is_late ? badge('late') : null),
				strip(outcomes, `Outcomes of ${job_name}`),
				h('div', failures_in_a_row ? h('span.bad', `${failures_in_a_row} ${failures_in_a_row === 1 ? 'failure' : 'failures'} in a row`) : null,
					last_run?.error_message ? h('div.muted', last_run.error_message) : null,
					problems.map(({ kind, message, since }) => h('div', h('strong', kind.replace('_', ' ')), ` ${message} `, muted('since '), ticking(since)))),
			], { 'data-job': job_name }));

		detail.hidden = !job;
		if (!job) return;
		text(title, job);
		fill(list, figures([
			['Runs', fmt.integer(stats?.total_runs ?? 0)], ['Success', fmt.percent(stats?.success_rate)], ['Failed', fmt.integer(stats?.failed_runs ?? 0)],
			['Lost', fmt.integer(stats?.lost_runs ?? 0)], ['Mean', fmt.seconds(stats?.avg_duration_seconds)], ['p50', fmt.seconds(stats?.p50_duration_seconds)], ['p95', fmt.seconds(stats?.p95_duration_seconds)],
		]));
		const ended = (own?.runs ?? []).filter((run) => run.duration_seconds !== null).reverse();
		const times = ended.map((run) => Date.parse(run.started_at) / 1000);
		span = Math.max(60, (times.at(-1) ?? 0) - (times[0] ?? 0)) * 1.02;
		durations.set(times, [ended.map((run) => run.duration_seconds)]);
		keyed(runs.body, own?.runs ?? [], ({ id }) => id, ({ started_at, status, duration_seconds, error_message, instance }) =>
			row(RUNS, [fmt.stamp(started_at), badge(status), fmt.seconds(duration_seconds), error_message ?? '', instance]));
	}

	return {
		frame: polled.frame,
		moved: () => { detail.hidden = !params().get('job'); polled.frame(); },
		destroy() { polled.destroy(); durations.destroy(); },
	};
}
