//! `AlertsBuilder`: the settings of the engine.

use std::sync::Arc;
use std::time::Duration;

use super::alerts::Alerts;
use super::receiver::Receiver;
use crate::alerts::checked::Checked;
use crate::alerts::computed::Computed;
use crate::alerts::rules::Rules;
use crate::alerts::slo::Slos;
use crate::alerts::state::Limits;
use crate::alerts::stores::{AlertStore, MemoryAlerts};
use crate::exporter::Prometheus;
use crate::recorder::RecorderRef;

const INTERVAL: Duration = Duration::from_secs(15);
const SETTLE: Duration = Duration::from_secs(30);
const COOLDOWN: Duration = Duration::from_secs(5 * 60);
const MAX_PER_HOUR: usize = 10;
const MAX_SERIES: usize = 10_000;

/// The settings of [`Alerts`].
#[must_use]
pub struct AlertsBuilder {
    pub(super) rules: Checked<Rules>,
    pub(super) slos: Checked<Slos>,
    pub(super) computed: Vec<(String, Computed)>,
    pub(super) metrics: Option<Prometheus>,
    pub(super) receivers: Vec<Receiver>,
    pub(super) store: Arc<dyn AlertStore>,
    pub(super) interval: Duration,
    pub(super) settle: Duration,
    pub(super) limits: Limits,
    pub(super) max_series: usize,
    pub(super) service: Option<String>,
    pub(super) instance: Option<String>,
    pub(super) external_url: Option<String>,
    pub(super) is_manual: bool,
    pub(super) recorder: Option<RecorderRef>,
    pub(super) cooldown: Duration,
    pub(super) max_per_hour: usize,
    /// The mistakes that were found before `run`.
    pub(super) mistakes: Vec<String>,
}

debug_fields!(AlertsBuilder {
    interval,
    settle,
    service,
    instance
});

impl Alerts {
    /// Returns a builder. [`AlertsBuilder::run`] starts the engine.
    pub fn builder() -> AlertsBuilder {
        AlertsBuilder {
            rules: Rules::default().into(),
            slos: Slos::default().into(),
            computed: Vec::new(),
            metrics: None,
            receivers: Vec::new(),
            store: Arc::new(MemoryAlerts::new()),
            interval: INTERVAL,
            settle: SETTLE,
            limits: Limits::default(),
            max_series: MAX_SERIES,
            service: None,
            instance: None,
            external_url: None,
            is_manual: false,
            recorder: None,
            cooldown: COOLDOWN,
            max_per_hour: MAX_PER_HOUR,
            mistakes: Vec::new(),
        }
    }
}

impl AlertsBuilder {
    /// Sets the metrics that the rules read. Required unless the engine is [`manual`](Self::manual) or has no rules.
    pub fn metrics(mut self, metrics: Prometheus) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// Sets the rules: built ones, or their builder, whose mistakes [`run`](Self::run) then reports. Without any, the engine takes only
    /// the alerts that code fires.
    pub fn rules(mut self, rules: impl Into<Checked<Rules>>) -> Self {
        self.rules = rules.into();
        self
    }

    /// Sets the service level objectives, with their burn-rate alerts: built ones, or their builder.
    pub fn slos(mut self, slos: impl Into<Checked<Slos>>) -> Self {
        self.slos = slos.into();
        self
    }

    /// Sets the closure that computes [`Signal::computed`](crate::alerts::Signal::computed) of this name. The engine calls it before
    /// each evaluation, for at most 10 s.
    pub fn computed(mut self, name: impl Into<String>, computed: Computed) -> Self {
        self.computed.push((name.into(), computed));
        self
    }

    /// Adds a channel: a [`Channel`](crate::alerts::channels::Channel), or a [`Receiver`] that says which notifications go there.
    /// Without any, alerts go to the log.
    pub fn channel(mut self, receiver: impl Into<Receiver>) -> Self {
        self.receivers.push(receiver.into());
        self
    }

    /// Sets how long a channel is not told again that the same alert fires. Defaults to 5 minutes; zero means none. A
    /// [`Receiver`] may have a value of its own.
    pub fn cooldown(mut self, cooldown: Duration) -> Self {
        self.cooldown = cooldown;
        self
    }

    /// Sets the most notifications of a channel in an hour: 1 to 10,000. Defaults to 10. A [`Receiver`] may have a value of its own.
    pub fn max_per_hour(mut self, max: usize) -> Self {
        self.max_per_hour = max;
        self
    }

    /// Adds a mistake that `run` reports.
    #[allow(dead_code, reason = "only settings are read before `run`")]
    pub(crate) fn mistake(mut self, mistake: String) -> Self {
        self.mistakes.push(mistake);
        self
    }

    /// Sets the store. Defaults to memory: a restart then forgets all alerts, silences and undelivered notifications.
    ///
    /// While the store is away, alerts go on and are written later, except for old events of the history: 50,000 of the engine and 50,000
    /// of the delivery wait. If it is away at the start, they begin in memory, except those of
    /// shared rules, which another instance may tell. The stored alerts take their place when the store is back, so one that
    /// still fires may be told twice. One that ends at just that moment may not be told as resolved. Acts of people are refused until
    /// then.
    pub fn store(mut self, store: impl AlertStore) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// Sets the time between evaluations: 1 s to 1 h. Defaults to 15 s. The windows of rules must be at least twice as long, because a
    /// rate needs two samples, unless the engine is [`manual`](Self::manual). Those of the default rules are 5 minutes.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets how long after its start the engine only watches, because windows begin empty. Defaults to 30 s. Alerts that code fires
    /// do not wait.
    pub fn settle(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    /// Sets the bounds of alerts and silences.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the most series that all rules read together, of which the engine keeps the points of the longest window. Defaults to 10,000.
    /// Rules do not see further series: [`Alerts::health_check`] fails then, a warning is logged, and
    /// [`AlertsStats::series_left_out`](super::AlertsStats::series_left_out) counts them.
    pub fn max_series(mut self, max: usize) -> Self {
        self.max_series = max;
        self
    }

    /// Sets the name of the service, which notifications show.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = Some(name.into());
        self
    }

    /// Sets the name of this instance. Defaults to the host name, or `unknown`. In a store that several instances share, each needs a
    /// name of its own that it keeps over restarts, and its alerts have it as the label `instance`. If two processes have the same
    /// name, one of them holds the alerts, and the other waits until the first one ends.
    pub fn instance(mut self, name: impl Into<String>) -> Self {
        self.instance = Some(name.into());
        self
    }

    /// Sets the address under which people reach the routes of this service, for links in notifications.
    /// Credentials in it are left out.
    pub fn external_url(mut self, url: impl Into<String>) -> Self {
        self.external_url = Some(url.into());
        self
    }

    /// Evaluates nothing by itself: the app calls [`Alerts::evaluate_at`].
    pub fn manual(mut self) -> Self {
        self.is_manual = true;
        self
    }

    /// Sets the recorder of the engine's own metrics. Defaults to the metrics that the rules read, else to the recorder of the
    /// `metrics` facade.
    pub fn recorder(mut self, recorder: impl metrics::Recorder + Send + Sync + 'static) -> Self {
        self.recorder = Some(RecorderRef::new(recorder));
        self
    }
}
