//! Code of the service that the crate calls may call the crate again: no lock is held meanwhile.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Label, Metadata, Recorder, SharedString, Unit,
};
use tokio::runtime::{Builder, Runtime};
use tower_vitals::health::{Check, Outcome, Probe, Status};
use tower_vitals::{Health, Prometheus, Routes};
use tracing::field::{Field, Visit};
use tracing::span;

use crate::calls::Calls;
use crate::support::log::Log;

/// Runs a part of a test on a thread of its own, because a deadlock would never end.
#[track_caller]
fn within_ten_seconds(what: &str, run: impl FnOnce() + Send + 'static) {
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || {
        run();
        let _ = sender.send(());
    });
    assert_eq!(
        ended.recv_timeout(Duration::from_secs(10)),
        Ok(()),
        "{what}"
    );
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A subscriber that calls the crate for each event.
struct Subscriber {
    calls: Calls,
    messages: Arc<Mutex<Vec<String>>>,
}

impl tracing::Subscriber for Subscriber {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Message<'a>(&'a Mutex<Vec<String>>);

        impl Visit for Message<'_> {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                if field.name() == "message" {
                    self.0.lock().unwrap().push(format!("{value:?}"));
                }
            }
        }

        self.calls.make();
        event.record(&mut Message(&self.messages));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// Runs `act` under a subscriber that calls the crate, and expects this message.
#[track_caller]
fn assert_logs(
    message: &'static str,
    build: impl FnOnce() -> Health + Send + 'static,
    act: impl FnOnce(&Health, &Prometheus) + Send + 'static,
) {
    within_ten_seconds(message, move || {
        let (_log, _guard) = Log::of_this_thread();
        let calls = Calls::default();
        let messages = Arc::default();
        let subscriber = Subscriber {
            calls: calls.clone(),
            messages: Arc::clone(&messages),
        };
        let health = build();
        let prometheus = Prometheus::builder().max_series(5).build().unwrap();
        calls.set(&health, &prometheus);
        let _default = tracing::subscriber::set_default(subscriber);
        act(&health, &prometheus);
        let messages = messages.lock().unwrap();
        let is_there = messages.iter().any(|text| text.contains(message));
        assert!(is_there, "{message}: {messages:?}");
    });
}

fn healthy() -> Health {
    Health::builder().build().unwrap()
}

/// A check that answers from memory.
#[derive(Clone, Default)]
struct Switch(Arc<AtomicBool>);

impl Check for Switch {
    async fn check(&self) -> Outcome {
        self.0.load(Ordering::SeqCst).into()
    }

    fn from_memory(&self) -> Option<Outcome> {
        Some(self.0.load(Ordering::SeqCst).into())
    }
}

#[test]
fn a_log_line_of_the_health_may_read_it() {
    // A run, by a report and by one check, of a check that liveness reads.
    let failing = || {
        let check = Switch::default()
            .on(Probe::Liveness)
            .every(Duration::from_secs(60));
        Health::builder().check("a", check).build().unwrap()
    };
    assert_logs("health check is not healthy", failing, |health, _| {
        let report = runtime().block_on(health.report());
        assert_eq!(report.status(), Status::Unhealthy);
    });
    assert_logs("health check is not healthy", failing, |health, _| {
        runtime().block_on(async { health.run_check("a").await.unwrap() });
    });
    // From memory.
    let switch = Switch::default();
    let build = {
        let switch = switch.clone();
        || {
            let builder = Health::builder();
            builder
                .check("a", switch.on(Probe::Liveness))
                .build()
                .unwrap()
        }
    };
    assert_logs("health check is healthy again", build, move |health, _| {
        assert_eq!(health.liveness().status(), Status::Unhealthy);
        switch.0.store(true, Ordering::SeqCst);
        assert_eq!(health.liveness().status(), Status::Healthy);
    });
    // A check that blocks its thread is reported by whoever waits for it.
    let blocks = || {
        let block = || async {
            thread::sleep(Duration::from_millis(300));
            true
        };
        let check = block.timeout(Duration::from_millis(1));
        Health::builder().check("a", check).build().unwrap()
    };
    assert_logs("health check is not healthy", blocks, |health, _| {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(health.report());
    });
    assert_logs("draining", healthy, |health, _| health.drain());
    assert_logs("liveness failed", healthy, |health, _| {
        health.fail_liveness("lost");
    });
    let beating = || {
        let builder = Health::builder();
        builder
            .runtime_heartbeat(Duration::from_millis(1))
            .build()
            .unwrap()
    };
    assert_logs("the runtime is stuck", beating, |health, _| {
        let runtime = runtime();
        runtime.block_on(async { health.run() });
        thread::sleep(Duration::from_millis(20));
        assert_eq!(health.liveness().status(), Status::Unhealthy);
    });
    let flapping = || {
        let healthy = AtomicBool::new(false);
        let check = move || std::future::ready(healthy.fetch_not(Ordering::SeqCst));
        let check = check.cache_for(Duration::ZERO);
        Health::builder().check("a", check).build().unwrap()
    };
    assert_logs("is too slow", flapping, |health, _| {
        runtime().block_on(async {
            let mut changes = health.subscribe();
            for _ in 0..300 {
                health.report().await;
            }
            changes.next().await.unwrap();
        });
    });
}

