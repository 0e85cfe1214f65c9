//! The configuration of a layer.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use metrics::Label;

use super::group::Group;
use super::grpc::{GrpcNaming, naming_of_calls};
use super::labels::{ExtraLabel, METHODS, method_index};
use super::naming::Naming;
use super::outcome::Side;
use crate::recorder::RecorderRef;

/// The number of combinations of extra label values that one layer may declare.
const MAX_COMBINATIONS: usize = 128;

/// Where a request's duration ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Until {
    /// At the end of the response body (or its error, or its drop). The default, because the client waits that long,
    /// except for bytes that the server has accepted and not yet sent.
    #[default]
    End,
    /// At the response head, where OpenTelemetry's instrumentations often measure. The request still counts as in
    /// progress, and can still be aborted, until the body ends.
    Head,
}

/// Which requests are recorded as gRPC calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// None.
    Http,
    /// Those that are. Their series have a configuration of their own.
    Both,
    /// All: this is the configuration of their series.
    Grpc,
}

type EndpointFn = dyn Fn(&Parts) -> Option<Cow<'static, str>> + Send + Sync;
type SkipFn = dyn Fn(&Parts) -> bool + Send + Sync;

/// The configuration that all services of a layer share.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) side: Side,
    pub(crate) naming: Naming,
    /// The client layer's `service` label.
    pub(crate) service: Option<Cow<'static, str>>,
    pub(crate) until: Until,
    pub(crate) response_body_size: bool,
    pub(crate) reregister_after: Option<Duration>,
    pub(crate) protocol: Protocol,
    /// The layers that record the same metrics. Clients have none, because a request that is sent again is another one.
    pub(crate) group: Option<Arc<Group>>,
    /// Whether any of the user's functions needs the request's parts.
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
            protocol: Protocol::Http,
            group: None,
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

    /// All mistakes in names and labels.
    pub(crate) fn problems(&self) -> Vec<String> {
        let names = || self.extra.iter().map(|label| &label.name);
        let mut problems = match (self.protocol, &self.naming.grpc) {
            (Protocol::Both, GrpcNaming::Requests(status)) => {
                self.naming.problems(names().chain([status]))
            }
            _ => self.naming.problems(names()),
        };
        if problems.is_empty() && self.protocol == Protocol::Both {
            problems = naming_of_calls(&self.naming, self.side).problems(names());
        }
        let empty = self.extra.iter().filter(|label| !label.has_values());
        problems.extend(empty.map(|label| {
            let name = &label.name;
            format!("label {name:?} has no values: at least one is needed")
        }));
        let combinations = self.combinations();
        if combinations > MAX_COMBINATIONS {
            problems.push(format!(
                "extra labels have {combinations} combinations of values (\"other\" included): at most \
                 {MAX_COMBINATIONS} are allowed, because each multiplies the series of every endpoint"
            ));
        }
        problems
    }

    fn combinations(&self) -> usize {
        let counts = self.extra.iter().map(ExtraLabel::value_count);
        counts.fold(1, usize::saturating_mul)
    }

    /// Encodes the values of the extra labels, given by their indexes, in mixed radix for [`Self::extra_labels`].
    pub(crate) fn combination(&self, index: impl Fn(&ExtraLabel) -> usize) -> usize {
        self.extra.iter().rev().fold(0, |number, label| {
            number * label.value_count() + index(label)
        })
    }

    pub(crate) fn extra_labels(&self, mut number: usize) -> impl Iterator<Item = Label> {
        self.extra.iter().map(move |label| {
            let index = number % label.value_count();
            number /= label.value_count();
            Label::new(label.name.clone(), label.value(index))
        })
    }

    /// The number of label sets that one endpoint can have, statuses aside.
    pub(crate) fn label_sets(&self) -> usize {
        match self.side {
            Side::Server => METHODS.len() * self.combinations(),
            Side::Client => 1,
        }
    }

    /// The index of a label set among those of its endpoint.
    #[inline]
    pub(crate) fn label_index(&self, method: &http::Method, combination: usize) -> usize {
        match self.side {
            Side::Server => method_index(method) + METHODS.len() * combination,
            Side::Client => 0,
        }
    }
}

debug_fields!(Config {
    naming,
    service,
    until,
    response_body_size,
    reregister_after,
    max_endpoints,
    protocol,
    extra
});
