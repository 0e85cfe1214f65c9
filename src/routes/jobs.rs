//! `/jobs`: what runs in the background, and how it went.

use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{FromRequestParts, RawPathParams};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::json;

use super::problem::{self, problem};
use super::{Access, Routes, Visit, query};
use crate::error::{Error, with_sources};
use crate::jobs::{Jobs, RunQuery, RunRecord, RunStatus, Uuid};
use crate::redact::redact_line;

/// How long the history may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of its error that are logged.
const MAX_ERROR: usize = 1024;

/// What is answered in place of what was asked for.
type Instead = Box<Response>;

impl Routes {
    /// Adds the routes of background jobs, all [guarded](Self::guard):
    ///
    /// | route | answer |
    /// |---|---|
    /// | `/jobs` | `jobs`: of each its `job_name`, `last_run`, `expected_at`, whether it `is_late`, its `failures_in_a_row` and `problems` (`kind`, `since`, `run_id`, `message`) |
    /// | `/jobs/status` | `runs`, the latest first, and the `next_cursor`, null on the last page |
    /// | `/jobs/stats/{name}` | `job_name`, `total_runs`, `successful_runs`, `failed_runs`, `cancelled_runs`, `lost_runs`, `running_runs`, `success_rate`, `avg_duration_seconds`, `p50_duration_seconds`, `p95_duration_seconds`, `last_run`, `last_status`, `last_error` |
    ///
    /// `/jobs/status` takes `job_name`, `status` (`running`, `success`, `failed`, `cancelled`, `lost`), `since` (RFC 3339),
    /// `limit` (1 to 1000, 50 by default) and `cursor` (the `next_cursor` of the page before). A job that is not
    /// known is a 404, a parameter that is wrong a 400 that says what is allowed, a history that cannot be read a 503.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
    /// use tower_vitals::{Routes, jobs::Jobs, routes::Guard};
    ///
    /// let jobs = Jobs::builder().run()?;
    /// let routes = Routes::new().jobs(jobs).guard(Guard::bearer("s3cret"));
    /// # Ok(()) }
    /// ```
    pub fn jobs(self, jobs: Jobs) -> Self {
        let (of_runs, of_stats) = (jobs.clone(), jobs.clone());
        self.add("/jobs", Access::Guarded, move |_| summaries(jobs.clone()))
            .add("/jobs/status", Access::Guarded, move |visit| {
                or_instead(status(of_runs.clone(), visit))
            })
            .add("/jobs/stats/{name}", Access::Guarded, move |visit| {
                or_instead(stats(of_stats.clone(), visit))
            })
    }
}

async fn or_instead(answer: impl Future<Output = Result<Response, Instead>>) -> Response {
    answer.await.unwrap_or_else(|instead| *instead)
}

async fn summaries(jobs: Jobs) -> Response {
    or_instead(async {
        let jobs = read(jobs.summaries()).await?;
        Ok(problem::json(StatusCode::OK, &json!({ "jobs": jobs })))
    })
    .await
}

async fn status(jobs: Jobs, visit: Visit) -> Result<Response, Instead> {
    let wrong = |detail: String| Box::new(problem(StatusCode::BAD_REQUEST, &detail));
    let asked = Asked::of(visit.parts.uri.query().unwrap_or_default()).map_err(wrong)?;
    if let Some(name) = &asked.job_name {
        known(&jobs, name).await?;
    }
    // One more than is shown tells whether there is another page.
    let limit = asked.limit;
    let mut runs = read(jobs.runs(&asked.query())).await?;
    let next_cursor = (runs.len() > limit).then(|| {
        runs.truncate(limit);
        runs.last().map(cursor_of)
    });
    let body = json!({ "runs": runs, "next_cursor": next_cursor.flatten() });
    Ok(problem::json(StatusCode::OK, &body))
}

async fn stats(jobs: Jobs, mut visit: Visit) -> Result<Response, Instead> {
    let params = RawPathParams::from_request_parts(&mut visit.parts, &()).await;
    let params = params.map_err(|_| {
        let detail = "The name in the path is not UTF-8.";
        Box::new(problem(StatusCode::BAD_REQUEST, detail))
    })?;
    // The last: an app may nest the routes under parameters of its own.
    let name = params.iter().last().map_or("", |(_, name)| name);
    if let Some(stats) = read(jobs.stats(name)).await? {
        return Ok(problem::json(StatusCode::OK, &stats));
    }
    known(&jobs, name).await?;
    let detail = format!("Job {name:?} is registered and has not run yet.");
    Err(Box::new(problem(StatusCode::NOT_FOUND, &detail)))
}

