use std::borrow::Cow;
use std::sync::Arc;

use metrics::Counter;

use crate::catalog::ERRORS;
use crate::recorder::{LazyHandle, RecorderRef};

/// Errors of one type in one component: `errors_total{error_type, component}`.
///
/// ```
/// use tower_vitals::instrument::Errors;
///
/// let torn_pages = Errors::new("torn_page", "ledger");
/// torn_pages.record();
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Errors {
    errors: Arc<LazyHandle<Counter>>,
}

impl Errors {
    /// Creates an instrument for errors of this type in this component. Do not pass error messages: each pair is a series.
    pub fn new(
        error_type: impl Into<Cow<'static, str>>,
        component: impl Into<Cow<'static, str>>,
    ) -> Self {
        let key = ERRORS.key([error_type.into().into(), component.into().into()]);
        Self {
            errors: Arc::new(LazyHandle::zero(&RecorderRef::default(), key)),
        }
    }

    recorder_setter!(handles: errors);

    /// Counts one error.
    pub fn record(&self) {
        self.errors.record(|counter| counter.increment(1));
    }
}
