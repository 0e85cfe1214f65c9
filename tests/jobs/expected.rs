//! Problems of jobs: each is reported once when it begins and once when it ends.

use std::future::ready;
use std::slice;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use crate::support::faulty::{Fault, Faulty};
use crate::support::recorder;
use jiff::Timestamp;
use tokio::time::{Instant, sleep};
use tower_vitals::Prometheus;
use tower_vitals::jobs::store::{ProblemStore, RunStore};
use tower_vitals::jobs::{
    Job, Jobs, MemoryHistory, Problem, ProblemChange, ProblemChanges, ProblemKind, RunQuery,
    RunRecord, Uuid,
};

use ProblemKind::{Failing, Late, Missed, TooLong};

const HOURLY: Job = Job::named("hourly")
    .every(Duration::from_hours(1))
    .grace(Duration::from_mins(10));

/// The time of two evaluations: one may happen too early to find a change.
pub(crate) const EVALUATION: Duration = Duration::from_secs(10);

/// A history whose clock is tokio's, starting at `time`.
pub(crate) fn history_from(time: &str) -> MemoryHistory {
    let start: SystemTime = time.parse::<Timestamp>().unwrap().into();
    let began = Instant::now();
    MemoryHistory::new().clock(move || start + began.elapsed())
}

pub(crate) fn jobs(history: &MemoryHistory, all: &[Job]) -> Jobs {
    let mut builder = Jobs::builder().history(history.clone());
    for job in all {
        builder = builder.job(job.clone());
    }
    builder.run().unwrap()
}

pub(crate) async fn succeed(jobs: &Jobs, job: Job) {
    jobs.monitor(job, ready(Ok::<_, String>(()))).await.unwrap();
    // The start is by the history's clock, so it must be written before the test advances the clock.
    jobs.flush().await;
}

async fn fail(jobs: &Jobs, job: Job, error: &str) {
    let failed = jobs.monitor(job, ready(Err::<(), _>(error.to_owned())));
    assert_eq!(failed.await, Err(error.to_owned()));
}

/// The changes reported so far: kind, and whether it is resolved.
pub(crate) fn reported(changes: &mut ProblemChanges) -> Vec<(ProblemKind, bool)> {
    let all = all_reported(changes);
    let kinds = all.iter();
    let kinds = kinds.map(|change| (change.problem.kind, change.is_resolved));
    kinds.collect()
}

pub(crate) fn all_reported(changes: &mut ProblemChanges) -> Vec<ProblemChange> {
    let mut all = Vec::new();
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        let next = std::pin::pin!(changes.next());
        let std::task::Poll::Ready(Some(change)) = next.poll(&mut cx) else {
            return all;
        };
        all.push(change);
    }
}

pub(crate) async fn minutes(minutes: u64) {
    sleep(Duration::from_mins(minutes)).await;
}

#[tokio::test(start_paused = true)]
async fn late_and_missed_are_reported_once_and_resolved_once_across_a_restart() {
    let history = history_from("2030-01-01T00:00:00Z");
    let before = jobs(&history, &[HOURLY]);
    let mut changes = before.subscribe();
    minutes(69).await;
    assert_eq!(reported(&mut changes), []);
    minutes(2).await;
    let late = all_reported(&mut changes);
    assert_eq!(late.len(), 1, "{late:?}");
    let problem = &late[0].problem;
    assert_eq!((problem.kind, late[0].is_resolved), (Late, false));
    let since: SystemTime = "2030-01-01T01:10:00Z".parse::<Timestamp>().unwrap().into();
    let delay = problem.since.duration_since(since).unwrap();
    assert!(delay < EVALUATION, "{delay:?}");
    assert!(
        problem.message.starts_with("expected at 2030-01-01T01:00:")
            && problem.message.ends_with("; never started"),
        "{}",
        problem.message
    );
    minutes(30).await;
    assert_eq!(reported(&mut changes), []);
    // A restart, with another job in addition.
    drop(before);
    assert_eq!(changes.next().await, None);
    minutes(60).await;

    let after = jobs(&history, &[HOURLY, Job::named("other")]);
    let mut changes = after.subscribe();
    minutes(5).await;
    assert_eq!(
        reported(&mut changes),
        [(Missed, false)],
        "late has been reported"
    );
    let open: Vec<_> = after.problems().iter().map(|open| open.kind).collect();
    assert_eq!(open, [Late, Missed]);
    minutes(100).await;
    assert_eq!(reported(&mut changes), []);

    succeed(&after, HOURLY).await;
    sleep(EVALUATION).await;
    assert_eq!(reported(&mut changes), [(Late, true), (Missed, true)]);
    assert_eq!(after.problems(), []);
    minutes(68).await;
    assert_eq!(reported(&mut changes), []);
    minutes(4).await;
    assert_eq!(reported(&mut changes), [(Late, false)], "it is late again");
}

