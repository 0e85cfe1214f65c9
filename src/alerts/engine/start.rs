//! `AlertsBuilder::run`: starts the engine.

use std::sync::Arc;

use tokio::runtime;
use uuid::Uuid;

use super::alerts::Alerts;
use super::builder::AlertsBuilder;
use super::context::Context;
use super::engine::Engine;
use super::instruments::Instruments;
use super::ledger::Ledger;
use super::ledger_kind::LedgerKind;
use super::mistakes::mistakes;
use super::plan::Plan;
use super::receiver::Receiver;
use super::task;
use crate::alerts::channels::Log;
use crate::alerts::delivery::Outlet;
use crate::alerts::redacted;
use crate::alerts::scope::Scope;
use crate::error::Error;
use crate::process_mark;
use crate::recorder::RecorderRef;

impl AlertsBuilder {
    /// Starts the engine on the current tokio runtime. A store that cannot be reached is not an error: it is tried again at each
    /// interval.
    ///
    /// # Errors
    ///
    /// One error that names every mistake: an interval below 1 s or above 1 h; rules without metrics; a rule whose window is
    /// shorter than two intervals; a rule, a fallback or an
    /// escalation that names an unknown channel; two channels of one name; a rule with an unknown computed signal; an SLO whose
    /// alert cannot fire; a wrong instance name; no tokio runtime.
    pub fn run(self) -> Result<Alerts, Error> {
        let runtime = runtime::Handle::try_current();
        let instance = self.instance.clone().unwrap_or_else(crate::host::name);
        let mut receivers = self.receivers.clone();
        if receivers.is_empty() {
            receivers.push(Receiver::from(Log::new()));
        }
        let policies: Vec<_> = receivers
            .iter()
            .filter(|receiver| receiver.outlet.takes_notifications())
            .map(|receiver| receiver.policy(self.cooldown, self.max_per_hour))
            .collect();
        let outlets = receivers.into_iter().map(|receiver| receiver.outlet);
        let outlets: Vec<_> = outlets.collect();
        let mut mistakes = mistakes(&self, &instance, &policies, &outlets);
        if runtime.is_err() {
            mistakes.push("there is no tokio runtime: call run() within one".to_owned());
        }
        Error::combine(mistakes.into_iter().map(Error::invalid))?;
        let runtime = runtime.map_err(|error| Error::invalid(error.to_string()))?;
        let is_shared = self.store.is_shared();
        let recorder = self.recorder.unwrap_or_else(|| match &self.metrics {
            Some(metrics) => RecorderRef::new(metrics.clone()),
            None => RecorderRef::default(),
        });
        let mut context = Context::new(self.rules.value, self.slos.value, self.interval);
        context.settle = self.settle;
        context.max_series = self.max_series;
        context.service = self.service;
        // Alertmanager tells alerts apart by their labels alone.
        context.posts_alerts = outlets.iter().any(Outlet::takes_alerts);
        context.labels_instance = is_shared || context.posts_alerts || self.instance.is_some();
        context.is_shared = is_shared;
        context.external_url = self
            .external_url
            .map(|url| redacted::link(url.trim_end_matches('/')));
        let key = if is_shared {
            format!("instance:{instance}")
        } else {
            "local".to_owned()
        };
        context.instance = instance;
        let context = Arc::new(context);
        let instruments = Instruments::new(&recorder);
        let plan = Arc::new(Plan {
            context: Arc::clone(&context),
            store: Arc::clone(&self.store),
            policies,
            channels: outlets,
            limits: self.limits,
            losses: Arc::clone(&instruments.losses),
            recorder,
            runtime: runtime.clone(),
        });
        let ledgers = ledgers(&plan, key, is_shared);
        let engine = Engine::new(
            Arc::clone(&context),
            ledgers,
            self.store,
            self.computed,
            instruments,
        );
        let engine = Arc::new(engine);
        if !self.is_manual {
            let inbox = Arc::clone(&engine.inbox);
            let weak = Arc::downgrade(&engine);
            runtime.spawn(task::run(weak, inbox, self.metrics, self.settle));
        }
        Ok(Alerts(engine))
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
    // No other engine may go on with the lease of this one. The mark tells others when this process has ended.
    let (instance, id) = (&context.instance, Uuid::now_v7());
    let mark = process_mark::own().unwrap_or_default();
    let holder = format!("{instance} {id} {mark}");
    let ledger =
        |kind, key: String, rules| Ledger::new(kind, key, holder.clone(), rules, Arc::clone(plan));
    if !is_shared {
        return vec![ledger(LedgerKind::Local, key, of_scope(None))];
    }
    vec![
        ledger(LedgerKind::Instance, key, of_scope(Some(Scope::Instance))),
        ledger(
            LedgerKind::Shared,
            "shared".to_owned(),
            of_scope(Some(Scope::Shared)),
        ),
    ]
}
