//! Jobs: each run is known, however it ends, and no job waits for its history or fails because of it.

use std::future::{pending, ready};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::faulty::{Fault, Faulty};
use crate::support::log::Log;
use crate::support::recorder;
use futures_util::FutureExt;
use serde_json::json;
use tokio::time::{Instant, timeout};
use tower_vitals::ErrorKind;
use tower_vitals::jobs::{
    History, Job, Jobs, MemoryHistory, RunQuery, RunRecord, RunStatus, StartedRun, Uuid,
};

const NIGHTLY: Job = Job::named("nightly").every(Duration::from_hours(24));

async fn only_run(jobs: &Jobs) -> RunRecord {
    jobs.flush().await;
    let mut runs = jobs.runs(&RunQuery::new()).await.unwrap();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs.remove(0)
}

#[tokio::test]
async fn what_the_future_gives_is_given_and_known() {
    let (recorder, reader) = recorder();
    let jobs = Jobs::builder()
        .job(NIGHTLY)
        .recorder(recorder)
        .instance("shop-1")
        .run()
        .unwrap();
    let inner = jobs.clone();
    let given = jobs
        .monitor_with(NIGHTLY, |run| async move {
            run.set("rows", 119);
            run.set("rows", 120);
            inner.flush().await;
            let now = inner.runs(&RunQuery::new()).await.unwrap();
            assert_eq!((now[0].status, now[0].id), (RunStatus::Running, run.id()));
            Ok::<_, String>(7)
        })
        .await;
    assert_eq!(given, Ok(7));
    let run = only_run(&jobs).await;
    assert_eq!(
        (&*run.job_name, run.status),
        ("nightly", RunStatus::Success)
    );
    assert_eq!((&*run.instance, &run.error_message), ("shop-1", &None));
    assert_eq!(json!(run.metadata), json!({"rows": 120}));
    assert_eq!(
        run.finished_at,
        run.started_at.checked_add(run.duration.unwrap()).map(|at| {
            let rest = run.duration.unwrap().subsec_nanos() % 1000;
            at - Duration::from_nanos(u64::from(rest))
        })
    );

    let taken = reader.take();
    let success = [("job_name", "nightly"), ("status", "success")];
    assert_eq!(taken.counter("scheduler_jobs_total", &success), 1);
    assert_eq!(
        taken.samples("scheduler_job_duration_seconds", &[]).len(),
        1
    );
    assert_eq!(taken.gauge("scheduler_jobs_in_progress", &[]), 0.0);
    assert!(taken.gauge("scheduler_job_last_success_timestamp_seconds", &[]) > 1e9);
}

fn boom() -> Result<(), String> {
    panic!("boom")
}

/// Issue D: `Err`, a panic, a drop, or an explicit `fail`; a blocking closure and a guard.
#[tokio::test]
async fn each_way_to_end_is_told_from_the_others() {
    let jobs = || Jobs::builder().run().unwrap();

    let failing = jobs();
    let given = failing
        .monitor(
            NIGHTLY,
            ready(Err::<(), _>("no route to redis://:planted@host")),
        )
        .await;
    assert_eq!(
        given,
        Err("no route to redis://:planted@host"),
        "its own error, untouched"
    );
    let run = only_run(&failing).await;
    assert_eq!(run.status, RunStatus::Failed);
    assert_eq!(
        run.error_message.as_deref(),
        Some("no route to redis://[redacted]@host")
    );

    let panicking = jobs();
    let work = panicking.monitor(NIGHTLY, async {
        tokio::task::yield_now().await;
        boom()
    });
    let panic = AssertUnwindSafe(work).catch_unwind().await.unwrap_err();
    assert_eq!(
        panic.downcast_ref::<&str>(),
        Some(&"boom"),
        "passed on as it was"
    );
    let run = only_run(&panicking).await;
    assert_eq!(
        (run.status, run.error_message.as_deref()),
        (RunStatus::Failed, Some("panicked: boom"))
    );

    let cancelled = jobs();
    let work = cancelled.monitor(NIGHTLY, pending::<Result<(), String>>());
    assert!(timeout(Duration::from_millis(5), work).await.is_err());
    assert_eq!(only_run(&cancelled).await.status, RunStatus::Cancelled);

    let never_polled = jobs();
    drop(never_polled.monitor(NIGHTLY, ready(Ok::<_, String>(()))));
    never_polled.flush().await;
    assert_eq!(never_polled.runs(&RunQuery::new()).await.unwrap(), []);

    let said_so = jobs();
    let given = said_so
        .monitor_with(NIGHTLY, |run| async move {
            run.fail("fewer rows than ever");
            Ok::<_, String>(3)
        })
        .await;
    assert_eq!(given, Ok(3));
    let run = only_run(&said_so).await;
    assert_eq!(
        (run.status, run.error_message.as_deref()),
        (RunStatus::Failed, Some("fewer rows than ever"))
    );

    let blocking = jobs();
    let given = blocking.monitor_blocking(NIGHTLY, |run| {
        run.set("rows", 1);
        Err::<(), _>("disk full")
    });
    assert_eq!(given, Err("disk full"));
    assert_eq!(
        only_run(&blocking).await.error_message.as_deref(),
        Some("disk full")
    );

    let finished = jobs();
    finished.start(NIGHTLY).finish();
    assert_eq!(only_run(&finished).await.status, RunStatus::Success);

    let dropped = jobs();
    drop(dropped.start(NIGHTLY));
    assert_eq!(only_run(&dropped).await.status, RunStatus::Cancelled);
}

