//! `HealthWatch`: the health, asked for viewers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use serde_json::json;

use crate::health::{Health, Probe, Report};
use crate::panics;
use crate::routes::access::Details;
use crate::routes::watch::version_of;

/// Keeps the last answer, because a check may take longer than a frame.
pub(super) struct HealthWatch {
    health: Health,
    details: Details,
    last: Mutex<Option<Arc<HealthView>>>,
    is_asked: AtomicBool,
}

/// The health as frames show it.
pub(super) struct HealthView {
    pub(super) status: &'static str,
    /// A number that is another one once a status is.
    pub(super) version: u64,
    /// JSON, if details may be shown.
    pub(super) text: Option<String>,
}

impl HealthWatch {
    pub(super) fn new(health: Health, details: Details) -> Arc<Self> {
        Arc::new(Self {
            health,
            details,
            last: Mutex::default(),
            is_asked: AtomicBool::new(false),
        })
    }

    pub(super) fn is_draining(&self) -> bool {
        self.health.is_draining()
    }

    pub(super) fn last(&self) -> Option<Arc<HealthView>> {
        self.last.lock().clone()
    }

    /// Asks all checks, which their caches spare most of the work. Does nothing while they are being asked.
    pub(super) async fn ask(&self) {
        if self.is_asked.swap(true, Ordering::AcqRel) {
            return;
        }
        let _asked = Asked(&self.is_asked);
        // A check's panic is caught where it runs.
        if let Ok(view) = panics::caught(self.view()).await {
            *self.last.lock() = Some(Arc::new(view));
        }
    }

    async fn view(&self) -> HealthView {
        let report = self.health.report().await;
        let status = report.status().as_str();
        if self.details == Details::Never {
            return HealthView {
                status,
                version: version_of(&status),
                text: None,
            };
        }
        let readiness = self.health.report_for(Probe::Readiness).await;
        let startup = self.health.report_for(Probe::Startup).await;
        let results: Vec<_> = report.results().collect();
        let statuses = results.iter().map(|own| (own.name(), own.status()));
        let statuses: Vec<_> = statuses.collect();
        let probes = [readiness.status(), startup.status()];
        let version = version_of(&(status, statuses, probes, self.health.is_draining()));
        let text = json!({
            "status": status,
            "checks": results,
            "liveness": probe(&self.health.liveness()),
            "readiness": probe(&readiness),
            "startup": probe(&startup),
            "is_draining": self.health.is_draining(),
        });
        HealthView {
            status,
            version,
            text: Some(text.to_string()),
        }
    }
}

fn probe(report: &Report) -> serde_json::Value {
    let reason = report.reason().map(|reason| reason.as_str().to_owned());
    json!({ "status": report.status().as_str(), "reason": reason })
}

/// Ends the question, even if it is dropped.
struct Asked<'a>(&'a AtomicBool);

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
