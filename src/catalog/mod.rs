//! Every metric the crate emits, once: name, kind, unit, help, labels and buckets.
//!
//! Nothing else in the crate holds a metric name: the layers record by these families, the exporter describes them, and
//! whatever is generated reads them. Names and units follow the Prometheus naming practices
//! (<https://prometheus.io/docs/practices/naming/>); the `http_server_*` families follow OpenTelemetry's semantic
//! conventions for HTTP metrics, as its Prometheus compatibility specification spells them.
//!
//! ```
//! use tower_vitals::catalog;
//!
//! let names: Vec<_> = catalog::FAMILIES.iter().map(|family| family.name).collect();
//! assert!(names.contains(&"http_requests_total"));
//! ```

use metrics::{Recorder, Unit};

use crate::error::Error;

/// What a family measures with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A total that only rises.
    Counter,
    /// A value that rises and falls.
    Gauge,
    /// A distribution, counted in buckets.
    Histogram,
}

impl Kind {
    /// `counter`, `gauge` or `histogram`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One metric family: all series of one name.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Family {
    /// The name as Prometheus reads it, before any prefix.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub kind: Kind,
    /// The unit of its values.
    pub unit: Unit,
    /// One sentence, the exposition's `# HELP`.
    pub help: &'static str,
    /// The labels every series of it has.
    pub labels: &'static [&'static str],
    /// Upper bounds of a histogram's buckets, ascending, without `+Inf`; empty for the other kinds.
    pub buckets: &'static [f64],
}

impl Family {
    /// Tells `recorder` this family's unit and help, under `name` (its own, or the one a naming gave it).
    pub(crate) fn describe(&self, recorder: &dyn Recorder, name: String) {
        let (name, unit, help) = (name.into(), Some(self.unit), self.help.into());
        match self.kind {
            Kind::Counter => recorder.describe_counter(name, unit, help),
            Kind::Gauge => recorder.describe_gauge(name, unit, help),
            Kind::Histogram => recorder.describe_histogram(name, unit, help),
        }
    }
}

