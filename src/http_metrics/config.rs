//! The configuration of a layer.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::response;

use super::duration_status::DurationStatus;
use super::ending::{
    CANCELLED, CLIENT_CLOSED, ERROR, Ending, INTERNAL_ERROR, NO_STATUS, Status, TIMEOUT,
};
use super::group::Group;
use super::grpc::zero_endings_of_calls;
use super::known_labels;
use super::label_set::LabelSet;
use super::labels::{METHODS, method_index};
use super::naming::{Name, Naming};
use super::outcome::{Outcome, Side};
use crate::recorder::RecorderRef;

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

/// The parts of a message that the configuration needs, beyond those that every request needs.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reads {
    /// The request's parts, for the user's functions.
    pub(crate) request: bool,
    /// The response's parts, or the time of the response head.
    pub(crate) response: bool,
}

/// The configuration that all services of a layer share.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) naming: Naming,
    pub(crate) until: Until,
    pub(crate) reads: Reads,
    pub(crate) response_body_size: bool,
    pub(crate) protocol: Protocol,
    /// The layers that record the same metrics. Clients have none, because a request that is sent again is another one.
    pub(crate) group: Option<Arc<Group>>,
    pub(crate) reregister_after: Option<Duration>,
    /// The client layer's `service` label.
    pub(crate) service: Option<Name>,
    pub(crate) max_endpoints: usize,
    pub(crate) endpoint: Option<Arc<EndpointFn>>,
    pub(crate) request_labels: LabelSet<Parts>,
    pub(crate) response_labels: LabelSet<response::Parts>,
    pub(crate) duration_status: Option<DurationStatus>,
    pub(crate) endpoint_on_duration: bool,
    pub(crate) zero_statuses: Vec<Status>,
    pub(crate) url_scheme: Option<Name>,
    pub(crate) skip: Option<Arc<SkipFn>>,
    pub(crate) recorder: RecorderRef,
}

impl Config {
    pub(crate) fn new(naming: Naming) -> Self {
        Self {
            naming,
            until: Until::End,
            reads: Reads::default(),
            response_body_size: false,
            protocol: Protocol::Http,
            group: None,
            reregister_after: None,
            service: None,
            max_endpoints: 1000,
            endpoint: None,
            request_labels: LabelSet::default(),
            response_labels: LabelSet::default(),
            duration_status: None,
            endpoint_on_duration: false,
            zero_statuses: vec![INTERNAL_ERROR],
            url_scheme: None,
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

    /// Adds the labels of the naming's convention.
    pub(crate) fn add_convention(&mut self) {
        let convention = self.naming.convention;
        if convention.has_url_scheme {
            let label = known_labels::url_scheme(self.url_scheme.clone());
            self.request_labels.add(label);
        }
        if convention.has_server_address {
            self.request_labels.add(known_labels::called_servers());
        }
    }

    /// Derives the flags that the request path reads.
    pub(crate) fn finish(&mut self) {
        if self.side() == Side::Server && self.group.is_none() {
            self.group = Some(Group::of(&self.recorder, &self.naming));
        }
        self.reads = Reads {
            request: self.endpoint.is_some()
                || self.skip.is_some()
                || !self.request_labels.is_empty()
                || self.protocol == Protocol::Both,
            response: self.until == Until::Head
                || !self.response_labels.is_empty()
                || self.protocol == Protocol::Grpc,
        };
    }

    pub(crate) fn side(&self) -> Side {
        self.naming.convention.side
    }

    pub(crate) fn duration_status(&self) -> DurationStatus {
        let convention = self.naming.convention;
        self.duration_status.unwrap_or(convention.duration_status)
    }

    /// The number of methods that are distinguished.
    pub(crate) fn methods(&self) -> usize {
        match self.naming.method {
            Some(_) => METHODS.len(),
            None => 1,
        }
    }

    /// The number of label sets that one endpoint can have, statuses aside.
    pub(crate) fn label_sets(&self) -> usize {
        let combinations = self.request_labels.combinations(|_| true);
        self.methods().saturating_mul(combinations)
    }

    /// The indexes of the label sets with `other` for all extra labels, by method.
    pub(crate) fn others(&self) -> Range<usize> {
        let methods = self.methods();
        let first = methods.saturating_mul(self.request_labels.others());
        first..first.saturating_add(methods)
    }

    /// The index of a label set among those of its endpoint.
    #[inline]
    pub(crate) fn label_index(&self, method: &http::Method, combination: usize) -> usize {
        match self.naming.method {
            Some(_) => method_index(method) + METHODS.len() * combination,
            None => combination,
        }
    }

    /// The endings whose counters begin at zero.
    pub(crate) fn zero_endings(&self) -> Vec<Ending> {
        let statuses = self.zero_statuses.iter();
        let mut endings: Vec<_> = statuses.map(|status| Ending::new(*status)).collect();
        if self.side() == Side::Client && !endings.is_empty() {
            let failures = [Outcome::ServiceError, Outcome::TimedOut];
            endings.extend(failures.map(|outcome| self.ending_without_head(outcome)));
        }
        match self.protocol {
            Protocol::Grpc => zero_endings_of_calls(endings.into_iter()),
            _ => endings,
        }
    }

    /// The ending of a request without a response head.
    pub(crate) fn ending_without_head(&self, outcome: Outcome) -> Ending {
        let status = match (self.side(), outcome) {
            _ if self.naming.convention.has_error_type => NO_STATUS,
            (Side::Server, Outcome::Cancelled) => CLIENT_CLOSED,
            (Side::Server, _) => INTERNAL_ERROR,
            (Side::Client, Outcome::Cancelled) => CANCELLED,
            (Side::Client, Outcome::TimedOut) => TIMEOUT,
            (Side::Client, _) => ERROR,
        };
        let ending = Ending::new(status).with_variant(self.response_labels.others());
        self.with_outcome(ending, outcome)
    }

    /// Adds the outcome to an ending if the convention has a label for it.
    pub(crate) fn with_outcome(&self, ending: Ending, outcome: Outcome) -> Ending {
        if self.naming.convention.has_error_type {
            ending.with_outcome(outcome)
        } else {
            ending
        }
    }
}

debug_fields!(Config {
    naming,
    service,
    until,
    response_body_size,
    reregister_after,
    protocol,
    max_endpoints,
    request_labels,
    response_labels
});
