//! `Alerts`: the running engine.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::acted::Acted;
use super::book::{Book, Step};
use super::engine::Engine;
use super::explanation::Explanation;
use super::shared_entry::{Deed, SharedAct};
use super::views::{AlertView, AlertsStats, SilenceView};
use super::when::When;
use crate::alerts::channels::DeliveryError;
use crate::alerts::rules::Rules;
use crate::alerts::slo::{SloAlert, Slos};
use crate::alerts::state::{AlertId, CodeAlert, Transition};
use crate::alerts::stores::{HistoryPage, HistoryQuery};
use crate::error::{Error, ErrorKind};
use crate::exporter::Snapshot;

/// The running engine: it evaluates rules, keeps the life of each alert, and sends notifications.
///
/// Instances that share a store take turns on the alerts of rules with [`Scope::Shared`](crate::alerts::Scope::Shared). One of them
/// holds these alerts, and another takes them over within three intervals, but at least 15 s, after the holder is gone. Only the
/// holder shows them. [`acknowledge`](Self::acknowledge) and [`resolve`](Self::resolve) work at each instance: another one than the
/// holder writes them to the store, and the holder does them at its next evaluation. Silences hold for the alerts of all instances,
/// from their next evaluation on.
///
/// Each notification is sent at least once. After a crash, those that were sent in the last moments are sent again with the same
/// [`id`](super::super::channels::Notification::id). A channel that
/// [deduplicates](super::super::channels::Channel::deduplicates) gets those about an alert in order, so that its receiver has one
/// incident for each firing.
///
/// A handle that can be cloned. The engine ends when the last one is dropped; [`shutdown`](Self::shutdown) ends it in order.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// use tower_vitals::Prometheus;
/// use tower_vitals::alerts::{Alert, Alerts, Level, Rule, Rules, Signal};
///
/// let rules = Rules::builder()
///     .rule(Rule::new("PoolFull", Signal::value("database_connections")).ge(20.0).level(Level::Critical))
///     .build()?;
/// let prometheus = Prometheus::builder().build()?;
/// let alerts = Alerts::builder().metrics(prometheus).rules(rules).run()?;
///
/// alerts.fire(Alert::critical("the queue is full").component("scheduler"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Alerts(pub(super) Arc<Engine>);

