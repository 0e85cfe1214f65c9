//! Code of users that is called by jobs may call jobs: none of it is called under a lock.

use std::cell::Cell;
use std::fmt;
use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::{Duration, SystemTime};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use serde_json::Value;
use tokio::time::sleep;
use tower::{Layer, ServiceExt, service_fn};
use tower_vitals::jobs::{Job, JobLayer, Jobs, MemoryHistory, Run};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};

use crate::support::faulty::{Fault, Faulty};

const JOB: Job = Job::named("job").failing_after(1);
const OTHER: Job = Job::named("other job");

/// Without a limit, each write would start a run, which is written again.
const MAX_CALLS: usize = 500;

thread_local!(static IS_CALLING: Cell<bool> = const { Cell::new(false) });

/// Calls everything that takes a lock.
#[derive(Clone, Default)]
struct Caller(Arc<(OnceLock<Jobs>, AtomicUsize)>);

impl Caller {
    fn call(&self) {
        let Some(jobs) = self.0.0.get() else { return };
        // Its own calls call it again, and each write of its runs does.
        if self.calls() == MAX_CALLS || IS_CALLING.replace(true) {
            return;
        }
        self.0.1.fetch_add(1, Ordering::SeqCst);
        let run = jobs.start(OTHER);
        run.set("key", "value");
        drop((jobs.problems(), jobs.names(), jobs.history_status()));
        drop(jobs.health_check()());
        drop((jobs.subscribe(), format!("{jobs:?}")));
        run.finish();
        IS_CALLING.set(false);
    }

    fn calls(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.call();
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.call();
        f.write_str("called")
    }
}

impl CounterFn for Caller {
    fn increment(&self, _: u64) {
        self.call();
    }
    fn absolute(&self, _: u64) {
        self.call();
    }
}

impl GaugeFn for Caller {
    fn increment(&self, _: f64) {
        self.call();
    }
    fn decrement(&self, _: f64) {
        self.call();
    }
    fn set(&self, _: f64) {
        self.call();
    }
}

impl HistogramFn for Caller {
    fn record(&self, _: f64) {
        self.call();
    }
}

impl Recorder for Caller {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(self.clone()))
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::new(self.clone()))
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(self.clone()))
    }
}

impl Subscriber for Caller {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        if event.metadata().target().starts_with("tower_vitals") {
            self.call();
        }
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Sets metadata of its own run while it becomes metadata.
struct Setting(Run);

impl From<Setting> for Value {
    fn from(setting: Setting) -> Self {
        setting.0.set("inner", 1);
        Self::from(2)
    }
}

impl From<Setting> for String {
    fn from(setting: Setting) -> Self {
        setting.0.set("inner name", 3);
        Self::from("name")
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.set("inner text", 4);
        f.write_str("too few")
    }
}

/// A deadlock would block this thread, so the work is done by another one.
fn without_a_deadlock(test: impl Future<Output = ()> + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build();
        runtime.unwrap().block_on(test);
        done.send(()).unwrap();
    });
    let ended = is_done.recv_timeout(Duration::from_secs(20));
    assert_eq!(ended, Ok(()), "a deadlock or a panic");
}

#[test]
fn metadata_may_set_metadata() {
    without_a_deadlock(async {
        let jobs = Jobs::builder().run().unwrap();
        let run = jobs.start(JOB);
        run.set(Setting(run.run()), Setting(run.run()));
        run.fail(Setting(run.run()));
        run.finish();
        jobs.flush().await;
        let run = jobs.last_runs().await.unwrap().remove(0);
        let metadata = serde_json::json!({"inner": 1, "inner name": 3, "inner text": 4, "name": 2});
        assert_eq!(Value::Object(run.metadata), metadata);
        assert_eq!(run.error_message.as_deref(), Some("too few"));
    });
}

/// A value of the work may call jobs in its drop and in its text, and so may a panic's value and a function of a layer.
#[test]
fn work_may_call_jobs_wherever_it_is_called() {
    without_a_deadlock(async {
        let caller = Caller::default();
        let jobs = Jobs::builder().job(JOB).run().unwrap();
        assert!(caller.0.0.set(jobs.clone()).is_ok());
        let held = caller.clone();
        let cancelled = jobs.monitor(JOB, async move {
            let _held = held;
            std::future::pending::<Result<(), String>>().await
        });
        assert!(
            tokio::time::timeout(Duration::ZERO, cancelled)
                .await
                .is_err()
        );
        let failed = jobs.monitor(JOB, ready(Err::<(), _>(caller.clone())));
        assert!(failed.await.is_err());
        let bomb = caller.clone();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            jobs.monitor_blocking::<(), String>(JOB, |_| std::panic::panic_any(bomb))
        }));
        drop(panicked);
        let in_layer = caller.clone();
        let layer = JobLayer::new(jobs.clone(), JOB).metadata(move |(): &()| {
            in_layer.call();
            Value::Null
        });
        let service = layer.layer(service_fn(|()| ready(Ok::<_, String>(()))));
        service.oneshot(()).await.unwrap();
        assert!(caller.calls() >= 4, "{}", caller.calls());
        jobs.flush().await;
    });
}

/// Each line of the log, each metric and each reading of the history's clock calls jobs, through problems and outages.
#[test]
fn subscribers_recorders_and_clocks_may_call_jobs() {
    without_a_deadlock(async {
        let (logged, recorded, timed) = (Caller::default(), Caller::default(), Caller::default());
        let clock = timed.clone();
        let memory = MemoryHistory::new().clock(move || {
            clock.call();
            SystemTime::now()
        });
        let _guard = tracing::subscriber::set_default(logged.clone());
        let history = Faulty::new(&memory);
        let builder = Jobs::builder().job(JOB).history(history.clone());
        let builder = builder.max_queued(10).recorder(recorded.clone());
        let jobs = builder.run().unwrap();
        for caller in [&logged, &recorded, &timed] {
            assert!(caller.0.0.set(jobs.clone()).is_ok());
        }
        for _ in 0..2 {
            sleep(Duration::from_mins(2)).await;
            let failed = jobs.monitor(JOB, ready(Err::<(), _>("no orders")));
            failed.await.unwrap_err();
            sleep(Duration::from_mins(1)).await;
            // The queue overflows, and an unknown job is registered.
            history.fail(|_| Fault::Down);
            for n in 0..20 {
                let job = Job::new(format!("unknown {n}"));
                jobs.monitor(job, ready(Ok::<_, String>(()))).await.unwrap();
            }
            sleep(Duration::from_mins(1)).await;
            history.fail(|_| Fault::None);
            sleep(Duration::from_mins(1)).await;
            let succeeded = jobs.monitor(JOB, ready(Ok::<_, String>(())));
            succeeded.await.unwrap();
        }
        assert!(jobs.summaries().await.is_ok());
        for caller in [&logged, &recorded, &timed] {
            println!("{} calls", caller.calls());
            assert!(caller.calls() > 3, "{}", caller.calls());
        }
    });
}
