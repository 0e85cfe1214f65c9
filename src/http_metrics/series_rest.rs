//! `Rest`: the fields of a series that few requests read.

use std::sync::{Arc, OnceLock};

use metrics::Histogram;

use super::endings::Endings;
use crate::measure::Instant;
use crate::recorder::RequestRecorder;

/// The fields of a series that few requests read. Its copies share them.
pub(crate) struct Rest {
    pub(crate) endpoint: Arc<str>,
    /// The index of the labels among those of the endpoint.
    pub(crate) index: usize,
    /// Whether a recorder was installed at registration.
    pub(crate) is_registered: bool,
    pub(crate) registered_at: Instant,
    /// What the crate's own recorder offers, if it is the one of the handles.
    pub(crate) requests: Option<Arc<dyn RequestRecorder>>,
    pub(crate) other_endings: Endings,
    pub(crate) request_body: OnceLock<Histogram>,
    pub(crate) response_body: OnceLock<Histogram>,
}

impl Rest {
    pub(crate) fn new(endpoint: &Arc<str>, index: usize) -> Self {
        Self {
            endpoint: Arc::clone(endpoint),
            index,
            is_registered: false,
            registered_at: Instant::now(),
            requests: None,
            other_endings: Endings::default(),
            request_body: OnceLock::new(),
            response_body: OnceLock::new(),
        }
    }
}
