//! What is only counted: storage operations, errors, tokens; and the counter that they and events share.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use metrics::{Counter, Gauge, Key, Recorder};

use super::observe::{Ended, Ends, Observe};
use crate::catalog::{ERRORS, Family, STORAGE_OPERATIONS, TOKEN_COST, TOKENS};
use crate::recorder::{LazyHandle, RecorderRef};

type Name = Cow<'static, str>;

/// A counter of certain labels.
#[derive(Debug)]
pub(super) struct Total {
    key: Key,
    handle: LazyHandle<Counter>,
}

impl Total {
    pub(super) fn new<const N: usize>(family: &Family, values: [Name; N]) -> Self {
        Self::on(&RecorderRef::default(), family.key(values.map(Into::into)))
    }

    fn on(recorder: &RecorderRef, key: Key) -> Self {
        Self {
            handle: LazyHandle::new(recorder, key.clone()),
            key,
        }
    }

    pub(super) fn recorder(&self, recorder: &RecorderRef) -> Self {
        Self::on(recorder, self.key.clone())
    }

    pub(super) fn add(&self, count: u64) {
        self.handle.record(|total| total.increment(count));
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
            total: Arc::new(self.total.recorder(&RecorderRef::new(recorder))),
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
            total: Arc::new(self.total.recorder(&RecorderRef::new(recorder))),
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
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    model: Name,
    currency: Name,
    prompt: Total,
    completion: Total,
    cost: LazyHandle<Gauge>,
}

impl Inner {
    fn on(recorder: &RecorderRef, model: Name, currency: Name) -> Self {
        let tokens = |kind: &'static str| {
            Total::on(recorder, TOKENS.key([model.clone().into(), kind.into()]))
        };
        let cost = TOKEN_COST.key([model.clone().into(), currency.clone().into()]);
        Self {
            prompt: tokens("prompt"),
            completion: tokens("completion"),
            cost: LazyHandle::new(recorder, cost),
            model,
            currency,
        }
    }
}

impl Tokens {
    /// Tokens of this model, paid in this currency (ISO 4217).
    pub fn of(model: impl Into<Name>, currency: impl Into<Name>) -> Self {
        Self {
            inner: Arc::new(Inner::on(
                &RecorderRef::default(),
                model.into(),
                currency.into(),
            )),
        }
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        let (model, currency) = (self.inner.model.clone(), self.inner.currency.clone());
        Self {
            inner: Arc::new(Inner::on(&RecorderRef::new(recorder), model, currency)),
        }
    }

    /// A request used so many tokens.
    pub fn record(&self, prompt: u64, completion: u64) {
        self.inner.prompt.add(prompt);
        self.inner.completion.add(completion);
    }

    /// A request cost so much, in the currency's unit. What is negative or no number costs nothing: the total only rises.
    ///
    /// The facade's counters are whole numbers, so other exporters than the crate's show a gauge.
    pub fn record_cost(&self, cost: f64) {
        if cost.is_finite() && cost >= 0.0 {
            self.inner.cost.record(|total| total.increment(cost));
        }
    }
}
