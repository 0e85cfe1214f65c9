//! What is only counted: storage operations, errors, tokens; and the counter that they and events share.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{Counter, Label, Recorder};

use super::observe::{Ended, Ends, Observe};
use crate::catalog::{ERRORS, Family, STORAGE_OPERATIONS, TOKEN_COST, TOKENS};
use crate::target::{Cell, Target};

type Name = Cow<'static, str>;

/// A counter of certain labels.
#[derive(Debug)]
pub(super) struct Total {
    family: &'static Family,
    labels: Vec<Label>,
    cell: Cell<Counter>,
}

impl Total {
    pub(super) fn new(family: &'static Family, values: impl IntoIterator<Item = Name>) -> Self {
        let labels = family.labels.iter().zip(values);
        let labels = labels.map(|(label, value)| Label::new(*label, value));
        Self::on(&Target::default(), family, labels.collect())
    }

    fn on(target: &Target, family: &'static Family, labels: Vec<Label>) -> Self {
        Self {
            family,
            cell: Cell::new(target, family, labels.clone()),
            labels,
        }
    }

    pub(super) fn recorder(&self, target: &Target) -> Self {
        Self::on(target, self.family, self.labels.clone())
    }

    pub(super) fn add(&self, count: u64) {
        self.cell.write(|total| total.increment(count));
    }
}

/// Operations of a store: `storage_operations_total{operation, namespace}`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use tower_vitals::instrument::Storage;
///
/// let get = Storage::operation("get", "sessions");
/// get.record();
/// let session: Result<u64, String> = get.observe(async { Ok(7) }).await;
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Storage {
    total: Arc<Total>,
}

impl Storage {
    /// This operation on this namespace. A key would be a series each.
    pub fn operation(operation: impl Into<Name>, namespace: impl Into<Name>) -> Self {
        Self {
            total: Arc::new(Total::new(
                &STORAGE_OPERATIONS,
                [operation.into(), namespace.into()],
            )),
        }
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        Self {
            total: Arc::new(self.total.recorder(&Target::recorder(recorder))),
        }
    }

    /// One took place.
    pub fn record(&self) {
        self.total.add(1);
    }

    /// Records one when `operation` ends, whatever ends it.
    pub fn observe<F, T, E>(&self, operation: F) -> Observe<'_, F>
    where
        F: Future<Output = Result<T, E>>,
    {
        Observe::begin(&*self.total, operation)
    }
}

impl Ends for Total {
    fn end(&self, _ended: Ended, _nanos: u64) {
        self.add(1);
    }
}

/// Errors of one type in one component: `errors_total{error_type, component}`.
///
/// ```
/// use tower_vitals::instrument::Errors;
///
/// let torn = Errors::of("torn_page", "ledger");
/// torn.record();
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Errors {
    total: Arc<Total>,
}

impl Errors {
    /// Errors of this type in this component. A message would be a series each.
    pub fn of(error_type: impl Into<Name>, component: impl Into<Name>) -> Self {
        Self {
            total: Arc::new(Total::new(&ERRORS, [error_type.into(), component.into()])),
        }
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        Self {
            total: Arc::new(self.total.recorder(&Target::recorder(recorder))),
        }
    }

    /// One took place.
    pub fn record(&self) {
        self.total.add(1);
    }
}

/// Tokens of a language model and what they cost: `tokens_total{model, kind}` with `kind` `prompt` or `completion`, and
/// `token_cost_total{model, currency}`.
///
/// Counters of the facade are whole numbers, so cost is counted in millionths of the currency's unit.
///
/// ```
/// use tower_vitals::instrument::Tokens;
///
/// let tokens = Tokens::of("small-1", "USD");
/// tokens.record(812, 64);
/// tokens.record_cost(0.0031);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Tokens {
    /// Prompt, completion, cost.
    totals: Arc<[Total; 3]>,
    /// What was paid beyond whole millionths, in billionths of one.
    rest: Arc<AtomicU64>,
}

impl Tokens {
    /// Tokens of this model, paid in this currency (ISO 4217).
    pub fn of(model: impl Into<Name>, currency: impl Into<Name>) -> Self {
        let model = model.into();
        Self {
            totals: Arc::new([
                Total::new(&TOKENS, [model.clone(), "prompt".into()]),
                Total::new(&TOKENS, [model.clone(), "completion".into()]),
                Total::new(&TOKEN_COST, [model, currency.into()]),
            ]),
            rest: Arc::default(),
        }
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        let target = Target::recorder(recorder);
        Self {
            totals: Arc::new(self.totals.each_ref().map(|total| total.recorder(&target))),
            rest: self.rest,
        }
    }

    /// A request used so many tokens.
    pub fn record(&self, prompt: u64, completion: u64) {
        self.totals[0].add(prompt);
        self.totals[1].add(completion);
    }

    /// A request cost so much, in the currency's unit. What is less than a millionth is kept until it is one. What is
    /// negative or no number costs nothing.
    pub fn record_cost(&self, cost: f64) {
        const BILLION: u64 = 1_000_000_000;
        let millionths = cost * 1e6;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` gives zero below zero and for what is no number, and the largest count above it"
        )]
        let (whole, part) = (
            millionths as u64,
            (millionths.fract() * BILLION as f64).round() as u64,
        );
        let rest = self.rest.fetch_add(part % BILLION, Ordering::Relaxed) + part % BILLION;
        // Whoever takes the sum past a whole one counts it.
        let is_past = rest >= BILLION
            && self
                .rest
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |rest| {
                    rest.checked_sub(BILLION)
                })
                .is_ok();
        self.totals[2].add(whole.saturating_add(part / BILLION + u64::from(is_past)));
    }
}
