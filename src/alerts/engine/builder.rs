//! `AlertsBuilder`: the settings of the engine.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime;
use uuid::Uuid;

use super::alerts::Alerts;
use super::context::Context;
use super::engine::Engine;
use super::instruments::Instruments;
use super::ledger::{Ledger, Plan};
use super::receiver::Receiver;
use super::task;
use crate::alerts::channels::{Channel, Log};
use crate::alerts::computed::Computed;
use crate::alerts::delivery;
use crate::alerts::measure::Measure;
use crate::alerts::notify::Notifier;
use crate::alerts::rules::Rules;
use crate::alerts::scope::Scope;
use crate::alerts::slo::Slos;
use crate::alerts::state::Limits;
use crate::alerts::stores::{AlertStore, MemoryAlerts};
use crate::error::Error;
use crate::exporter::Prometheus;
use crate::recorder::RecorderRef;

const INTERVAL: Duration = Duration::from_secs(15);
const SETTLE: Duration = Duration::from_secs(30);
/// The longest name of an instance, in bytes.
const MAX_INSTANCE: usize = 200;

/// The settings of [`Alerts`].
#[must_use]
pub struct AlertsBuilder {
    rules: Rules,
    slos: Slos,
    computed: Vec<(String, Computed)>,
    metrics: Option<Prometheus>,
    receivers: Vec<Receiver>,
    store: Arc<dyn AlertStore>,
    interval: Duration,
    settle: Duration,
    limits: Limits,
    service: Option<String>,
    instance: Option<String>,
    external_url: Option<String>,
    is_manual: bool,
    recorder: Option<RecorderRef>,
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
            rules: Rules::default(),
            slos: Slos::default(),
            computed: Vec::new(),
            metrics: None,
            receivers: Vec::new(),
            store: Arc::new(MemoryAlerts::new()),
            interval: INTERVAL,
            settle: SETTLE,
            limits: Limits::default(),
            service: None,
            instance: None,
            external_url: None,
            is_manual: false,
            recorder: None,
        }
    }
}

impl AlertsBuilder {
    /// Sets the metrics that the rules read. Required unless the engine is [`manual`](Self::manual) or has no rules.
    pub fn metrics(mut self, metrics: Prometheus) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// Sets the rules. Without any, the engine takes only the alerts that code fires.
    pub fn rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// Sets the service level objectives, with their burn-rate alerts.
    pub fn slos(mut self, slos: Slos) -> Self {
        self.slos = slos;
        self
    }

    /// Sets the closure that computes [`Signal::computed`](crate::alerts::Signal::computed) of this name. The engine calls it before
    /// each evaluation, for at most 10 s.
    pub fn computed(mut self, name: impl Into<String>, computed: Computed) -> Self {
        self.computed.push((name.into(), computed));
        self
    }

    /// Adds a channel: a [`Channel`](super::super::channels::Channel), or a [`Receiver`] that says which notifications go there.
    /// Without any, alerts go to the log.
    pub fn channel(mut self, receiver: impl Into<Receiver>) -> Self {
        self.receivers.push(receiver.into());
        self
    }

    /// Adds a channel that was chosen at run time.
    pub fn channel_named(mut self, name: impl Into<String>, channel: Arc<dyn Channel>) -> Self {
        self.receivers.push(Receiver::of(name.into(), channel));
        self
    }

    /// Sets the store. Defaults to memory: a restart then forgets all alerts, silences and undelivered notifications.
    ///
    /// While the store is away, alerts go on and are written later. If it is away at the start, they begin in memory, except those of
    /// shared rules, which another instance may tell. The stored alerts take their place when the store is back, so one that
    /// still fires may be told twice. One that ends at just that moment may not be told as resolved. Acts of people are refused until
    /// then.
    pub fn store(mut self, store: impl AlertStore) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// Sets the time between evaluations. Defaults to 15 s.
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

