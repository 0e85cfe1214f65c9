//! What a layer was told.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use metrics::{Label, Recorder};

use super::labels::{ExtraLabel, METHODS, method_index};
use super::layer::Until;
use super::naming::Naming;
use super::outcome::Side;
use crate::recorder::RecorderRef;

type EndpointFn = dyn Fn(&Parts) -> Option<Cow<'static, str>> + Send + Sync;
type SkipFn = dyn Fn(&Parts) -> bool + Send + Sync;

/// What a layer was told; services made by it share it.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) side: Side,
    pub(crate) naming: Naming,
    /// The outbound layer's `service` label.
    pub(crate) service: Option<Cow<'static, str>>,
    pub(crate) until: Until,
    pub(crate) response_body_size: bool,
    pub(crate) reregister_after: Option<Duration>,
    /// Whether any of the user's functions is to be called with a request's parts.
    pub(crate) reads_parts: bool,
    pub(crate) max_endpoints: usize,
    pub(crate) endpoint: Option<Arc<EndpointFn>>,
    pub(crate) extra: Vec<ExtraLabel>,
    pub(crate) skip: Option<Arc<SkipFn>>,
    pub(crate) recorder: RecorderRef,
}

impl Config {
    pub(crate) fn new(side: Side, naming: Naming) -> Self {
        Self {
            side,
            naming,
            service: None,
            until: Until::End,
            response_body_size: false,
            reregister_after: None,
            reads_parts: false,
            max_endpoints: 1000,
            endpoint: None,
            extra: Vec::new(),
            skip: None,
            recorder: RecorderRef::default(),
        }
    }

    pub(crate) fn set_endpoint<T: Into<Cow<'static, str>>>(
        &mut self,
        endpoint: impl Fn(&Parts) -> Option<T> + Send + Sync + 'static,
    ) {
        self.endpoint = Some(Arc::new(move |parts| endpoint(parts).map(Into::into)));
    }

    pub(crate) fn set_recorder(&mut self, recorder: impl Recorder + Send + Sync + 'static) {
        self.recorder = RecorderRef::new(recorder);
    }

    pub(crate) fn combinations(&self) -> usize {
        self.extra.iter().map(ExtraLabel::len).product()
    }

    /// Numbers the extra labels' values, each by its place, as one figure of mixed radix; [`Self::extra_labels`] reads it
    /// back.
    pub(crate) fn combination(&self, place: impl Fn(&ExtraLabel) -> usize) -> usize {
        self.extra
            .iter()
            .rev()
            .fold(0, |number, label| number * label.len() + place(label))
    }

    pub(crate) fn extra_labels(&self, mut number: usize) -> impl Iterator<Item = Label> {
        self.extra.iter().map(move |label| {
            let place = number % label.len();
            number /= label.len();
            Label::new(label.name.clone(), label.value(place))
        })
    }

    /// How many series one endpoint can have, statuses aside.
    pub(crate) fn places(&self) -> usize {
        match self.side {
            Side::Server => METHODS.len() * self.combinations(),
            Side::Client => 1,
        }
    }

    #[inline]
    pub(crate) fn place(&self, method: &http::Method, combination: usize) -> usize {
        match self.side {
            Side::Server => method_index(method) + METHODS.len() * combination,
            Side::Client => 0,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("naming", &self.naming)
            .field("until", &self.until)
            .field("response_body_size", &self.response_body_size)
            .field("reregister_after", &self.reregister_after)
            .field("max_endpoints", &self.max_endpoints)
            .field("extra", &self.extra)
            .finish_non_exhaustive()
    }
}
