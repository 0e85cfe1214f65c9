//! `/admin/log-level`: the filter of the log.

use std::time::Duration;

use axum::response::Response;
use http::{Method as HttpMethod, StatusCode};

use super::access::Access;
use super::answer::Answer;
use super::json_body::json_body;
use super::json_fields::Fields;
use super::method::Method;
use super::monitoring::Monitoring;
use super::operation::Operation;
use super::rejection::{Rejection, or_reject, sentence};
use super::request::RouteRequest;
use super::respond;
use super::routes::Routes;
use crate::error::{Error, ErrorKind};
use crate::telemetry::logging::LogLevel;

const PATH: &str = "/admin/log-level";

const TAG: &str = "Administration";
const FILTER: Answer = Answer::new(
    200,
    "The filter in effect.",
    &[("application/json", "log-level")],
);

const SHOW: Operation = Operation {
    put: Some(&CHANGE),
    ..Operation::new(TAG, "Filter of the log", &[FILTER])
};

const CHANGE: Operation = Operation {
    description: "Sets the whole filter, or the level of one target. With `for_seconds` the former filter returns by itself.",
    body: Some("log-level-body"),
    ..Operation::new(
        TAG,
        "Change the filter of the log",
        &[
            FILTER,
            Answer::problem(400, "The body is wrong. The problem names each mistake."),
            Answer::problem(408, "The body took longer than 10 s."),
            Answer::problem(413, "The body has more than 64 KiB."),
            Answer::problem(503, "The filter cannot be changed now."),
        ],
    )
};

impl Routes {
    /// Adds `/admin/log-level` (guarded), which shows and changes the filter of the log.
    ///
    /// GET responds with `filter` (in effect), `until` (RFC 3339) and `returns_to` if it was set for some time, else null, and
    /// `configured`, the filter that the log began with.
    ///
    /// PUT takes one of these objects, each also with `for_seconds` (more than 0, at most 604800), after which the former filter
    /// returns by itself:
    ///
    /// | body | effect |
    /// |---|---|
    /// | `{"filter": "info,hyper=warn"}` | sets the whole filter |
    /// | `{"target": "hyper", "level": "debug"}` | sets the level of one target |
    ///
    /// It responds as GET. [`LogLevel`] says what a filter is and what a later change does. A wrong body is a 400 that names the wrong
    /// part and what is allowed, and changes nothing. Each change is logged.
    ///
    /// ```
    /// use tower_vitals::telemetry::logging::Logging;
    /// use tower_vitals::{Routes, routes::Guard};
    /// use tracing_subscriber::prelude::*;
    ///
    /// let (layer, logging) = Logging::builder().layer()?;
    /// let subscriber = tracing_subscriber::registry().with(layer);
    /// // curl -X PUT -H "Authorization: Bearer s3cret" -d '{"filter": "debug", "for_seconds": 600}' $SERVICE/admin/log-level
    /// let routes = Routes::new().log_level(logging.level()).guard(Guard::bearer("s3cret"));
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn log_level(self, level: LogLevel) -> Self {
        self.add_with_method(
            Method::GetAndPut,
            PATH,
            &SHOW,
            Access::Guarded,
            move |request| or_reject(handle(level.clone(), request)),
        )
    }
}

impl Monitoring {
    /// Adds the route of the log's filter, as [`Routes::log_level`] does.
    pub fn log_level(self, level: LogLevel) -> Self {
        self.change(|routes| routes.log_level(level))
    }
}

async fn handle(level: LogLevel, request: RouteRequest) -> Result<Response, Rejection> {
    if request.parts.method == HttpMethod::PUT {
        let change = json_body(request.body, Change::read).await?;
        change.apply(&level)?;
    }
    Ok(respond::json(StatusCode::OK, &level.status()))
}

struct Change {
    filter: Option<String>,
    target: Option<String>,
    level: Option<String>,
    for_seconds: Option<f64>,
}

impl Change {
    fn read(fields: &mut Fields) -> Self {
        Self {
            filter: fields.optional_text("filter"),
            target: fields.optional_text("target"),
            level: fields.optional_text("level"),
            for_seconds: fields.optional_number("for_seconds"),
        }
    }

    fn apply(&self, level: &LogLevel) -> Result<(), Rejection> {
        let time = self.for_seconds.map(Duration::try_from_secs_f64);
        let time = time.transpose().map_err(|_| {
            wrong("Field for_seconds is wrong: a number above 0 and at most 604800 is needed.")
        })?;
        let changed = match (&self.filter, &self.target, &self.level, time) {
            (Some(filter), None, None, None) => level.set(filter),
            (Some(filter), None, None, Some(time)) => level.set_for(filter, time),
            (None, Some(target), Some(name), None) => level.set_target(target, name),
            (None, Some(target), Some(name), Some(time)) => {
                level.set_target_for(target, name, time)
            }
            _ => {
                return Err(wrong(
                    "Either filter (like info,hyper=warn) is needed, or target and level.",
                ));
            }
        };
        changed.map_err(|error| refused(&error))
    }
}

fn wrong(detail: &str) -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, detail)
}

fn refused(error: &Error) -> Rejection {
    let status = match error.kind() {
        ErrorKind::InvalidConfig => StatusCode::BAD_REQUEST,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    Rejection::new(status, &sentence(&error.to_string()))
}
