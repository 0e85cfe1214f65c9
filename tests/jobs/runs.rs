//! Every run is recorded, however it ends. No job waits for its history or fails because of it.

use std::future::{pending, ready};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::faulty::{Fault, Faulty};
use crate::support::log::Log;
use crate::support::recorder;
use futures_util::FutureExt;
use serde_json::json;
use tokio::time::{Instant, timeout};
use tower_vitals::jobs::store::RunStore;
use tower_vitals::jobs::{
    Job, Jobs, JobsBuilder, MemoryHistory, RunHandle, RunQuery, RunRecord, RunStatus, Uuid,
};
use tower_vitals::{ErrorKind, Prometheus};

const NIGHTLY: Job = Job::named("nightly").every(Duration::from_hours(24));

async fn only_run(jobs: &Jobs) -> RunRecord {
    jobs.flush().await;
    let mut runs = jobs.runs(&RunQuery::new()).await.unwrap();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs.remove(0)
}

#[tokio::test]
async fn monitor_returns_the_output_and_records_the_run() {
    let (recorder, reader) = recorder();
    let jobs = Jobs::builder()
        .job(NIGHTLY)
        .recorder(recorder)
        .instance("shop-1")
        .run()
        .unwrap();
    let inner = jobs.clone();
    let output = jobs
        .monitor_with(NIGHTLY, |run| async move {
            run.set("rows", 119);
            run.set("rows", 120);
            inner.flush().await;
            let now = inner.runs(&RunQuery::new()).await.unwrap();
            assert_eq!((now[0].status, now[0].id), (RunStatus::Running, run.id()));
            Ok::<_, String>(7)
        })
        .await;
    assert_eq!(output, Ok(7));
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

    let metrics = reader.take();
    let success = [("job_name", "nightly"), ("status", "success")];
    assert_eq!(metrics.counter("scheduler_jobs_total", &success), 1);
    assert_eq!(
        metrics.samples("scheduler_job_duration_seconds", &[]).len(),
        1
    );
    assert_eq!(metrics.gauge("scheduler_jobs_in_progress", &[]), 0.0);
    assert!(metrics.gauge("scheduler_job_last_success_timestamp_seconds", &[]) > 1e9);
}

fn boom() -> Result<(), String> {
    panic!("boom")
}