/// 404 for a job that is neither registered nor in the history.
async fn known(jobs: &Jobs, name: &str) -> Result<(), Instead> {
    if jobs.names().contains(&name) || read(jobs.stats(name)).await?.is_some() {
        return Ok(());
    }
    let names = read(jobs.summaries()).await?;
    let names: Vec<_> = names.iter().map(|job| &*job.job_name).collect();
    let shown: String = name.chars().take(100).collect();
    let detail = match names.len() {
        0 => format!("There is no job {shown:?}: none is registered, and none has run."),
        _ => format!(
            "There is no job {shown:?}. The jobs are: {}.",
            names.join(", ")
        ),
    };
    Err(Box::new(problem(StatusCode::NOT_FOUND, &detail)))
}

async fn read<T>(answer: impl Future<Output = Result<T, Error>>) -> Result<T, Instead> {
    let why = match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(read)) => return Ok(read),
        Ok(Err(error)) => redact_line(&with_sources(&error), MAX_ERROR),
        Err(_) => format!("no answer within {PATIENCE:?}"),
    };
    tracing::warn!(error = why, "the history of jobs cannot be read");
    let detail = "The history of jobs cannot be read now; the service's log says why.";
    Err(Box::new(problem(StatusCode::SERVICE_UNAVAILABLE, detail)))
}

/// What a query asks for.
struct Asked {
    job_name: Option<String>,
    status: Option<RunStatus>,
    since: Option<SystemTime>,
    limit: usize,
    cursor: Option<RunRecord>,
}

impl Asked {
    fn of(query: &str) -> Result<Self, String> {
        let mut asked = Self {
            job_name: None,
            status: None,
            since: None,
            limit: 50,
            cursor: None,
        };
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in query::pairs(query)? {
            if seen.contains(&name) {
                return Err(format!("Parameter {name} is given twice."));
            }
            match &*name {
                "job_name" => asked.job_name = Some(value),
                "status" => {
                    let status = value.parse();
                    asked.status = Some(status.map_err(|why| format!("Parameter status: {why}."))?);
                }
                "since" => asked.since = Some(since(&value)?),
                "limit" => asked.limit = limit(&value)?,
                "cursor" => asked.cursor = Some(cursor(&value)?),
                _ => {
                    return Err(format!(
                        "Parameter {name:?} is none of this route's: job_name, status, since, limit and cursor are."
                    ));
                }
            }
            seen.push(name);
        }
        Ok(asked)
    }

    fn query(self) -> RunQuery {
        let mut query = RunQuery::new().one_more_than(self.limit);
        if let Some(name) = self.job_name {
            query = query.job_name(name);
        }
        if let Some(status) = self.status {
            query = query.status(status);
        }
        if let Some(since) = self.since {
            query = query.since(since);
        }
        if let Some(last) = &self.cursor {
            query = query.after(last);
        }
        query
    }
}

fn since(value: &str) -> Result<SystemTime, String> {
    let time: Timestamp = value.parse().map_err(|_| {
        format!(
            "Parameter since is {value:?}: a time like 2026-11-21T00:00:00Z is needed (RFC 3339)."
        )
    })?;
    Ok(time.into())
}

fn limit(value: &str) -> Result<usize, String> {
    let limit = value
        .parse()
        .ok()
        .filter(|limit| (1..=1000).contains(limit));
    limit.ok_or_else(|| {
        format!("Parameter limit is {value:?}: a whole number from 1 to 1000 is needed.")
    })
}

/// Where a page ended: microseconds since 1970, and an id.
fn cursor_of(run: &RunRecord) -> String {
    let since_1970 = run
        .started_at
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    format!("{}_{}", since_1970.as_micros(), run.id)
}

fn cursor(value: &str) -> Result<RunRecord, String> {
    let read = || {
        let (micros, id) = value.split_once('_')?;
        let since_1970 = Duration::from_micros(micros.parse().ok()?);
        let id: Uuid = id.parse().ok()?;
        Some(RunRecord::new(
            id,
            "",
            UNIX_EPOCH.checked_add(since_1970)?,
            "",
        ))
    };
    read().ok_or_else(|| {
        format!("Parameter cursor is {value:?}: the next_cursor of the page before is needed.")
    })
}
