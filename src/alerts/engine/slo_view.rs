//! `SloView`: the alert of an SLO, and how fast each window burns the budget.

use serde::Serialize;

use super::views::RuleAlertView;
use crate::alerts::level::Level;
use crate::alerts::slo::{Burn, BurnPair, BurnWindow, SloAlert, SloSeverity, SloStatus};
use crate::alerts::state::RuleData;

/// The alert of an SLO, how fast each window burns the budget, and what holds back each notification.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct SloView {
    /// The alert's name, such as `SloBurn:checkout:page`.
    pub name: String,
    /// The name of the SLO.
    pub slo: String,
    /// The urgency: a page or a ticket.
    pub severity: SloSeverity,
    /// The level of the alert.
    pub level: Level,
    /// The promised share of good events.
    pub objective: f64,
    /// The allowed share of bad events.
    pub budget: f64,
    /// The share of the period's budget that is left: below 0 once more failed than may.
    pub budget_remaining: f64,
    /// The number of events that each window needs.
    pub min_events: u64,
    /// The events of the whole period.
    pub period: Burn,
    /// The pairs of windows. The alert holds while both windows of one pair burn too fast.
    pub pairs: Vec<SloPairView>,
    /// The data of the last evaluation.
    pub data: RuleData,
    /// The reason why the alert is as an earlier evaluation left it.
    pub stale: Option<String>,
    /// The alert, once the SLO was evaluated.
    pub alerts: Vec<RuleAlertView>,
}

/// Two windows of an SLO, and the burn rate that both must exceed.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct SloPairView {
    /// The burn rate that both windows must exceed.
    pub factor: f64,
    /// The share of bad events that both windows must exceed: the factor times the budget.
    pub max_error_ratio: f64,
    /// Whether both do, so that the alert holds.
    pub exceeds: bool,
    /// The long window.
    pub long: SloWindowView,
    /// The short window.
    pub short: SloWindowView,
}

/// A window of an SLO.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct SloWindowView {
    /// The window.
    pub window: BurnWindow,
    /// Its events, and how fast they burn the budget.
    #[serde(flatten)]
    pub burn: Burn,
    /// The share of bad events.
    pub error_ratio: f64,
    /// What keeps the window from exceeding the burn rate.
    pub held_back: Vec<SloHold>,
}

/// What keeps a window of an SLO from exceeding the burn rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SloHold {
    /// It burns no faster than the factor.
    BurnsSlower,
    /// It has fewer events than the SLO demands.
    TooFewEvents,
}

impl SloView {
    pub(super) fn new(alert: &SloAlert, status: &SloStatus) -> Self {
        let pairs = alert.severity.pairs();
        Self {
            name: alert.name.clone(),
            slo: alert.slo.clone(),
            severity: alert.severity,
            level: alert.level,
            objective: status.objective,
            budget: short(1.0 - status.objective),
            budget_remaining: short(status.budget_remaining),
            min_events: status.min_events,
            period: shown(status.period),
            pairs: pairs.map(|pair| SloPairView::new(pair, status)).into(),
            data: RuleData::default(),
            stale: None,
            alerts: Vec::new(),
        }
    }

    /// Whether a pair burns too fast, but has too few events.
    pub(super) fn lacks_events(&self) -> bool {
        self.pairs.iter().any(|pair| {
            let windows = [&pair.long, &pair.short];
            let burns_slower = |window: &&SloWindowView| {
                let mut holds = window.held_back.iter();
                holds.any(|hold| *hold == SloHold::BurnsSlower)
            };
            !pair.exceeds && !windows.iter().any(burns_slower)
        })
    }
}

impl SloPairView {
    fn new(pair: BurnPair, status: &SloStatus) -> Self {
        let max = pair.max_error_ratio(status.objective);
        let window = |window| SloWindowView::new(window, max, status);
        Self {
            factor: pair.factor,
            max_error_ratio: short(max),
            exceeds: status.exceeds(pair),
            long: window(pair.long),
            short: window(pair.short),
        }
    }
}

impl SloWindowView {
    fn new(window: BurnWindow, max_error_ratio: f64, status: &SloStatus) -> Self {
        let burn = status.burn(window);
        let error_ratio = burn.error_ratio();
        let holds = [
            (error_ratio <= max_error_ratio, SloHold::BurnsSlower),
            (burn.total < status.min_events, SloHold::TooFewEvents),
        ];
        let held_back = holds.into_iter().filter(|(is_so, _)| *is_so);
        Self {
            window,
            burn: shown(burn),
            error_ratio: short(error_ratio),
            held_back: held_back.map(|(_, hold)| hold).collect(),
        }
    }
}

fn shown(burn: Burn) -> Burn {
    let rate = short(burn.rate);
    Burn { rate, ..burn }
}

/// With 12 digits, because people read 0.001 more easily than 0.0010000000000000009.
fn short(number: f64) -> f64 {
    format!("{number:.11e}").parse().unwrap_or(number)
}