/// Buckets of every duration, in seconds: OpenTelemetry's advice for `http.server.request.duration`.
pub const DURATION_BUCKETS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Buckets of every size, in bytes: powers of four from 256 B to 64 MiB.
pub const SIZE_BUCKETS: &[f64] = &[
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Family {
    Family {
        name,
        kind: Kind::Counter,
        unit: Unit::Count,
        help,
        labels,
        buckets: &[],
    }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Family {
    Family {
        name,
        kind: Kind::Gauge,
        unit: Unit::Count,
        help,
        labels,
        buckets: &[],
    }
}

const fn seconds(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Family {
    Family {
        name,
        kind: Kind::Histogram,
        unit: Unit::Seconds,
        help,
        labels,
        buckets: DURATION_BUCKETS,
    }
}

const fn bytes(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Family {
    Family {
        name,
        kind: Kind::Histogram,
        unit: Unit::Bytes,
        help,
        labels,
        buckets: SIZE_BUCKETS,
    }
}

macro_rules! families {
    ($($(#[$docs:meta])* $id:ident = $family:expr;)*) => {
        $($(#[$docs])* pub const $id: Family = $family;)*

        /// Every family the crate can emit, in the order of this page.
        pub const FAMILIES: &[Family] = &[$($id),*];
    };
}

families! {
    /// Requests served, by method, endpoint and status.
    HTTP_REQUESTS = counter(
        "http_requests_total",
        &["method", "endpoint", "status"],
        "HTTP requests served, whatever ended them.",
    );
    /// How long requests took.
    HTTP_REQUEST_DURATION = seconds(
        "http_request_duration_seconds",
        &["method", "endpoint"],
        "Time from the request's arrival to the end of its response, in seconds.",
    );
    /// Requests being served right now.
    HTTP_REQUESTS_IN_PROGRESS = gauge(
        "http_requests_in_progress",
        &["method", "endpoint"],
        "HTTP requests being served, to the end of the response body.",
    );
    /// Requests that did not run to their end.
    HTTP_REQUESTS_ABORTED = counter(
        "http_requests_aborted_total",
        &["method", "endpoint", "reason"],
        "HTTP requests that ended early: cancelled, panic, service_error, body_error or body_dropped.",
    );
    /// Size of request bodies (opt-in).
    HTTP_REQUEST_BODY_SIZE = bytes(
        "http_request_body_size_bytes",
        &["method", "endpoint"],
        "Bytes read of the request body.",
    );
    /// Size of response bodies (opt-in).
    HTTP_RESPONSE_BODY_SIZE = bytes(
        "http_response_body_size_bytes",
        &["method", "endpoint"],
        "Bytes sent of the response body, before any compression further out.",
    );
    /// OpenTelemetry's `http.server.request.duration`.
    OTEL_REQUEST_DURATION = seconds(
        "http_server_request_duration_seconds",
        &["http_request_method", "http_route", "http_response_status_code"],
        "Duration of HTTP server requests, in seconds.",
    );
    /// OpenTelemetry's `http.server.active_requests`.
    OTEL_ACTIVE_REQUESTS = gauge(
        "http_server_active_requests",
        &["http_request_method", "http_route"],
        "Number of active HTTP server requests.",
    );
    /// Requests that ended early, beside OpenTelemetry's families (which have none for it).
    OTEL_REQUESTS_ABORTED = counter(
        "http_server_requests_aborted_total",
        &["http_request_method", "http_route", "error_type"],
        "HTTP requests that ended early: cancelled, panic, service_error, body_error or body_dropped.",
    );
    /// OpenTelemetry's `http.server.request.body.size` (opt-in).
    OTEL_REQUEST_BODY_SIZE = bytes(
        "http_server_request_body_size_bytes",
        &["http_request_method", "http_route"],
        "Size of HTTP server request bodies, in bytes.",
    );
    /// OpenTelemetry's `http.server.response.body.size` (opt-in).
    OTEL_RESPONSE_BODY_SIZE = bytes(
        "http_server_response_body_size_bytes",
        &["http_request_method", "http_route"],
        "Size of HTTP server response bodies, in bytes.",
    );
    /// Calls made to other services.
    EXTERNAL_API_REQUESTS = counter(
        "external_api_requests_total",
        &["service", "endpoint", "status"],
        "Outbound HTTP requests; status is the code, or error or timeout when no response came.",
    );
    /// How long calls to other services took.
    EXTERNAL_API_DURATION = seconds(
        "external_api_duration_seconds",
        &["service"],
        "Time from an outbound request to the end of its response, in seconds.",
    );
    /// Calls of services, by how they ended.
    SERVICE_CALLS = counter(
        "service_calls_total",
        &["service_name", "status"],
        "Calls of a service; status is success, failure, cancelled or panic.",
    );
    /// How long calls of services took.
    SERVICE_CALL_DURATION = seconds(
        "service_call_duration_seconds",
        &["service_name"],
        "Time a call of a service took, in seconds.",
    );
    /// Connections to the database that are in use.
    DB_CONNECTIONS_ACTIVE = gauge(
        "db_connections_active",
        &[],
        "Connections to the database that are in use.",
    );
    /// Connections to the database that are open.
    DATABASE_CONNECTIONS = gauge(
        "database_connections",
        &[],
        "Connections to the database that are open.",
    );
    /// Connections to Redis that are open.
    REDIS_CONNECTIONS = gauge(
        "redis_connections",
        &[],
        "Connections to Redis that are open.",
    );
    /// How long queries took.
    DB_QUERY_DURATION = seconds(
        "db_query_duration_seconds",
        &["query_type"],
        "Time a query took, in seconds.",
    );
    /// Operations of stores.
    STORAGE_OPERATIONS = counter(
        "storage_operations_total",
        &["operation", "namespace"],
        "Operations of a store.",
    );
    /// Events, by type.
    EVENTS = counter("events_total", &["event_type"], "Events that took place.");
    /// Plugins that are loaded.
    PLUGINS_LOADED = gauge("plugins_loaded", &[], "Plugins that are loaded.");
    /// Errors, by type and component.
    ERRORS = counter(
        "errors_total",
        &["error_type", "component"],
        "Errors that occurred.",
    );
    /// Tokens of language models.
    TOKENS = counter(
        "tokens_total",
        &["model", "kind"],
        "Tokens of a language model; kind is prompt or completion.",
    );
    /// What tokens cost.
    TOKEN_COST = counter(
        "token_cost_total",
        &["model", "currency"],
        "Cost of tokens, in millionths of the currency's unit.",
    );
    /// Connections that clients have open.
    ACTIVE_CONNECTIONS = gauge(
        "active_connections",
        &[],
        "Connections that clients have open.",
    );
    /// What the last run of a health check found.
    HEALTH_CHECK_STATUS = gauge(
        "health_check_status",
        &["check"],
        "What the last run of a health check found: 1 healthy, 0.5 degraded, 0 unhealthy.",
    );
    /// How long health checks took.
    HEALTH_CHECK_DURATION = seconds(
        "health_check_duration_seconds",
        &["check"],
        "Time a run of a health check took, in seconds.",
    );
    /// What the series limit turned away.
    MONITORING_SERIES_DROPPED = counter(
        "monitoring_series_dropped_total",
        &["metric"],
        "Times a metric past its series limit was counted under the series labelled other instead.",
    );
}

/// Prometheus' data model: `[a-zA-Z_:][a-zA-Z0-9_:]*`. Colons are kept for recording rules, so they are refused here.
pub(crate) fn check_metric_name(name: &str) -> Result<(), Error> {
    if is_word(name) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "metric name {name:?} is refused by Prometheus: letters, digits and underscores are allowed, a letter or \
         underscore first"
    )))
}

/// Prometheus' data model: `[a-zA-Z_][a-zA-Z0-9_]*`, where names that begin with two underscores are its own, and so
/// is the `le` of a histogram.
pub(crate) fn check_label_name(name: &str) -> Result<(), Error> {
    if is_word(name) && !name.starts_with("__") && name != "le" && name != "quantile" {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "label name {name:?} is refused by Prometheus: letters, digits and underscores are allowed, a letter or single \
         underscore first; le and quantile are taken"
    )))
}

fn is_word(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests;