/// `Err`, a panic, a drop and an explicit `fail`, in a future, a blocking closure and a handle.
#[tokio::test]
async fn each_outcome_is_distinguished() {
    let jobs = || Jobs::builder().run().unwrap();

    let failing = jobs();
    let output = failing
        .monitor(
            NIGHTLY,
            ready(Err::<(), _>("no route to redis://:planted@host")),
        )
        .await;
    assert_eq!(
        output,
        Err("no route to redis://:planted@host"),
        "the error is returned unchanged"
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
        "the panic is passed on unchanged"
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

    let marked = jobs();
    let output = marked
        .monitor_with(NIGHTLY, |run| async move {
            run.fail("fewer rows than expected");
            Ok::<_, String>(3)
        })
        .await;
    assert_eq!(output, Ok(3));
    let run = only_run(&marked).await;
    assert_eq!(
        (run.status, run.error_message.as_deref()),
        (RunStatus::Failed, Some("fewer rows than expected"))
    );

    let blocking = jobs();
    let output = blocking.monitor_blocking(NIGHTLY, |run| {
        run.set("rows", 1);
        Err::<(), _>("disk full")
    });
    assert_eq!(output, Err("disk full"));
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

#[tokio::test]
async fn a_future_dropped_by_another_ones_panic_is_cancelled() {
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

/// `.metadata(json)` sets initial metadata, and `run.set` adds to it. The future can be spawned.
#[tokio::test]
async fn initial_metadata_is_recorded_at_the_start_and_extended_later() {
    let jobs = Jobs::builder().run().unwrap();
    let (begun_sender, begun) = tokio::sync::oneshot::channel();
    let (finish_sender, finish) = tokio::sync::oneshot::channel::<()>();
    let work = jobs.monitor_with(NIGHTLY, |run| async move {
        begun_sender.send(()).unwrap();
        finish.await.unwrap();
        run.set("rows", 120);
        Ok::<_, String>(())
    });
    let work = work.metadata(json!({"shop": 7, "api_key": "planted"}));
    assert_eq!(jobs.runs(&RunQuery::new()).await.unwrap(), []);
    let work = tokio::spawn(work);
    begun.await.unwrap();
    let run = only_run(&jobs).await;
    assert_eq!(run.status, RunStatus::Running);
    assert_eq!(
        json!(run.metadata),
        json!({"shop": 7, "api_key": "[redacted]"})
    );
    finish_sender.send(()).unwrap();
    assert_eq!(work.await.unwrap(), Ok(()));
    assert_eq!(
        json!(only_run(&jobs).await.metadata),
        json!({"shop": 7, "api_key": "[redacted]", "rows": 120})
    );

    // The future is stored once, even if it is large.
    let large = [0_u8; 10_000];
    let work = async move { Ok::<_, String>(large) };
    let size = size_of_val(&work);
    let monitored = jobs.monitor(NIGHTLY, work);
    let overhead = size_of_val(&monitored) - size;
    assert!(overhead < 1_000, "{overhead}");

    let other = Jobs::builder().run().unwrap();
    let work = other.monitor(NIGHTLY, ready(Ok::<_, String>(())));
    work.metadata(json!([1, 2])).await.unwrap();
    assert_eq!(
        json!(only_run(&other).await.metadata),
        json!({"value": [1, 2]})
    );
}

/// Its name and its schedule come from a file of settings, for example.
#[tokio::test]
async fn a_job_that_is_named_at_run_time_is_like_a_constant() {
    let prometheus = Prometheus::builder().build().unwrap();
    let (shop, cron) = ("berlin", String::from("0 3 * * *"));
    let job = Job::new(format!("sync_{shop}")).cron_expression(cron, "Europe/Berlin");
    let builder = Jobs::builder().job(job.clone());
    let jobs = builder.recorder(prometheus.clone()).run().unwrap();
    for _ in 0..2 {
        let work = jobs.monitor(job.clone(), ready(Ok::<_, String>(())));
        work.await.unwrap();
    }
    jobs.flush().await;
    assert_eq!(jobs.names(), ["sync_berlin"]);
    let runs = RunQuery::new().job_name(job.name());
    assert_eq!(jobs.runs(&runs).await.unwrap().len(), 2);
    let labels = [("job_name", "sync_berlin"), ("status", "success")];
    let counted = prometheus.snapshot().sum("scheduler_jobs_total", &labels);
    assert_eq!(counted, Some(2.0));
    assert!(jobs.summaries().await.unwrap()[0].expected_at.is_some());
    let invalid = job.cron_expression("61 * * * *".to_owned(), "UTC");
    let error = Jobs::builder().job(invalid).run().unwrap_err().to_string();
    assert!(
        error.starts_with("job \"sync_berlin\": cron \"61 * * * *\" is invalid"),
        "{error}"
    );
}

/// Fails every call that writes.
fn down(call: &str) -> Fault {
    match call {
        "prepare" | "register" | "write" | "renew" | "reap" => Fault::Down,
        _ => Fault::None,
    }
}

#[tokio::test(start_paused = true)]
async fn an_unreachable_history_affects_no_job_and_receives_the_queue_later() {
    let (recorder, reader) = recorder();
    let (log, _guard) = Log::of_this_thread();
    let history = Faulty::new(&MemoryHistory::new());
    let calls = Arc::<Mutex<Vec<_>>>::default();
    let called = Arc::clone(&calls);
    history.fail(move |call| {
        called.lock().unwrap().push(call);
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
    // The history is down for a minute.
    tokio::time::advance(Duration::from_mins(1)).await;
    let error = jobs.shutdown(Duration::from_secs(5)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(
        error.to_string(),
        "10 job events could not be written to the history within 5s"
    );
    let attempts = history.asked();
    assert!(
        (5..40).contains(&attempts),
        "attempts become less frequent: {attempts}"
    );
    history.fail(|_| Fault::None);
    jobs.flush().await;
    let runs = jobs.runs(&RunQuery::new()).await.unwrap();
    assert_eq!(
        runs.len(),
        10,
        "ends are kept, because they contain all data of their starts"
    );
    assert!(
        runs.iter().all(|run| run.status == RunStatus::Success),
        "{runs:?}"
    );
    let metrics = reader.take();
    assert_eq!(
        metrics.counter("scheduler_jobs_total", &[]),
        20,
        "all runs are measured"
    );
    assert_eq!(
        metrics.counter("monitoring_job_events_dropped_total", &[]),
        30
    );
    assert_eq!(log.count("cannot prepare: retrying"), 1);
    assert_eq!(log.count("can prepare again"), 1);
    assert_eq!(log.count("no route to redis://[redacted]@host"), 1);
    let calls = calls.lock().unwrap();
    assert!(calls.iter().all(|call| *call == "prepare"), "{calls:?}");
    assert!(!log.text().contains("planted"), "{}", log.text());
}

/// The lease expires while nobody can renew it. The first instance that reaches the history again must not mark the run lost.
#[tokio::test(start_paused = true)]
async fn a_run_that_continues_or_ends_during_an_outage_is_not_lost() {
    let history = Faulty::new(&MemoryHistory::new());
    let instance = |name: &str| {
        let builder = Jobs::builder().history(history.clone()).instance(name);
        builder.lease(Duration::from_secs(3)).run().unwrap()
    };
    let (jobs, other) = (instance("shop-1"), instance("shop-2"));
    let (ends, continues) = (jobs.start(NIGHTLY), jobs.start(NIGHTLY));
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
        [continues.id()]
    );
    continues.finish();
    jobs.flush().await;
    let stats = other.stats("nightly").await.unwrap().unwrap();
    assert_eq!(
        (stats.count(RunStatus::Success), stats.total_runs()),
        (2, 2),
        "{stats:?}"
    );
}

/// Two instances with one history that can fail for each of them. The second instance has a running run with a lease of three
/// seconds.
struct TwoInstances {
    faulty: [Faulty; 2],
    _first: Jobs,
    second: Jobs,
    run: RunHandle,
}

impl TwoInstances {
    async fn stable() -> Self {
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

/// Calls hang for longer than a lease, and the other instance receives its answer first.
#[tokio::test(start_paused = true)]
async fn a_run_is_not_lost_during_a_stall() {
    let instances = TwoInstances::stable().await;
    let stall = Instant::now() + Duration::from_secs(4);
    instances.faulty[0].fail(move |_| Fault::Until(stall));
    let longer = stall + Duration::from_millis(10);
    instances.faulty[1].fail(move |_| Fault::Until(longer));
    instances.assert_running().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_is_not_lost_if_a_stall_begins_right_after_a_renewal() {
    let instances = TwoInstances::stable().await;
    let stall = Instant::now() + Duration::from_millis(4_500);
    let renewed = AtomicBool::new(false);
    instances.faulty[0].fail(move |call| match call {
        "renew" if !renewed.swap(true, Ordering::Relaxed) => Fault::None,
        _ => Fault::Until(stall),
    });
    let longer = stall + Duration::from_millis(10);
    instances.faulty[1].fail(move |_| Fault::Until(longer));
    instances.assert_running().await;
}

/// The other instance reaches the history first, in every phase of its renewals.
#[tokio::test(start_paused = true)]
async fn a_run_is_not_lost_if_another_instance_recovers_first() {
    for phase in 0..40 {
        let instances = TwoInstances::stable().await;
        instances
            .faulty
            .iter()
            .for_each(|history| history.fail(down));
        tokio::time::sleep(Duration::from_millis(10_000 + 100 * phase)).await;
        instances.faulty[0].fail(|_| Fault::None);
        tokio::time::sleep(Duration::from_millis(900)).await;
        instances.faulty[1].fail(|_| Fault::None);
        instances.assert_running().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_history_that_panics_affects_no_job() {
    let instances = TwoInstances::stable().await;
    for faulty in &instances.faulty {
        faulty.fail(|_| Fault::Panics);
    }
    let other = instances.second.start(NIGHTLY);
    tokio::time::sleep(Duration::from_mins(1)).await;
    other.finish();
    for faulty in &instances.faulty {
        faulty.fail(|_| Fault::None);
    }
    instances.second.flush().await;
    let runs = instances.second.runs(&RunQuery::new()).await.unwrap();
    let statuses: Vec<_> = runs.iter().map(|run| run.status).collect();
    assert_eq!(statuses, [RunStatus::Success, RunStatus::Running]);
    instances.run.finish();
    tokio::time::sleep(Duration::from_secs(30)).await;
    let stats = instances.second.stats("nightly").await.unwrap().unwrap();
    assert_eq!(stats.count(RunStatus::Success), 2, "{stats:?}");
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_logged_once_even_if_no_job_runs() {
    let history = Faulty::new(&MemoryHistory::new());
    let (log, _guard) = Log::of_this_thread();
    let jobs = Jobs::builder().job(NIGHTLY).history(history.clone());
    let _jobs = jobs.run().unwrap();
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert_eq!(log.text(), "");
    for (failing, operation) in [
        ("renew", "renew leases"),
        ("reap", "mark lost runs"),
        ("job_states", "track problems"),
        ("register", "register jobs"),
        ("prune", "prune runs"),
    ] {
        history.fail(move |call| {
            if call == failing {
                Fault::Down
            } else {
                Fault::None
            }
        });
        tokio::time::sleep(Duration::from_mins(30)).await;
        history.fail(|_| Fault::None);
        tokio::time::sleep(Duration::from_mins(30)).await;
        assert_eq!(log.count(&format!("cannot {operation}: retrying")), 1);
        assert_eq!(log.count(&format!("can {operation} again")), 1);
        assert_eq!(log.text().lines().count() % 2, 0, "{}", log.text());
    }
}

#[tokio::test(start_paused = true)]
async fn lines_of_short_outages_are_left_out_and_counted() {
    let history = Faulty::new(&MemoryHistory::new());
    let (log, _guard) = Log::of_this_thread();
    let renewals = AtomicU32::new(0);
    // Every second renewal fails. They are 20 s apart.
    history.fail(move |call| {
        let is_failing =
            call == "renew" && renewals.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
        if is_failing { Fault::Down } else { Fault::None }
    });
    let _jobs = Jobs::builder().history(history.clone()).run().unwrap();
    tokio::time::sleep(Duration::from_secs(110)).await;
    // At 0, 20, 80 and 100 s. The failure at 40 s and its end at 60 s are left out.
    let text = log.text();
    let lines: Vec<_> = text
        .lines()
        .map(|line| line.contains("left_out=2"))
        .collect();
    assert_eq!(lines, [false, false, true, false], "{text}");
    assert_eq!(log.count("cannot renew leases: retrying"), 2, "{text}");
    assert_eq!(log.count("can renew leases again"), 2, "{text}");
    assert_eq!(log.count("left_out"), 1, "{text}");
}

/// The history is not queried, because PostgreSQL rejects text that contains NUL.
#[tokio::test]
async fn an_impossible_name_is_unknown() {
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

#[tokio::test]
async fn a_run_that_outlives_its_jobs_is_written() {
    let history = MemoryHistory::new();
    let jobs = Jobs::builder().history(history.clone()).run().unwrap();
    let run = jobs.start(NIGHTLY);
    drop(jobs);
    tokio::task::yield_now().await;
    let query = RunQuery::new();
    crate::support::until("its start is written", async || {
        history.runs(&query).await.unwrap().len() == 1
    })
    .await;
    drop(run);
    crate::support::until("its end is written", async || {
        history.runs(&query).await.unwrap()[0].status == RunStatus::Cancelled
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_long_run_keeps_its_lease() {
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

/// Another process with the same history began a run and died.
#[tokio::test(start_paused = true)]
async fn a_run_whose_lease_expired_is_lost_once() {
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
async fn summaries_contain_every_job_that_is_registered_or_ran() {
    const HOURLY: Job = Job::named("hourly").every(Duration::from_hours(1));
    const AD_HOC: Job = Job::named("ad_hoc");
    let jobs = Jobs::builder().job(NIGHTLY).job(HOURLY).run().unwrap();
    jobs.start(AD_HOC).finish();
    jobs.start(HOURLY).finish();
    jobs.flush().await;
    let summaries = jobs.summaries().await.unwrap();
    let names: Vec<_> = summaries.iter().map(|job| &*job.job_name).collect();
    assert_eq!(names, ["ad_hoc", "hourly", "nightly"]);
    assert!(summaries.iter().all(|job| !job.is_late));
    assert_eq!(summaries[0].expected_at, None);
    let hourly = summaries[1].last_run.as_ref().unwrap();
    // The job was registered a moment later, and is expected an hour after that.
    let expected = summaries[1].expected_at.unwrap();
    let after = expected.duration_since(hourly.started_at).unwrap();
    assert_eq!(after.as_secs(), 3600);
    assert_eq!(summaries[2].last_run, None);
    assert!(summaries[2].expected_at.is_some());
}

#[tokio::test]
async fn invalid_settings_are_refused_with_a_reason() {
    const OTHER: Job = Job::named("nightly");
    let refused = |builder: JobsBuilder| builder.run().unwrap_err().to_string();
    for (error, expected) in [
        (
            refused(Jobs::builder().job(Job::named(""))),
            "job \"\": the name has 0 characters",
        ),
        (
            refused(Jobs::builder().job(NIGHTLY).job(OTHER)),
            "two different jobs are named \"nightly\"",
        ),
        (
            refused(Jobs::builder().lease(Duration::from_millis(999))),
            "lease is 999ms: 1 s to 24 h are allowed",
        ),
        (
            refused(Jobs::builder().lease(Duration::MAX)),
            "lease is 18446744073709551615.999999999s: 1 s to 24 h are allowed",
        ),
        (refused(Jobs::builder().max_queued(0)), "max_queued is 0"),
        (
            refused(Jobs::builder().instance("")),
            "instance \"\" has 0 characters: 1 to 200",
        ),
        (
            refused(Jobs::builder().job(NIGHTLY).job(OTHER.failing_after(0))),
            "2 mistakes: two different jobs are named \"nightly\": each needs a name of its own; job \"nightly\": \
             failing_after is 0",
        ),
    ] {
        assert!(error.starts_with(expected), "{error}");
    }
    assert!(
        Jobs::builder().job(NIGHTLY).job(NIGHTLY).run().is_ok(),
        "the same job twice is one job"
    );
}

#[test]
fn run_returns_every_mistake() {
    let builder = Jobs::builder()
        .job(Job::named(""))
        .job(Job::named("a").cron("61 * * * *", "UTC"))
        .lease(Duration::ZERO)
        .failing_after(0)
        .max_queued(0)
        .instance("a\nb");
    let error = builder.run().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    let message = error.to_string();
    for mistake in [
        "job \"\": the name has 0 characters",
        "job \"a\": cron \"61 * * * *\" is invalid",
        "lease is 0ns",
        "failing_after is 0",
        "max_queued is 0",
        "instance \"a\\nb\" contains a control character: none is allowed",
        "no tokio runtime",
    ] {
        assert!(message.contains(mistake), "{message}\n{mistake}");
    }
}

#[test]
fn without_a_runtime_run_returns_an_error() {
    let error = Jobs::builder().run().unwrap_err().to_string();
    assert!(error.starts_with("no tokio runtime"), "{error}");
}
