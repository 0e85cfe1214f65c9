//! Calls of the crate that code of the service makes.

use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Waker};
use std::time::Duration;

use tower_vitals::health::Check;
use tower_vitals::{Health, Prometheus};

/// Calls everything that reads.
#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<OnceLock<(Health, Prometheus)>>);

impl Calls {
    pub(crate) fn set(&self, health: &Health, prometheus: &Prometheus) {
        let _ = self.0.set((health.clone(), prometheus.clone()));
    }

    pub(crate) fn make(&self) {
        let Some((health, prometheus)) = self.0.get() else {
            return;
        };
        let _ = health.liveness();
        let _ = (health.checks(), health.names(), health.tags());
        let mut cx = Context::from_waker(Waker::noop());
        let _ = pin!(health.report()).poll(&mut cx);
        let _ = pin!(health.refresh()).poll(&mut cx);
        health.run();
        let name = format!("added {}", health.names().len());
        if health.names().len() < 20 {
            health
                .add(&name, (|| async { true }).every(Duration::from_secs(60)))
                .unwrap();
            assert!(health.remove(&name));
        }
        let _ = prometheus.render();
        let _ = prometheus.snapshot();
        if let Some(history) = prometheus.history() {
            let _ = history.stats();
        }
    }
}

thread_local! {
    static IS_CALLING: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

impl Calls {
    /// Not within a call, which would never end.
    pub(crate) fn once(&self) {
        if !IS_CALLING.replace(true) {
            self.make();
            IS_CALLING.set(false);
        }
    }
}
