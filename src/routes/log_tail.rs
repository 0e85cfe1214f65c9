//! `/dashboard/logs`: the last warnings and errors of the log.

use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value, json};
use tokio::task::spawn_blocking;

use super::access::Access;
use super::answer::Answer;
use super::monitoring::Monitoring;
use super::operation::Operation;
use super::parameter::Parameter;
use super::query::{parameters, unknown};
use super::rejection::{Rejection, or_reject};
use super::request::RouteRequest;
use super::respond;
use super::routes::Routes;
use super::watch::Watch;
use crate::telemetry::logging::LogTail;

const LINES: Operation = Operation {
    query: &[Parameter {
        name: "after",
        description: "The `next` of another response: only the lines since then.",
        schema: r#"{"type": "integer", "minimum": 0, "maximum": 18446744073709551615, "default": 0}"#,
    }],
    ..Operation::new(
        "Dashboard",
        "Last warnings and errors of the log",
        &[
            Answer::new(
                200,
                "The lines, the oldest first.",
                &[("application/json", "dashboard/logs")],
            ),
            Answer::problem(400, "A parameter is wrong."),
        ],
    )
};

/// The keys of a line that stand beside its fields, and the names that they have here.
const KEYS: [(&str, &str); 6] = [
    ("timestamp", "time"),
    ("level", "level"),
    ("logger", "target"),
    ("message", "message"),
    ("request_id", "request_id"),
    ("trace_id", "trace_id"),
];

impl Routes {
    /// Adds `/dashboard/logs` (guarded), which shows the last lines of the log at WARN and above. `dashboard` shows them, too.
    ///
    /// It responds with `lines`, the oldest first, and `next`. With `?after=` and the `next` of another response it has only
    /// the lines since then. Each line has its number `n`, `time`, `level`, `target`, `message`, `request_id` and `trace_id`
    /// (null if unknown), and its other [keys](crate::telemetry::logging::JsonLines) in `fields`. Secrets are masked.
    ///
    /// ```
    /// use tower_vitals::telemetry::logging::{LogTail, Logging};
    /// use tower_vitals::{Routes, routes::Guard};
    /// use tracing_subscriber::prelude::*;
    ///
    /// let tail = LogTail::new();
    /// let (layer, logging) = Logging::builder().tail(&tail).layer()?;
    /// let subscriber = tracing_subscriber::registry().with(layer);
    /// let routes = Routes::new().log_tail(tail).guard(Guard::bearer("s3cret"));
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn log_tail(self, tail: LogTail) -> Self {
        let path = "/dashboard/logs";
        let mut routes = self.add_with(&tail, path, &LINES, Access::Guarded, |tail, request| {
            or_reject(lines(tail, request))
        });
        routes.watched.push(Arc::new(tail));
        routes
    }
}

impl Monitoring {
    /// Adds the route of the last warnings, as [`Routes::log_tail`] does.
    pub fn log_tail(self, tail: LogTail) -> Self {
        self.change(|routes| routes.log_tail(tail))
    }
}

impl Watch for LogTail {
    fn name(&self) -> &'static str {
        "logs"
    }

    fn version(&self) -> u64 {
        self.last()
    }
}

async fn lines(tail: LogTail, request: RouteRequest) -> Result<Response, Rejection> {
    let after = after(request.parts.uri.query().unwrap_or_default());
    let after = after.map_err(|detail| Rejection::new(StatusCode::BAD_REQUEST, &detail))?;
    let shown = spawn_blocking(move || {
        let (lines, next) = tail.after(after);
        let lines = lines.iter().map(|(number, line)| shown(*number, line));
        json!({ "lines": lines.collect::<Vec<_>>(), "next": next })
    });
    match shown.await {
        Ok(shown) => Ok(respond::json(StatusCode::OK, &shown)),
        Err(_) => Err(Rejection::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The lines cannot be shown.",
        )),
    }
}

fn after(query: &str) -> Result<u64, String> {
    let mut after = None;
    for parameter in parameters(query) {
        let (name, value) = parameter?;
        if name != "after" {
            return Err(unknown(&name, "after"));
        }
        let number = value.parse();
        let number = number.map_err(|_| {
            format!("Parameter after is {value:?}: the next of another response is needed.")
        })?;
        if after.replace(number).is_some() {
            return Err("Parameter after is repeated: once is allowed.".to_owned());
        }
    }
    Ok(after.unwrap_or(0))
}

fn shown(number: u64, line: &[u8]) -> Value {
    let mut fields: Map<_, _> = serde_json::from_slice(line).unwrap_or_default();
    let mut shown = Map::new();
    shown.insert("n".to_owned(), number.into());
    for (key, name) in KEYS {
        let value = fields.remove(key).unwrap_or_default();
        shown.insert(name.to_owned(), value);
    }
    shown.insert("fields".to_owned(), fields.into());
    shown.into()
}
