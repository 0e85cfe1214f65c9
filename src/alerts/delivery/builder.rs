//! `DeliveryBuilder`: collects the parts of the worker.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::SystemTime;

use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};

use super::delivery::Delivery;
use super::fallbacks::resolve;
use super::metrics::Metrics;
use super::outlet::Outlet;
use super::report::Reporter;
use super::saved_channels::{DOCUMENT, SavedChannels};
use super::shared::{Clock, Jitter, Sender, Shared};
use super::state::State;
use crate::alerts::losses::Losses;
use crate::alerts::stores::{AlertStore, Lease, Saved};
use crate::error::Error;
use crate::recorder::RecorderRef;

/// Collects the parts of the worker.
#[must_use = "nothing is delivered before start()"]
pub struct DeliveryBuilder {
    store: Arc<dyn AlertStore>,
    ledger: String,
    lease: watch::Receiver<Lease>,
    receivers: Vec<Outlet>,
    max_queued: usize,
    label: Option<String>,
    is_sole: bool,
    sender: Sender,
    recorder: RecorderRef,
    losses: Option<Arc<Losses>>,
    clock: Clock,
    jitter: Jitter,
}

impl Delivery {
    /// Starts to collect the parts. The lease may change while the worker runs.
    pub fn builder(
        store: Arc<dyn AlertStore>,
        ledger: impl Into<String>,
        lease: watch::Receiver<Lease>,
    ) -> DeliveryBuilder {
        DeliveryBuilder::new(store, ledger.into(), lease)
    }
}

impl DeliveryBuilder {
    fn new(store: Arc<dyn AlertStore>, ledger: String, lease: watch::Receiver<Lease>) -> Self {
        Self {
            store,
            ledger,
            lease,
            receivers: Vec::new(),
            max_queued: 10_000,
            label: None,
            is_sole: false,
            sender: Sender::default(),
            recorder: RecorderRef::default(),
            losses: None,
            clock: Arc::new(SystemTime::now),
            jitter: Arc::new(random),
        }
    }

    /// Adds channels.
    pub fn receivers(mut self, receivers: impl IntoIterator<Item = Outlet>) -> Self {
        self.receivers.extend(receivers);
        self
    }

    /// Sets the most notifications that wait. Defaults to 10,000. If more come, the oldest that is not critical is dropped.
    pub fn max_queued(mut self, max: usize) -> Self {
        self.max_queued = max;
        self
    }

    /// Sets the label `ledger` of the metrics. Defaults to the name of the ledger.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Says that no other engine tells of these alerts: the worker goes on after the end of its lease.
    pub(in crate::alerts) fn sole(mut self, is_sole: bool) -> Self {
        self.is_sole = is_sole;
        self
    }

    /// Sets the service that the worker's own notifications name: tests, states and beats.
    pub fn service(mut self, service: Option<String>) -> Self {
        self.sender.service = service;
        self
    }

    /// Sets the instance that they name.
    pub fn instance(mut self, instance: Option<String>) -> Self {
        self.sender.instance = instance;
        self
    }

    /// Sets the address of the service's own routes that they name.
    pub fn external_url(mut self, url: Option<String>) -> Self {
        self.sender.external_url = url;
        self
    }

    recorder_setter!(recorder);

    pub(in crate::alerts) fn recorder_ref(mut self, recorder: RecorderRef) -> Self {
        self.recorder = recorder;
        self
    }

    /// Counts what is lost along with that of the engine.
    pub(in crate::alerts) fn losses(mut self, losses: Arc<Losses>) -> Self {
        self.losses = Some(losses);
        self
    }

    /// Sets the clock, for tests.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets the source of random numbers from 0 to 1 that spread the attempts, for tests.
    pub fn jitter(mut self, jitter: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.jitter = Arc::new(jitter);
        self
    }

    /// Starts the worker, which goes on with the outbox and the channels of the ledger.
    ///
    /// # Errors
    ///
    /// One error that names every mistake: a name that is empty or used twice; a timeout of 0; a fallback that is unknown, that
    /// leads back to its channel, or that takes no notifications; room for no notification; no tokio runtime.
    pub fn start(self, saved: &Saved) -> Result<Delivery, Error> {
        let mut mistakes = Vec::new();
        let fallbacks = resolve(&self.receivers).unwrap_or_else(|found| {
            mistakes.extend(found);
            Vec::new()
        });
        if self.max_queued == 0 {
            mistakes.push("max_queued is 0: at least 1 is required".to_owned());
        }
        let runtime = Handle::try_current();
        if runtime.is_err() {
            mistakes.push("no tokio runtime: call start() within one".to_owned());
        }
        Error::combine(mistakes.into_iter().map(Error::invalid))?;
        let runtime = runtime.map_err(|error| Error::invalid(error.to_string()))?;
        let names: Vec<_> = self.receivers.iter().map(|it| it.name.clone()).collect();
        let label = self.label.as_ref().unwrap_or(&self.ledger);
        let metrics = Metrics::new(names.iter().map(String::as_str), label, &self.recorder);
        let losses = self.losses;
        let losses = losses.unwrap_or_else(|| Arc::new(Losses::new(&self.recorder)));
        let mut state = State::new(self.receivers, fallbacks, self.max_queued);
        state.permit.is_sole = self.is_sole;
        let shared = Arc::new(Shared {
            lanes: names.iter().map(|_| Notify::new()).collect(),
            reporter: Reporter::new(names, metrics, losses),
            state: state.into(),
            recording: tokio::sync::Mutex::default(),
            store: self.store,
            ledger: self.ledger,
            lease: self.lease,
            clock: self.clock,
            jitter: self.jitter,
            sender: self.sender,
            commits: Notify::new(),
            draining: watch::Sender::new(false),
            ended: watch::Sender::new(false),
        });
        let document = saved.documents.get(DOCUMENT);
        let channels = document.map(|document| serde_json::from_slice::<SavedChannels>(document));
        let channels = channels.unwrap_or_else(|| Ok(SavedChannels::default()));
        let channels = channels.unwrap_or_else(|error| {
            tracing::warn!(%error, "the saved state of the alert channels is unreadable: all start");
            SavedChannels::default()
        });
        let now = shared.now();
        shared.with(|state| state.restore(channels, &saved.outbox, now));
        shared.set_gauges();
        Ok(Delivery::run(shared, &runtime))
    }
}

/// A number from 0 to 1.
fn random() -> f64 {
    let bits = RandomState::new().hash_one(());
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

debug_fields!(DeliveryBuilder { ledger, receivers });