#[test]
fn a_log_line_of_the_recorder_and_the_routes_may_read_them() {
    assert_logs("on_gather hook panicked", healthy, |_, prometheus| {
        prometheus.on_gather(|| panic!("boom"));
        let _ = prometheus.render();
    });
    assert_logs("reached its series limit", healthy, |_, prometheus| {
        for n in 0..10 {
            let key = Key::from_parts("many_total", vec![Label::new("n", n.to_string())]);
            let metadata = Metadata::new("test", metrics::Level::INFO, None);
            let _ = prometheus.register_counter(&key, &metadata);
        }
    });
    assert_logs(
        "a guarded route refused a request",
        healthy,
        |health, prometheus| {
            use tower::ServiceExt;
            let routes = Routes::new()
                .metrics(prometheus.clone())
                .health(health.clone());
            let request = http::Request::get("/metrics/history").body(axum::body::Body::empty());
            let response = routes.into_service().oneshot(request.unwrap());
            assert_eq!(runtime().block_on(response).unwrap().status(), 403);
        },
    );
}

/// A recorder that calls the crate for each registration.
struct Calling(Calls);

impl Recorder for Calling {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        self.0.once();
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        self.0.once();
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        self.0.once();
        Histogram::noop()
    }
}

#[test]
fn a_recorder_may_read_the_health() {
    within_ten_seconds("a recorder", || {
        let calls = Calls::default();
        let switch = Switch::default();
        let health = Health::builder()
            .check("run", || async { true })
            .check("memory", switch.clone().on(Probe::Liveness))
            .recorder(Calling(calls.clone()))
            .build()
            .unwrap();
        calls.set(&health, &Prometheus::builder().build().unwrap());
        runtime().block_on(async {
            health.report().await;
            switch.0.store(true, Ordering::SeqCst);
            assert_eq!(health.liveness().status(), Status::Healthy);
            health.add("more", || async { true }).unwrap();
            health.report().await;
        });
    });
}

/// A check that calls the crate when it is dropped.
struct CallsOnDrop(Calls, Arc<AtomicUsize>);

impl Check for CallsOnDrop {
    async fn check(&self) -> Outcome {
        Outcome::healthy()
    }
}

impl Drop for CallsOnDrop {
    fn drop(&mut self) {
        self.0.once();
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_check_that_is_dropped_may_read_the_health() {
    within_ten_seconds("a drop", || {
        let (calls, dropped) = (Calls::default(), Arc::new(AtomicUsize::new(0)));
        let check = || CallsOnDrop(calls.clone(), Arc::clone(&dropped));
        let health = healthy();
        calls.set(&health, &Prometheus::builder().build().unwrap());
        health.add("a", check()).unwrap();
        // The name is taken.
        health.add("a", check()).unwrap_err();
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
        assert!(health.remove("a"));
        assert_eq!(dropped.load(Ordering::SeqCst), 2);
        // Its background runs hold it until their runtime ends, which has ended when the next ones start.
        let every = check().every(Duration::from_secs(60));
        health.add("b", every).unwrap();
        for _ in 0..2 {
            runtime().block_on(async {
                health.run();
                health.report().await;
            });
        }
        assert!(health.remove("b"));
        assert_eq!(dropped.load(Ordering::SeqCst), 3);
    });
}

struct WakeCalls(Calls, AtomicUsize);

impl Wake for WakeCalls {
    fn wake(self: Arc<Self>) {
        self.0.once();
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_subscriber_that_is_woken_may_read_the_health() {
    within_ten_seconds("a waker", || {
        let calls = Calls::default();
        let switch = Switch::default();
        let check = switch.clone().on(Probe::Liveness);
        let health = Health::builder().check("a", check).build().unwrap();
        calls.set(&health, &Prometheus::builder().build().unwrap());
        let mut changes = health.subscribe();
        let woken = Arc::new(WakeCalls(calls, AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut next = pin!(changes.next());
        assert!(
            next.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        assert_eq!(health.liveness().status(), Status::Unhealthy);
        assert_eq!(woken.1.load(Ordering::SeqCst), 1);
        let Poll::Ready(Some(change)) = next.poll(&mut Context::from_waker(&waker)) else {
            panic!("no change");
        };
        assert_eq!(change.result.status(), Status::Unhealthy);
    });
}

#[test]
fn a_hook_may_read_the_health_and_the_metrics() {
    within_ten_seconds("a hook", || {
        let calls = Calls::default();
        let history = tower_vitals::exporter::HistoryConfig::new();
        let prometheus = Prometheus::builder().history(history).build().unwrap();
        let health = healthy();
        prometheus.on_gather({
            let calls = calls.clone();
            move || calls.once()
        });
        calls.set(&health, &prometheus);
        let _ = (prometheus.render(), prometheus.snapshot());
        prometheus.reset();
        prometheus.history().unwrap().tick();
        prometheus.history().unwrap().clear();
        let _ = prometheus.since_reset();
    });
}