    /// Sets the name of the service, which notifications show.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = Some(name.into());
        self
    }

    /// Sets the name of this instance. Defaults to the host name, or `unknown`. In a store that several instances share, each needs a
    /// name of its own that it keeps over restarts, and its alerts have it as the label `instance`.
    pub fn instance(mut self, name: impl Into<String>) -> Self {
        self.instance = Some(name.into());
        self
    }

    /// Sets the address under which people reach the routes of this service, for links in notifications.
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

    /// Starts the engine on the current tokio runtime. A store that cannot be reached is not an error: it is tried again at each
    /// interval.
    ///
    /// # Errors
    ///
    /// One error that names every mistake: an interval below 1 s or above 1 h; rules without metrics; a rule, a fallback or an
    /// escalation that names an unknown channel; two channels of one name; a rule with an unknown computed signal; an SLO whose
    /// alert cannot fire; a wrong instance name; no tokio runtime.
    pub fn run(self) -> Result<Alerts, Error> {
        let mut mistakes = self.mistakes();
        let runtime = runtime::Handle::try_current();
        if runtime.is_err() {
            mistakes.push("there is no tokio runtime: call run() within one".to_owned());
        }
        let instance = self.instance.clone().unwrap_or_else(crate::host::name);
        if !(1..=MAX_INSTANCE).contains(&instance.len()) || instance.contains(char::is_control) {
            mistakes.push(format!(
                "instance is {instance:?}: 1 to {MAX_INSTANCE} bytes without control characters are allowed"
            ));
        }
        let mut receivers = self.receivers;
        if receivers.is_empty() {
            receivers.push(Receiver::from(Log::new()));
        }
        let policies: Vec<_> = receivers
            .iter()
            .filter(|receiver| receiver.outlet.takes_notifications())
            .map(|receiver| receiver.policy.clone())
            .collect();
        let outlets: Vec<_> = receivers
            .into_iter()
            .map(|receiver| receiver.outlet)
            .collect();
        mistakes.extend(delivery::mistakes(&outlets));
        mistakes.extend(
            Notifier::new(policies.clone())
                .err()
                .map(|error| error.to_string()),
        );
        let has_channel = |name: &String| policies.iter().any(|policy| policy.name() == name);
        for rule in self.rules.iter() {
            let unknown = rule.channels.iter().filter(|name| !has_channel(name));
            mistakes.extend(unknown.map(|name| {
                format!(
                    "rule {:?}: there is no channel {name:?} for notifications",
                    rule.name
                )
            }));
            if let Measure::Computed { name } = &rule.signal.measure
                && !self.computed.iter().any(|(known, _)| known == name)
            {
                mistakes.push(format!(
                    "rule {:?}: there is no computed signal {name:?}: call computed({name:?}, ..)",
                    rule.name
                ));
            }
        }
        Error::combine(mistakes.into_iter().map(Error::invalid))?;
        let is_shared = self.store.is_shared();
        let recorder = self.recorder.unwrap_or_else(|| match &self.metrics {
            Some(metrics) => RecorderRef::new(metrics.clone()),
            None => RecorderRef::default(),
        });
        let mut context = Context::new(self.rules, self.slos, self.interval);
        context.settle = self.settle;
        context.service = self.service;
        context.labels_instance = is_shared || self.instance.is_some();
        context.external_url = self
            .external_url
            .map(|url| url.trim_end_matches('/').to_owned());
        let key = if is_shared {
            format!("instance:{instance}")
        } else {
            "local".to_owned()
        };
        context.instance = instance;
        let context = Arc::new(context);
        let plan = Arc::new(Plan {
            context: Arc::clone(&context),
            store: Arc::clone(&self.store),
            policies,
            channels: outlets,
            limits: self.limits,
            recorder: recorder.clone(),
        });
        let ledgers = ledgers(&plan, key, is_shared);
        let engine = Engine::new(
            Arc::clone(&context),
            ledgers,
            self.store,
            self.computed,
            Instruments::new(&recorder),
        );
        let engine = Arc::new(engine);
        if let (false, Ok(runtime)) = (self.is_manual, runtime) {
            let inbox = Arc::clone(&engine.inbox);
            let weak = Arc::downgrade(&engine);
            runtime.spawn(task::run(weak, inbox, self.metrics, self.settle));
        }
        Ok(Alerts(engine))
    }

    fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        let allowed = Duration::from_secs(1)..=Duration::from_secs(3600);
        if !allowed.contains(&self.interval) {
            let interval = self.interval;
            mistakes.push(format!("interval is {interval:?}: 1 s to 1 h are allowed"));
        }
        let has_signals = !self.rules.is_empty() || !self.slos.is_empty();
        if has_signals && self.metrics.is_none() && !self.is_manual {
            mistakes.push("there are rules and no metrics: call metrics(..)".to_owned());
        }
        mistakes
    }
}

/// One ledger for all rules, or one for those of this instance and one for those that instances share.
fn ledgers(plan: &Arc<Plan>, key: String, is_shared: bool) -> Vec<Ledger> {
    let context = &plan.context;
    let of_scope = |scope: Option<Scope>| {
        let rules = context.rules.iter().enumerate();
        let rules = rules.filter(|(_, rule)| scope.is_none_or(|scope| rule.scope == scope));
        rules.map(|(index, _)| index).collect::<Vec<_>>()
    };
    let instance = context.instance.clone();
    let ledger = |name, key, holder, rules| Ledger::new(name, key, holder, rules, Arc::clone(plan));
    if !is_shared {
        return vec![ledger("local", key, instance, of_scope(None))];
    }
    // A new process of this instance may not go on with the lease of the one before: another instance may have taken it.
    let shared = format!("{instance} {}", Uuid::now_v7());
    vec![
        ledger("instance", key, instance, of_scope(Some(Scope::Instance))),
        ledger(
            "shared",
            "shared".to_owned(),
            shared,
            of_scope(Some(Scope::Shared)),
        ),
    ]
}