/// The message of `Failing` needs the last failed run, which this history cannot read.
#[tokio::test(start_paused = true)]
async fn gauges_are_written_before_a_read_that_fails() {
    let (recorder, reader) = recorder();
    let history = Faulty::new(&history_from("2030-01-01T00:00:00Z"));
    let builder = Jobs::builder().job(HOURLY).failing_after(2);
    let jobs = builder
        .history(history.clone())
        .recorder(recorder)
        .run()
        .unwrap();
    minutes(2).await;
    for _ in 0..2 {
        fail(&jobs, HOURLY, "no orders").await;
    }
    jobs.flush().await;
    history.fail(|call| match call {
        "runs" => Fault::Down,
        _ => Fault::None,
    });
    minutes(75).await;
    let taken = reader.take();
    let hourly = ("job_name", "hourly");
    let problem = |kind| taken.gauge("scheduler_job_problem", &[hourly, ("problem", kind)]);
    assert!((problem("late") - 1.0).abs() < 1e-9);
    let failures = taken.gauge("scheduler_job_failures_in_a_row", &[hourly]);
    assert!((failures - 2.0).abs() < 1e-9);
}

/// A daily job in Berlin runs through both changes of 2030, and then stops.
#[tokio::test(start_paused = true)]
async fn a_daylight_saving_change_neither_causes_nor_hides_a_problem() {
    const NIGHTLY: Job = Job::named("nightly")
        .cron("30 2 * * *", "Europe/Berlin")
        .grace(Duration::from_mins(10));
    let day = 24 * 60;
    for (from, nights) in [
        // 02:30, then 03:00 because 02:30 is skipped, then 02:30 in summer time, and another day.
        ("2030-03-30T01:30:00Z", [day - 30, day - 30, day]),
        // 02:30, then the first of two 02:30, then 02:30 in winter time, and another day.
        ("2030-10-26T00:30:00Z", [day, day + 60, day]),
    ] {
        for nights in [&nights[..1], &nights[..2], &nights] {
            let start: SystemTime = from.parse::<Timestamp>().unwrap().into();
            let now = Arc::new(Mutex::new(start));
            let clock = Arc::clone(&now);
            let history = MemoryHistory::new().clock(move || *clock.lock().unwrap());
            let jobs = jobs(&history, &[NIGHTLY]);
            let mut changes = jobs.subscribe();
            minutes(2).await;
            let pass = async |minutes: u64| {
                *now.lock().unwrap() += Duration::from_mins(minutes);
                sleep(EVALUATION).await;
            };
            succeed(&jobs, NIGHTLY).await;
            let (last, kept) = nights.split_last().unwrap();
            for night in kept {
                pass(night + 9).await;
                assert_eq!(reported(&mut changes), [], "{from} {nights:?}");
                *now.lock().unwrap() -= Duration::from_mins(9);
                succeed(&jobs, NIGHTLY).await;
            }
            // The job does not run in the last night.
            pass(last + 9).await;
            assert_eq!(reported(&mut changes), [], "{from} {nights:?}");
            pass(2).await;
            assert_eq!(reported(&mut changes), [(Late, false)], "{from} {nights:?}");
            succeed(&jobs, NIGHTLY).await;
            sleep(EVALUATION).await;
            assert_eq!(reported(&mut changes), [(Late, true)], "{from} {nights:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_run_is_reported_once_and_resolved_by_its_end() {
    const IMPORT: Job = Job::named("import").max_runtime(Duration::from_millis(1));
    let history = history_from("2030-01-01T00:00:00Z");
    let before = jobs(&history, &[IMPORT]);
    let mut changes = before.subscribe();
    minutes(2).await;
    let first = before.start(IMPORT);
    // The duration of a run is not by tokio's clock.
    std::thread::sleep(Duration::from_millis(2));
    minutes(5).await;
    let long = all_reported(&mut changes);
    assert_eq!(long.len(), 1, "{long:?}");
    assert_eq!(long[0].problem.kind, TooLong);
    assert_eq!(long[0].problem.run, Some(first.id()));
    assert_eq!(long[0].problem.message, "a run has taken longer than 1ms");
    // The run continues, and until it ends no other long run is reported.
    let second = before.start(IMPORT);
    std::thread::sleep(Duration::from_millis(2));
    minutes(5).await;
    assert_eq!(reported(&mut changes), []);
    first.finish();
    minutes(1).await;
    assert_eq!(reported(&mut changes), [(TooLong, true), (TooLong, false)]);
    assert_eq!(before.problems()[0].run, Some(second.id()));
    second.finish();
    minutes(1).await;
    assert_eq!(reported(&mut changes), [(TooLong, true)]);

    // A long run of another instance stays a problem until it is lost.
    let seen = history.job_states().await.unwrap().now;
    let gone = RunRecord::new(Uuid::now_v7(), "import", SystemTime::now(), "other");
    let lease = Duration::from_mins(3);
    history.write(slice::from_ref(&gone), lease).await.unwrap();
    let mut problem = Problem::new("import", TooLong, seen, "");
    problem.run = Some(gone.id);
    assert!(history.report(&problem, seen).await.unwrap());
    minutes(2).await;
    assert_eq!(
        reported(&mut changes),
        [],
        "the run continues on the other instance"
    );
    assert_eq!(before.problems(), slice::from_ref(&problem));
    minutes(2).await;
    let resolved = all_reported(&mut changes);
    assert_eq!(resolved.len(), 1, "{resolved:?}");
    assert_eq!(
        (&resolved[0].problem, resolved[0].is_resolved),
        (&problem, true)
    );
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_are_reported_once_and_resolved_by_a_success() {
    const SYNC: Job = Job::named("sync");
    const ONCE: Job = Job::named("once").failing_after(1);
    let (recorder, reader) = recorder();
    let history = history_from("2030-01-01T00:00:00Z");
    let before = Jobs::builder()
        .job(SYNC)
        .job(ONCE)
        .history(history.clone())
        .recorder(recorder)
        .run()
        .unwrap();
    let mut changes = before.subscribe();
    minutes(2).await;
    fail(&before, SYNC, "one").await;
    fail(&before, SYNC, "two").await;
    drop(before.start(SYNC));
    sleep(EVALUATION).await;
    assert_eq!(
        reported(&mut changes),
        [],
        "a cancelled run is not a failure"
    );
    fail(&before, SYNC, "no route to redis://:planted@host").await;
    fail(&before, ONCE, "").await;
    sleep(EVALUATION).await;
    let failing = all_reported(&mut changes);
    let messages: Vec<_> = failing
        .iter()
        .map(|change| &*change.problem.message)
        .collect();
    assert_eq!(
        messages,
        [
            "failed 1 time in a row; last error: ",
            "failed 3 times in a row; last error: no route to redis://[redacted]@host",
        ]
    );
    let run = before
        .runs(&RunQuery::new().job_name("sync"))
        .await
        .unwrap();
    assert_eq!(failing[1].problem.run, Some(run[0].id));

    // The problem shows in metrics, in health, and in the summaries.
    let metrics = reader.take();
    let problem = |job, problem| {
        let labels = [("job_name", job), ("problem", problem)];
        metrics.gauge("scheduler_job_problem", &labels)
    };
    assert_eq!(problem("sync", "failing"), 1.0);
    assert_eq!(problem("sync", "late"), 0.0);
    let in_a_row = metrics.gauge("scheduler_job_failures_in_a_row", &[("job_name", "sync")]);
    assert_eq!(in_a_row, 3.0);
    let unhealthy = before.health_check()().await.unwrap_err();
    assert_eq!(
        unhealthy,
        "once is failing (failed 1 time in a row; last error: ); sync is failing (failed 3 times in a row; last error: \
         no route to redis://[redacted]@host)"
    );
    let summaries = before.summaries().await.unwrap();
    let sync = &summaries[1];
    assert_eq!((&*sync.job_name, sync.failures_in_a_row), ("sync", 3));
    assert_eq!(sync.problems, before.problems()[1..]);

    // Further failures and a restart are not another problem.
    fail(&before, SYNC, "four").await;
    minutes(1).await;
    assert_eq!(reported(&mut changes), []);
    drop(before);
    let after = jobs(&history, &[SYNC]);
    let mut changes = after.subscribe();
    minutes(2).await;
    fail(&after, SYNC, "five").await;
    minutes(1).await;
    assert_eq!(reported(&mut changes), []);
    assert_eq!(after.problems().len(), 1, "the other job is unknown here");
    let check = after.health_check();
    assert!(check().await.is_err());
    succeed(&after, SYNC).await;
    sleep(EVALUATION).await;
    assert_eq!(reported(&mut changes), [(Failing, true)]);
    assert_eq!(check().await, Ok(()));
    fail(&after, SYNC, "one again").await;
    sleep(EVALUATION).await;
    assert_eq!(reported(&mut changes), []);
}

fn yielding_jobs(history: &Faulty, job: Job) -> Jobs {
    let builder = Jobs::builder().job(job).history(history.clone());
    builder.run().unwrap()
}

/// Several instances evaluate one history at the same time.
#[tokio::test(start_paused = true)]
async fn each_change_is_reported_by_one_of_several_instances() {
    let history = Faulty::new(&history_from("2030-01-01T00:00:00Z"));
    let instances: Vec<_> = (0..5).map(|_| yielding_jobs(&history, HOURLY)).collect();
    let mut changes: Vec<_> = instances.iter().map(Jobs::subscribe).collect();
    let mut reported_by_all = || {
        let mut all: Vec<_> = changes.iter_mut().flat_map(reported).collect();
        all.sort_unstable();
        all
    };
    minutes(60).await;
    for jobs in &instances[1..4] {
        fail(jobs, HOURLY, "").await;
    }
    minutes(200).await;
    let all = [Late, Missed, Failing];
    assert_eq!(reported_by_all(), all.map(|kind| (kind, false)));
    succeed(&instances[4], HOURLY).await;
    minutes(10).await;
    assert_eq!(reported_by_all(), all.map(|kind| (kind, true)));
    for jobs in &instances {
        assert_eq!(jobs.problems(), []);
    }
}

/// Expectations differ during a deployment, and in a process that knows only the name of a job.
#[tokio::test(start_paused = true)]
async fn instances_with_different_expectations_do_not_contradict_each_other_forever() {
    const DAILY: Job = Job::named("hourly")
        .every(Duration::from_hours(24))
        .failing_after(9);
    const ASKED: Job = Job::named("hourly").failing_after(1);
    let history = history_from("2030-01-01T00:00:00Z");
    let instances = [HOURLY, DAILY, ASKED].map(|job| jobs(&history, &[job]));
    let mut changes = instances.each_ref().map(Jobs::subscribe);
    let mut reported_by_all = || changes.iter_mut().flat_map(reported).collect::<Vec<_>>();
    minutes(80).await;
    fail(&instances[0], HOURLY, "").await;
    minutes(1).await;
    assert_eq!(
        reported_by_all(),
        [(Late, false), (Late, true), (Failing, false)]
    );
    minutes(30).await;
    assert_eq!(reported_by_all(), []);
    succeed(&instances[1], DAILY).await;
    minutes(1).await;
    assert_eq!(reported_by_all(), [(Failing, true)]);
}

/// Loses the answers to reports and resolutions.
fn loses_answers(call: &str) -> Fault {
    match call {
        "report" | "resolve" => Fault::LosesAnswer,
        _ => Fault::None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_answer_is_lost_is_still_reported_once() {
    let history = Faulty::new(&history_from("2030-01-01T00:00:00Z"));
    let jobs = yielding_jobs(&history, HOURLY);
    let mut changes = jobs.subscribe();
    minutes(69).await;
    history.fail(loses_answers);
    minutes(30).await;
    assert_eq!(reported(&mut changes), []);
    history.fail(|_| Fault::None);
    minutes(1).await;
    assert_eq!(reported(&mut changes), [(Late, false)]);
    history.fail(loses_answers);
    succeed(&jobs, HOURLY).await;
    minutes(1).await;
    assert_eq!(reported(&mut changes), []);
    history.fail(|_| Fault::None);
    minutes(1).await;
    assert_eq!(reported(&mut changes), [(Late, true)]);
}

/// The process was suspended for longer than its lease.
#[tokio::test(start_paused = true)]
async fn a_lost_run_that_continues_is_not_reported_as_too_long() {
    const IMPORT: Job = Job::named("import").max_runtime(Duration::from_millis(1));
    let history = history_from("2030-01-01T00:00:00Z");
    let jobs = jobs(&history, &[IMPORT]);
    let mut changes = jobs.subscribe();
    let run = jobs.start(IMPORT);
    jobs.flush().await;
    let known = jobs.runs(&RunQuery::new().id(run.id())).await.unwrap();
    history.write(&known, Duration::ZERO).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    let now = history.renew(&[], Duration::ZERO).await.unwrap();
    assert_eq!(history.reap(now).await.unwrap().len(), 1);
    std::thread::sleep(Duration::from_millis(2));
    minutes(10).await;
    assert_eq!(reported(&mut changes), []);
    run.finish();
}

#[tokio::test(start_paused = true)]
async fn the_problems_of_a_removed_job_are_resolved_after_a_day() {
    let history = history_from("2030-01-01T00:00:00Z");
    let before = jobs(&history, &[HOURLY]);
    minutes(75).await;
    assert_eq!(before.problems().len(), 1);
    drop(before);
    let after = jobs(&history, &[Job::named("other")]);
    let mut changes = after.subscribe();
    minutes(23 * 60).await;
    assert_eq!(reported(&mut changes), []);
    minutes(80).await;
    assert_eq!(reported(&mut changes), [(Late, true)]);
    assert_eq!(history.problems().await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_start_dropped_from_the_queue_still_counts() {
    let history = history_from("2030-01-01T00:00:00Z");
    let builder = Jobs::builder().job(HOURLY).history(history.clone());
    let jobs = builder.max_queued(1).run().unwrap();
    let mut changes = jobs.subscribe();
    minutes(75).await;
    assert_eq!(reported(&mut changes), [(Late, false)]);
    // The queue keeps one of two starts.
    let blocker = jobs.start(Job::named("blocker"));
    let hourly = jobs.start(HOURLY);
    jobs.flush().await;
    let query = RunQuery::new().job_name("hourly");
    assert_eq!(history.runs(&query).await.unwrap(), []);
    minutes(1).await;
    assert_eq!(reported(&mut changes), [(Late, true)]);
    hourly.finish();
    blocker.finish();
}

#[tokio::test(start_paused = true)]
async fn a_dropped_start_is_known_to_all_instances_and_counts_once() {
    let history = history_from("2030-01-01T00:00:00Z");
    let [one, other] = [1, 100].map(|max| {
        let builder = Jobs::builder().job(HOURLY).history(history.clone());
        builder.max_queued(max).run().unwrap()
    });
    let mut changes = [one.subscribe(), other.subscribe()];
    let mut reported_by_all = || changes.iter_mut().flat_map(reported).collect::<Vec<_>>();
    minutes(30).await;
    let blocker = one.start(Job::named("blocker"));
    let hourly = one.start(HOURLY);
    one.flush().await;
    minutes(68).await;
    assert_eq!(reported_by_all(), []);
    minutes(5).await;
    assert_eq!(reported_by_all(), [(Late, false)]);
    minutes(30).await;
    assert_eq!(reported_by_all(), []);
    // The history learns of the run by its end, which is not a second start.
    hourly.finish();
    blocker.finish();
    minutes(20).await;
    assert_eq!(reported_by_all(), []);
    assert_eq!(one.problems(), other.problems());
    succeed(&other, HOURLY).await;
    minutes(1).await;
    assert_eq!(
        reported_by_all(),
        [(Late, true), (Missed, false), (Missed, true)][..1]
    );
}

#[tokio::test(start_paused = true)]
async fn a_long_run_is_not_hidden_by_lost_and_dropped_ones() {
    const IMPORT: Job = Job::named("import").max_runtime(Duration::from_millis(1));
    let prometheus = Prometheus::builder().build().unwrap();
    let history = history_from("2030-01-01T00:00:00Z");
    let builder = Jobs::builder().job(IMPORT).history(history.clone());
    let jobs = builder.max_queued(1).recorder(prometheus.clone());
    let jobs = jobs.run().unwrap();
    let mut changes = jobs.subscribe();
    let metric = || {
        let labels = [("job_name", "import"), ("problem", "too_long")];
        prometheus.snapshot().sum("scheduler_job_problem", &labels)
    };
    let lost = jobs.start(IMPORT);
    jobs.flush().await;
    let query = RunQuery::new().id(lost.id());
    let known = jobs.runs(&query).await.unwrap();
    history.write(&known, Duration::ZERO).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    let now = history.renew(&[], Duration::ZERO).await.unwrap();
    assert_eq!(history.reap(now).await.unwrap().len(), 1);
    std::thread::sleep(Duration::from_millis(2));
    minutes(5).await;
    assert_eq!((reported(&mut changes), metric()), (vec![], Some(0.0)));

    let blocker = jobs.start(Job::named("blocker"));
    let dropped = jobs.start(IMPORT);
    jobs.flush().await;
    std::thread::sleep(Duration::from_millis(2));
    minutes(5).await;
    assert_eq!(
        reported(&mut changes),
        [],
        "another instance could not tell when it ends"
    );
    assert_eq!(metric(), Some(1.0));

    let seen = jobs.start(IMPORT);
    jobs.flush().await;
    std::thread::sleep(Duration::from_millis(2));
    minutes(5).await;
    assert_eq!(
        (reported(&mut changes), metric()),
        (vec![(TooLong, false)], Some(1.0))
    );
    assert_eq!(jobs.problems()[0].run, Some(seen.id()));
    seen.finish();
    minutes(1).await;
    assert_eq!(
        (reported(&mut changes), metric()),
        (vec![(TooLong, true)], Some(1.0))
    );
    dropped.finish();
    minutes(1).await;
    assert_eq!(metric(), Some(0.0));
    lost.finish();
    blocker.finish();
}

#[tokio::test(start_paused = true)]
async fn a_changed_schedule_ends_late_by_the_old_one() {
    const DAILY: Job = Job::named("hourly").every(Duration::from_hours(24));
    let history = history_from("2030-01-01T00:00:00Z");
    let before = jobs(&history, &[HOURLY]);
    minutes(75).await;
    assert_eq!(before.problems().len(), 1);
    drop(before);
    let after = jobs(&history, &[DAILY]);
    let mut changes = after.subscribe();
    minutes(2).await;
    assert_eq!(reported(&mut changes), [(Late, true)]);
    minutes(24 * 60).await;
    assert_eq!(reported(&mut changes), [(Late, false)]);
}

/// By a real clock.
#[tokio::test]
#[cfg(feature = "jobs-sqlite")]
async fn a_file_remembers_reported_problems() {
    use tower_vitals::jobs::SqliteHistory;

    const OFTEN: Job = Job::named("often")
        .every(Duration::from_millis(1))
        .grace(Duration::ZERO);
    let file = std::env::temp_dir().join(format!("vitals-reported-{}.db", std::process::id()));
    let open = || {
        let builder = Jobs::builder().job(OFTEN).lease(Duration::from_secs(1));
        builder.history(SqliteHistory::open(&file)).run().unwrap()
    };
    let before = open();
    let mut changes = before.subscribe();
    let mut kinds = Vec::new();
    while kinds.len() < 2 {
        kinds.push(changes.next().await.unwrap().problem.kind);
    }
    assert_eq!(kinds, [Late, Missed]);
    drop((before, changes));
    let after = open();
    let mut changes = after.subscribe();
    crate::support::until("both problems are known", async || {
        after.problems().len() == 2
    })
    .await;
    assert_eq!(reported(&mut changes), []);
    drop(after);
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
    }
}