/// The panic of one future drops those beside it: they did not panic.
#[tokio::test]
async fn what_anothers_panic_drops_was_cancelled() {
    let jobs = Jobs::builder().run().unwrap();
    let waiting = jobs.monitor(NIGHTLY, pending::<Result<(), String>>());
    let both = AssertUnwindSafe(async { tokio::join!(waiting, async { boom() }) });
    assert!(both.catch_unwind().await.is_err());
    let run = only_run(&jobs).await;
    assert_eq!(
        (run.status, run.error_message),
        (RunStatus::Cancelled, None)
    );
}

/// Issue D: `.metadata(json)`, and from inside `run.set`. What is given is a future of its own, to be spawned.
#[tokio::test]
async fn metadata_is_known_from_the_start_and_added_to() {
    let jobs = Jobs::builder().run().unwrap();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let (go, goes) = tokio::sync::oneshot::channel::<()>();
    let work = jobs.monitor_with(NIGHTLY, |run| async move {
        begun.send(()).unwrap();
        goes.await.unwrap();
        run.set("rows", 120);
        Ok::<_, String>(())
    });
    let work = work.metadata(json!({"shop": 7, "api_key": "planted"}));
    assert_eq!(jobs.runs(&RunQuery::new()).await.unwrap(), []);
    let work = tokio::spawn(work);
    begins.await.unwrap();
    let run = only_run(&jobs).await;
    assert_eq!(run.status, RunStatus::Running);
    assert_eq!(
        json!(run.metadata),
        json!({"shop": 7, "api_key": "[redacted]"})
    );
    go.send(()).unwrap();
    assert_eq!(work.await.unwrap(), Ok(()));
    assert_eq!(
        json!(only_run(&jobs).await.metadata),
        json!({"shop": 7, "api_key": "[redacted]", "rows": 120})
    );

    // It holds the future once, also when that is large.
    let large = [0_u8; 10_000];
    let work = async move { Ok::<_, String>(large) };
    let size = size_of_val(&work);
    let monitored = jobs.monitor(NIGHTLY, work);
    let more = size_of_val(&monitored) - size;
    assert!(more < 1_000, "{more}");

    let other = Jobs::builder().run().unwrap();
    let work = other.monitor(NIGHTLY, ready(Ok::<_, String>(())));
    work.metadata(json!([1, 2])).await.unwrap();
    assert_eq!(
        json!(only_run(&other).await.metadata),
        json!({"value": [1, 2]})
    );
}

