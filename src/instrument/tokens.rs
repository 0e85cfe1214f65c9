use std::borrow::Cow;
use std::sync::Arc;

use metrics::{Counter, Gauge, SharedString};

use crate::catalog::{TOKEN_COST, TOKENS};
use crate::recorder::{LazyHandle, RecorderRef, Zeros};

/// Tokens of a language model and their cost: `tokens_total{model, kind}`, where `kind` is `prompt` or `completion`, and
/// `token_cost_total{model, currency}`.
///
/// ```
/// use tower_vitals::instrument::Tokens;
///
/// let tokens = Tokens::new("small-1", "USD");
/// tokens.record(812, 64);
/// tokens.record_cost(0.0031);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Tokens {
    handles: Arc<Handles>,
}

#[derive(Debug)]
struct Handles {
    prompt: LazyHandle<Counter>,
    completion: LazyHandle<Counter>,
    cost: LazyHandle<Gauge>,
}

impl Handles {
    fn with_recorder(&self, recorder: &RecorderRef) -> Self {
        Self {
            prompt: self.prompt.with_recorder(recorder),
            completion: self.completion.with_recorder(recorder),
            cost: self.cost.with_recorder(recorder),
        }
    }
}

impl Tokens {
    /// Creates an instrument for tokens of this model, paid in this currency (ISO 4217).
    pub fn new(
        model: impl Into<Cow<'static, str>>,
        currency: impl Into<Cow<'static, str>>,
    ) -> Self {
        let model = SharedString::from(model.into());
        let tokens = |kind: &'static str| TOKENS.key([model.clone(), kind.into()]);
        let mut zeros = Zeros::new(&RecorderRef::default());
        let handles = Handles {
            prompt: zeros.add(tokens("prompt")),
            completion: zeros.add(tokens("completion")),
            cost: zeros.add(TOKEN_COST.key([model.clone(), currency.into().into()])),
        };
        zeros.announce();
        Self {
            handles: Arc::new(handles),
        }
    }

    recorder_setter!(handles: handles);

    /// Records the tokens that a request used.
    pub fn record(&self, prompt: u64, completion: u64) {
        let handles = &*self.handles;
        handles.prompt.record(|counter| counter.increment(prompt));
        handles
            .completion
            .record(|counter| counter.increment(completion));
    }

    /// Records the cost of a request, in units of the currency. Negative, infinite and NaN costs are ignored, because the
    /// total only rises.
    ///
    /// The facade's counters are integers. Other exporters than the crate's therefore show a gauge.
    pub fn record_cost(&self, cost: f64) {
        if cost.is_finite() && cost >= 0.0 {
            self.handles.cost.record(|gauge| gauge.increment(cost));
        }
    }
}