impl Alerts {
    /// Fires an alert from code, and returns its identity. Never waits: the engine takes the alert up at once, in the background.
    ///
    /// An alert of the same name, component and labels that fires already takes the new text and level.
    #[expect(
        clippy::must_use_candidate,
        reason = "most alerts of code end by themselves, so nobody needs the identity"
    )]
    pub fn fire(&self, alert: CodeAlert) -> AlertId {
        let id = alert.id();
        self.0.inbox.fire(alert);
        id
    }

    /// Ends an alert that code fired. If its group still waits, nobody is told of it. A critical alert does not wait, so its channels
    /// are told that it fired and that it ended.
    pub fn clear(&self, id: AlertId) {
        self.0.inbox.clear(id);
    }

    /// Evaluates all rules now. The engine does this by itself unless its builder said [`manual`](super::AlertsBuilder::manual).
    ///
    /// Returns the changes of all alerts, also of those that code fired.
    ///
    /// # Errors
    ///
    /// Fails if the store does not take the changes. They are kept, and written later.
    pub async fn evaluate_at(
        &self,
        snapshot: &Snapshot,
        now: SystemTime,
    ) -> Result<Vec<Transition>, Error> {
        let when = When::At(now);
        self.0.hold(when).await;
        self.0.share(when).await;
        self.0.compute().await;
        self.0.evaluate(snapshot, now, when).await
    }

    /// Notes that a person takes care of a firing alert: it is not repeated and not escalated.
    ///
    /// # Errors
    ///
    /// Fails if the alert does not fire, if a text is too long, or if the store does not take the change.
    pub async fn acknowledge(
        &self,
        id: AlertId,
        by: &str,
        note: Option<&str>,
    ) -> Result<Acted, Error> {
        self.act(SharedAct::new(id, by, note, Deed::Acknowledge))
            .await
    }

    /// Resolves a pending or firing alert by hand. It stays resolved until its condition was false once.
    ///
    /// # Errors
    ///
    /// Fails if the alert is not active, if the name is too long, or if the store does not take the change.
    pub async fn resolve(&self, id: AlertId, by: &str) -> Result<Acted, Error> {
        self.act(SharedAct::new(id, by, None, Deed::Resolve)).await
    }

    async fn act(&self, act: SharedAct) -> Result<Acted, Error> {
        self.0.hold_if_closed().await;
        self.0.ready().await?;
        let mut ledgers = self.0.open_ledgers();
        if let Some(ledger) = ledgers.find(|ledger| ledger.knows(act.alert)) {
            let change = |book: &mut Book, step: &mut Step, now: SystemTime| {
                step.transitions.extend(act.apply(&mut book.state, now)?);
                Ok(Acted::Done)
            };
            let acted = ledger.act(change).await;
            // Another instance may have taken the ledger over meanwhile.
            if acted.is_ok() || ledger.is_open() {
                return acted;
            }
        }
        if !self.0.is_elsewhere(act.alert).await? {
            let message = format!("the alert {} is unknown", act.alert);
            return Err(Error::new(ErrorKind::Refused, message));
        }
        self.0.forward(act).await?;
        Ok(Acted::Forwarded)
    }

    /// Sends a test through a channel, also if the channel is stopped. If it arrives, the channel works again.
    ///
    /// # Errors
    ///
    /// Fails if there is no such channel, or with the error of the delivery.
    pub async fn test_channel(&self, name: &str) -> Result<(), DeliveryError> {
        self.0.test_channel(name).await
    }

    /// All known alerts, also inactive and resolved ones: firing ones first, the most urgent first, the latest first.
    #[must_use]
    pub fn alerts(&self) -> Vec<AlertView> {
        self.0.alerts(SystemTime::now())
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.0.context.rules
    }

    /// The SLOs.
    #[must_use]
    pub fn slos(&self) -> &Slos {
        &self.0.context.slos
    }

    /// The alerts of the SLOs, two of each.
    #[must_use]
    pub fn slo_alerts(&self) -> &[SloAlert] {
        &self.0.context.slo_alerts
    }

    /// Explains each alert of a name: its value, its state, its next deadline, and what holds back each notification. The name is that
    /// of a rule, of an SLO's alert (`SloBurn:checkout:page`), or of alerts that code fired. `None` if there is none.
    #[must_use]
    pub fn explain(&self, name: &str) -> Option<Explanation> {
        self.0.explain(name, SystemTime::now())
    }

    /// The names that [`explain`](Self::explain) knows.
    #[must_use]
    pub fn explainable(&self) -> Vec<String> {
        self.0.explainable()
    }

    /// The silences that are not over.
    #[must_use]
    pub fn silences(&self) -> Vec<SilenceView> {
        self.0.silences(SystemTime::now())
    }

    /// Reads the history: every transition, silence and notification with its result, the latest first.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be read.
    pub async fn history(&self, query: &HistoryQuery) -> Result<HistoryPage, Error> {
        self.0.history(query).await
    }

    /// Numbers of the engine, and the channels.
    #[must_use]
    pub fn stats(&self) -> AlertsStats {
        self.0.stats()
    }

    /// Returns a check for [`Health`](crate::Health) that fails while the engine does not evaluate, while its store fails, and while
    /// a channel is stopped.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
    /// use tower_vitals::alerts::Alerts;
    /// use tower_vitals::health::Check;
    /// use tower_vitals::{Health, Prometheus};
    ///
    /// let alerts = Alerts::builder().metrics(Prometheus::builder().build()?).run()?;
    /// let health = Health::builder()
    ///     .check("alerts", alerts.health_check().optional())
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn health_check(
        &self,
    ) -> impl Fn() -> std::future::Ready<Result<(), String>> + Clone + Send + Sync + use<> {
        // The check does not keep the engine alive.
        let engine = Arc::downgrade(&self.0);
        move || {
            let problems = engine.upgrade().map(|engine| engine.problems());
            std::future::ready(match problems.as_deref() {
                None | Some([]) => Ok(()),
                Some(problems) => Err(problems.join("; ")),
            })
        }
    }

    /// Ends the engine: delivers what can be delivered within the deadline, and gives shared rules to another instance at once.
    pub async fn shutdown(&self, deadline: Duration) {
        self.0.shut_down(deadline).await;
    }

    /// Whether an alert of this identity is known.
    #[must_use]
    pub fn knows(&self, id: AlertId) -> bool {
        self.0.open_ledgers().any(|ledger| ledger.knows(id))
    }

    /// Whether an act on an alert counts before it is written.
    #[cfg(feature = "axum")]
    pub(crate) fn tells_of(&self, id: AlertId) -> bool {
        let mut ledgers = self.0.telling_ledgers();
        ledgers.any(|ledger| ledger.knows(id) && !ledger.is_provisional())
    }

    /// Whether an alert is pending or fires at another instance.
    #[cfg(feature = "axum")]
    pub(crate) async fn is_elsewhere(&self, id: AlertId) -> Result<bool, Error> {
        self.0.is_elsewhere(id).await
    }

    /// The time between evaluations.
    #[cfg(feature = "axum")]
    pub(crate) fn interval(&self) -> Duration {
        self.0.context.interval
    }

    /// Whether several instances share the store.
    #[cfg(feature = "axum")]
    pub(crate) fn is_shared(&self) -> bool {
        self.0.is_shared()
    }

    /// Fails while the alerts are not read from their store.
    #[cfg(feature = "axum")]
    pub(crate) async fn ready(&self) -> Result<(), Error> {
        self.0.ready().await
    }
}

debug_fields!(Alerts {});