/// Whatever is written or renewed.
fn down(call: &str) -> Fault {
    match call {
        "prepare" | "register" | "write" | "renew" | "reap" => Fault::Down,
        _ => Fault::None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_history_that_is_down_harms_no_job_and_gets_what_was_kept() {
    let (recorder, reader) = recorder();
    let (log, _guard) = Log::of_this_thread();
    let history = Faulty::new(&MemoryHistory::new());
    let before = Arc::<Mutex<Vec<_>>>::default();
    let asked = Arc::clone(&before);
    history.fail(move |call| {
        asked.lock().unwrap().push(call);
        down(call)
    });
    let jobs = Jobs::builder()
        .history(history.clone())
        .max_queued(10)
        .recorder(recorder)
        .run()
        .unwrap();
    for _ in 0..20 {
        assert_eq!(
            jobs.monitor(NIGHTLY, ready(Ok::<_, String>(1))).await,
            Ok(1)
        );
    }
    // A minute without it.
    tokio::time::advance(Duration::from_mins(1)).await;
    let error = jobs.shutdown(Duration::from_secs(5)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(
        error.to_string(),
        "10 starts and ends of jobs could not be written to the history within 5s"
    );
    let tried = history.asked();
    assert!(
        (5..40).contains(&tried),
        "it is tried again, ever less often: {tried}"
    );
    history.fail(|_| Fault::None);
    jobs.flush().await;
    let runs = jobs.runs(&RunQuery::new()).await.unwrap();
    assert_eq!(runs.len(), 10, "ends, which say all that their starts did");
    assert!(
        runs.iter().all(|run| run.status == RunStatus::Success),
        "{runs:?}"
    );
    let taken = reader.take();
    assert_eq!(
        taken.counter("scheduler_jobs_total", &[]),
        20,
        "all are measured"
    );
    assert_eq!(
        taken.counter("monitoring_job_events_dropped_total", &[]),
        30
    );
    assert_eq!(log.count("cannot be prepared: tried again"), 1);
    assert_eq!(log.count("is back: it can be prepared"), 1);
    assert_eq!(log.count("no route to redis://[redacted]@host"), 1);
    let before = before.lock().unwrap();
    assert!(before.iter().all(|call| *call == "prepare"), "{before:?}");
    assert!(!log.text().contains("planted"), "{}", log.text());
}

/// The lease ran out while nobody could renew it: whoever is back first must not take the run for lost.
#[tokio::test(start_paused = true)]
async fn a_run_that_goes_on_or_ends_in_an_outage_is_not_lost() {
    let history = Faulty::new(&MemoryHistory::new());
    let instance = |name: &str| {
        let builder = Jobs::builder().history(history.clone()).instance(name);
        builder.lease(Duration::from_secs(3)).run().unwrap()
    };
    let (jobs, other) = (instance("shop-1"), instance("shop-2"));
    let (ends, goes_on) = (jobs.start(NIGHTLY), jobs.start(NIGHTLY));
    tokio::time::sleep(Duration::from_secs(10)).await;
    history.fail(down);
    tokio::time::sleep(Duration::from_secs(30)).await;
    ends.finish();
    tokio::time::sleep(Duration::from_secs(30)).await;
    history.fail(|_| Fault::None);
    tokio::time::sleep(Duration::from_secs(30)).await;
    let running = other
        .runs(&RunQuery::new().status(RunStatus::Running))
        .await
        .unwrap();
    assert_eq!(
        running.iter().map(|run| run.id).collect::<Vec<_>>(),
        [goes_on.id()]
    );
    goes_on.finish();
    jobs.flush().await;
    let stats = other.stats("nightly").await.unwrap().unwrap();
    assert_eq!(
        (stats.count(RunStatus::Success), stats.total_runs()),
        (2, 2),
        "{stats:?}"
    );
}

/// Two instances of one history, each of which fails as it is told; one run of the second is under way, with a lease of
/// three seconds.
struct Two {
    faulty: [Faulty; 2],
    _first: Jobs,
    second: Jobs,
    run: StartedRun,
}

impl Two {
    async fn settled() -> Self {
        let memory = MemoryHistory::new();
        let faulty = [Faulty::new(&memory), Faulty::new(&memory)];
        let [first, second] = faulty.each_ref().map(|history| {
            let builder = Jobs::builder().history(history.clone());
            builder.lease(Duration::from_secs(3)).run().unwrap()
        });
        let run = second.start(NIGHTLY);
        tokio::time::sleep(Duration::from_secs(10)).await;
        Self {
            faulty,
            _first: first,
            second,
            run,
        }
    }

    async fn assert_running(self) {
        tokio::time::sleep(Duration::from_secs(30)).await;
        assert_eq!(only_run(&self.second).await.status, RunStatus::Running);
        self.run.finish();
        assert_eq!(only_run(&self.second).await.status, RunStatus::Success);
    }
}

/// Nothing fails, and for longer than a lease nothing is answered; then the other is answered first.
#[tokio::test(start_paused = true)]
async fn a_run_is_not_lost_in_a_stall() {
    let two = Two::settled().await;
    let stall = Instant::now() + Duration::from_secs(4);
    two.faulty[0].fail(move |_| Fault::Until(stall));
    let longer = stall + Duration::from_millis(10);
    two.faulty[1].fail(move |_| Fault::Until(longer));
    two.assert_running().await;
}

/// Nor between a renewal and what follows from it.
#[tokio::test(start_paused = true)]
async fn a_run_is_not_lost_where_the_stall_begins_after_a_renewal() {
    let two = Two::settled().await;
    let stall = Instant::now() + Duration::from_millis(4_500);
    let renewed = AtomicBool::new(false);
    two.faulty[0].fail(move |call| match call {
        "renew" if !renewed.swap(true, Ordering::Relaxed) => Fault::None,
        _ => Fault::Until(stall),
    });
    let longer = stall + Duration::from_millis(10);
    two.faulty[1].fail(move |_| Fault::Until(longer));
    two.assert_running().await;
}

/// Whoever is back first, in whatever phase of its renewals.
#[tokio::test(start_paused = true)]
async fn a_run_is_not_lost_where_the_other_is_back_first() {
    for phase in 0..40 {
        let two = Two::settled().await;
        two.faulty.iter().for_each(|history| history.fail(down));
        tokio::time::sleep(Duration::from_millis(10_000 + 100 * phase)).await;
        two.faulty[0].fail(|_| Fault::None);
        tokio::time::sleep(Duration::from_millis(900)).await;
        two.faulty[1].fail(|_| Fault::None);
        two.assert_running().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_history_that_panics_harms_no_job() {
    let two = Two::settled().await;
    for faulty in &two.faulty {
        faulty.fail(|_| Fault::Panics);
    }
    let other = two.second.start(NIGHTLY);
    tokio::time::sleep(Duration::from_mins(1)).await;
    other.finish();
    for faulty in &two.faulty {
        faulty.fail(|_| Fault::None);
    }
    two.second.flush().await;
    let runs = two.second.runs(&RunQuery::new()).await.unwrap();
    let statuses: Vec<_> = runs.iter().map(|run| run.status).collect();
    assert_eq!(statuses, [RunStatus::Success, RunStatus::Running]);
    two.run.finish();
    tokio::time::sleep(Duration::from_secs(30)).await;
    let stats = two.second.stats("nightly").await.unwrap().unwrap();
    assert_eq!(stats.count(RunStatus::Success), 2, "{stats:?}");
}

/// Where nothing runs nothing is written, and jobs that never start are what is looked for.
#[tokio::test(start_paused = true)]
async fn a_history_that_fails_where_nothing_runs_is_told_of_once() {
    let history = Faulty::new(&MemoryHistory::new());
    let (log, _guard) = Log::of_this_thread();
    let jobs = Jobs::builder().job(NIGHTLY).history(history.clone());
    let _jobs = jobs.run().unwrap();
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert_eq!(log.text(), "");
    for (call, what) in [
        ("renew", "renew leases"),
        ("reap", "tell what is lost"),
        ("standings", "tell how jobs stand"),
        ("register", "be told of jobs"),
        ("prune", "be pruned"),
    ] {
        history.fail(move |asked| {
            if asked == call {
                Fault::Down
            } else {
                Fault::None
            }
        });
        tokio::time::sleep(Duration::from_mins(30)).await;
        history.fail(|_| Fault::None);
        tokio::time::sleep(Duration::from_mins(30)).await;
        assert_eq!(log.count(&format!("cannot {what}: tried again")), 1);
        assert_eq!(log.count(&format!("is back: it can {what}")), 1);
        assert_eq!(log.text().lines().count() % 2, 0, "{}", log.text());
    }
}

/// A name that no job can have is not asked for: PostgreSQL takes no text with a NUL in it.
#[tokio::test]
async fn what_can_be_no_name_is_unknown() {
    let history = Faulty::new(&MemoryHistory::new());
    let jobs = Jobs::builder().history(history.clone()).run().unwrap();
    history.fail(|_| Fault::Down);
    for name in ["night\0ly", "night\nly", &"x".repeat(101)] {
        assert_eq!(jobs.stats(name).await.unwrap(), None);
        let query = RunQuery::new().job_name(name);
        assert_eq!(jobs.runs(&query).await.unwrap(), []);
    }
    assert!(jobs.stats("nightly").await.is_err());
}

/// Whoever holds a run holds what writes its end.
#[tokio::test]
async fn a_run_that_outlives_its_jobs_is_kept() {
    let history = MemoryHistory::new();
    let jobs = Jobs::builder().history(history.clone()).run().unwrap();
    let run = jobs.start(NIGHTLY);
    drop(jobs);
    tokio::task::yield_now().await;
    let query = RunQuery::new();
    crate::support::until("its start is kept", async || {
        history.runs(&query).await.unwrap().len() == 1
    })
    .await;
    drop(run);
    crate::support::until("its end is kept", async || {
        history.runs(&query).await.unwrap()[0].status == RunStatus::Cancelled
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_takes_long_keeps_its_lease() {
    let jobs = Jobs::builder().lease(Duration::from_secs(3)).run().unwrap();
    let run = jobs.start(NIGHTLY);
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        jobs.flush().await;
        assert_eq!(only_run(&jobs).await.status, RunStatus::Running);
    }
    run.finish();
    assert_eq!(only_run(&jobs).await.status, RunStatus::Success);
}

/// Another process of the same history began a run, and is gone.
#[tokio::test(start_paused = true)]
async fn a_run_without_a_lease_is_lost_once() {
    let (recorder, reader) = recorder();
    let history = MemoryHistory::new();
    let started = std::time::SystemTime::now();
    let gone = RunRecord::new(Uuid::now_v7(), "nightly", started, "shop-7");
    history
        .write(&[gone], Duration::from_secs(3))
        .await
        .unwrap();
    let jobs = Jobs::builder()
        .job(NIGHTLY)
        .history(history)
        .lease(Duration::from_secs(3))
        .recorder(recorder)
        .run()
        .unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(only_run(&jobs).await.status, RunStatus::Running);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let run = only_run(&jobs).await;
    assert_eq!((run.status, run.duration), (RunStatus::Lost, None));
    assert!(run.finished_at.is_some());
    let lost = [("job_name", "nightly"), ("status", "lost")];
    assert_eq!(reader.take().counter("scheduler_jobs_total", &lost), 1);
}

#[tokio::test]
async fn the_overview_has_every_job_that_is_registered_or_ran() {
    const HOURLY: Job = Job::named("hourly").every(Duration::from_hours(1));
    const ASKED_FOR: Job = Job::named("asked_for");
    let jobs = Jobs::builder().job(NIGHTLY).job(HOURLY).run().unwrap();
    jobs.start(ASKED_FOR).finish();
    jobs.start(HOURLY).finish();
    jobs.flush().await;
    let overview = jobs.summaries().await.unwrap();
    let names: Vec<_> = overview.iter().map(|job| &*job.job_name).collect();
    assert_eq!(names, ["asked_for", "hourly", "nightly"]);
    assert!(overview.iter().all(|job| !job.is_late));
    assert_eq!(overview[0].expected_at, None);
    let hourly = overview[1].last_run.as_ref().unwrap();
    // Registered a moment after, and expected an hour from then.
    let expected = overview[1].expected_at.unwrap();
    let after = expected.duration_since(hourly.started_at).unwrap();
    assert_eq!(after.as_secs(), 3600);
    assert_eq!(overview[2].last_run, None);
    assert!(overview[2].expected_at.is_some());
}

#[tokio::test]
async fn wrong_settings_are_refused_and_say_why() {
    const OTHER: Job = Job::named("nightly");
    let refused = |builder: tower_vitals::jobs::Builder| builder.run().unwrap_err().to_string();
    for (error, expected) in [
        (
            refused(Jobs::builder().job(Job::named(""))),
            "job \"\": its name has 0 characters",
        ),
        (
            refused(Jobs::builder().job(NIGHTLY).job(OTHER)),
            "two jobs are named \"nightly\" and differ",
        ),
        (
            refused(Jobs::builder().lease(Duration::from_millis(999))),
            "lease is 999ms: 1 s to 24 h are allowed",
        ),
        (
            refused(Jobs::builder().lease(Duration::MAX)),
            "lease is 18446744073709551615.999999999s: 1 s to 24 h are allowed",
        ),
        (
            refused(Jobs::builder().max_queued(0)),
            "the queue may hold 0 events",
        ),
        (
            refused(Jobs::builder().instance("")),
            "instance \"\" has 0 characters: 1 to 200",
        ),
    ] {
        assert!(error.starts_with(expected), "{error}");
    }
    assert!(
        Jobs::builder().job(NIGHTLY).job(NIGHTLY).run().is_ok(),
        "the same twice"
    );
}

#[test]
fn without_a_runtime_it_is_an_error() {
    let error = Jobs::builder().run().unwrap_err().to_string();
    assert!(
        error.starts_with("jobs have no tokio runtime to run on"),
        "{error}"
    );
}
