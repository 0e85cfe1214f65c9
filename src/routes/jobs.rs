//! `/jobs`: background jobs and their runs.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::access::Access;
use super::job_operations as operations;
use super::monitoring::Monitoring;
use super::query::{parameters, unknown};
use super::rejection::{Rejection, or_reject};
use super::request::RouteRequest;
use super::respond;
use super::routes::Routes;
use crate::error::{Error, logged};
use crate::jobs::{Jobs, RunQuery, RunRecord, RunStatus, Uuid};
use crate::time::rfc3339;

/// The timeout of a read of the history.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The number of requests that read the history at once, and how long another one waits for its turn.
const MAX_READS: usize = 3;
const MAX_WAIT: Duration = Duration::from_secs(1);

/// The runs of a page without a `limit`.
const DEFAULT_LIMIT: usize = 50;

impl Routes {
    /// Adds the routes of background jobs, all [guarded](Self::guard):
    ///
    /// | route | response |
    /// |---|---|
    /// | `/jobs` | `history` (`is_up`, `down_since`, `reason`, `last_write_at`, `judged_at`, `waiting_events`, `unreadable_rows`) and `jobs`, each with `job_name`, `last_run`, `expected_at`, `is_late`, `failures_in_a_row` and `problems` (`kind`, `since`, `run_id`, `message`) |
    /// | `/jobs/status` | `runs`, the latest first, and `next_cursor`, which is null on the last page |
    /// | `/jobs/stats/{name}` | `job_name`, `total_runs`, `successful_runs`, `failed_runs`, `cancelled_runs`, `lost_runs`, `running_runs`, `success_rate`, `avg_duration_seconds`, `p50_duration_seconds`, `p95_duration_seconds`, `last_run`, `last_status`, `last_error` |
    ///
    /// `/jobs/status` takes `job_name`, `status` (`running`, `success`, `failed`, `cancelled`, `lost`), `since` (RFC 3339),
    /// `limit` (1 to 1000, 50 by default) and `cursor` (the `next_cursor` of the page before). An unknown job is a 404. A
    /// wrong parameter is a 400 that names the allowed values. A history that cannot be read is a 503. Three
    /// requests read it at once; another one waits for at most a second, and is then answered with a 503 too.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
    /// use tower_vitals::{Routes, jobs::Jobs, routes::Guard};
    ///
    /// let jobs = Jobs::builder().run()?;
    /// let routes = Routes::new().jobs(jobs).guard(Guard::bearer("s3cret"));
    /// # Ok(()) }
    /// ```
    pub fn jobs(mut self, jobs: Jobs) -> Self {
        self.watched.push(Arc::new(jobs.clone()));
        let guarded = Access::Guarded;
        let reader = Reader::new(jobs);
        self.add_with(&reader, "/jobs", &operations::JOBS, guarded, |reader, _| {
            or_reject(summaries(reader))
        })
        .add_with(
            &reader,
            "/jobs/status",
            &operations::STATUS,
            guarded,
            |reader, request| or_reject(status(reader, request)),
        )
        .add_with(
            &reader,
            "/jobs/stats/{name}",
            &operations::STATS,
            guarded,
            |reader, request| or_reject(stats(reader, request)),
        )
    }
}

impl Monitoring {
    /// Adds the routes of background jobs, as [`Routes::jobs`] does.
    pub fn jobs(self, jobs: Jobs) -> Self {
        self.change(|routes| routes.jobs(jobs))
    }
}

async fn summaries(reader: Reader) -> Result<Response, Rejection> {
    let summaries = reader.read(reader.jobs.summaries()).await?;
    let body = json!({ "jobs": summaries, "history": reader.jobs.history_status() });
    Ok(respond::json(StatusCode::OK, &body))
}

async fn status(reader: Reader, request: RouteRequest) -> Result<Response, Rejection> {
    let query = StatusQuery::parse(request.parts.uri.query().unwrap_or_default())
        .map_err(|detail| Rejection::new(StatusCode::BAD_REQUEST, &detail))?;
    if let Some(name) = &query.job_name {
        reader.check_job(name).await?;
    }
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    let query = query.into_run_query(limit);
    let mut runs = reader.read(reader.jobs.runs(&query)).await?;
    let next_cursor = (runs.len() > limit).then(|| {
        runs.truncate(limit);
        runs.last().map(cursor_of)
    });
    let body = json!({ "runs": runs, "next_cursor": next_cursor.flatten() });
    Ok(respond::json(StatusCode::OK, &body))
}

async fn stats(reader: Reader, mut request: RouteRequest) -> Result<Response, Rejection> {
    let name = request.name().await?;
    if let Some(stats) = reader.read(reader.jobs.stats(&name)).await? {
        return Ok(respond::json(StatusCode::OK, &stats));
    }
    reader.check_job(&name).await?;
    let detail = format!("Job {name:?} is registered and has not run yet.");
    Err(Rejection::new(StatusCode::NOT_FOUND, &detail))
}

/// Reads the history for all requests of these routes.
#[derive(Debug, Clone)]
struct Reader {
    jobs: Jobs,
    /// Requests may not keep the evaluation of jobs from reading the history.
    reads: Arc<Semaphore>,
}

impl Reader {
    fn new(jobs: Jobs) -> Self {
        let reads = Arc::new(Semaphore::new(MAX_READS));
        Self { jobs, reads }
    }

    async fn read<T>(
        &self,
        result: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Rejection> {
        let unavailable = |detail: &str| Rejection::new(StatusCode::SERVICE_UNAVAILABLE, detail);
        let Ok(Ok(_permit)) = timeout(MAX_WAIT, self.reads.acquire()).await else {
            return Err(unavailable(&format!(
                "At most {MAX_READS} requests read the history of jobs at once, and this one has waited for {MAX_WAIT:?}."
            )));
        };
        let error = match timeout(TIMEOUT, result).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => logged(&error),
            Err(_) => format!("no answer within {TIMEOUT:?}"),
        };
        tracing::warn!(error, "the history of jobs cannot be read");
        let last_write = self.jobs.history_status().last_write_at.and_then(rfc3339);
        let last_write = last_write.map_or(String::new(), |at| {
            format!(" It last accepted a write at {at}.")
        });
        Err(unavailable(&format!(
            "The history of jobs cannot be read now; the service's log says why.{last_write}"
        )))
    }

    /// Rejects a job that is neither registered nor in the history.
    async fn check_job(&self, name: &str) -> Result<(), Rejection> {
        let jobs = &self.jobs;
        if jobs.names().iter().any(|known| known == name)
            || self.read(jobs.stats(name)).await?.is_some()
        {
            return Ok(());
        }
        let names = self.read(jobs.summaries()).await?;
        let names: Vec<_> = names.iter().map(|job| &*job.job_name).collect();
        let shown: String = name.chars().take(100).collect();
        let detail = match names.len() {
            0 => format!("There is no job {shown:?}: none is registered, and none has run."),
            _ => format!(
                "There is no job {shown:?}. The jobs are: {}.",
                names.join(", ")
            ),
        };
        Err(Rejection::new(StatusCode::NOT_FOUND, &detail))
    }
}

#[derive(Default)]
struct StatusQuery {
    job_name: Option<String>,
    status: Option<RunStatus>,
    since: Option<SystemTime>,
    limit: Option<usize>,
    /// The start and the id of the last run of the page before.
    cursor: Option<(SystemTime, Uuid)>,
}

impl StatusQuery {
    fn parse(query: &str) -> Result<Self, String> {
        let mut parsed = Self::default();
        for parameter in parameters(query) {
            let (name, value) = parameter?;
            parsed.set(&name, &value)?;
        }
        Ok(parsed)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let wrong = |needed| format!("Parameter {name} is {value:?}: {needed}.");
        let is_repeated = match name {
            "job_name" => self.job_name.replace(value.to_owned()).is_some(),
            "status" => {
                let status = value.parse();
                let wrong = |_| wrong("running, success, failed, cancelled and lost are allowed");
                self.status.replace(status.map_err(wrong)?).is_some()
            }
            "since" => {
                let since = value.parse().map(|time: Timestamp| time.into());
                let wrong = |_| wrong("a time like 2026-11-21T00:00:00Z (RFC 3339) is needed");
                self.since.replace(since.map_err(wrong)?).is_some()
            }
            "limit" => {
                let limit = value
                    .parse()
                    .ok()
                    .filter(|limit| (1..=1000).contains(limit));
                let wrong = || wrong("a whole number from 1 to 1000 is allowed");
                self.limit.replace(limit.ok_or_else(wrong)?).is_some()
            }
            "cursor" => {
                let wrong = || wrong("the next_cursor of a page is needed");
                let cursor = cursor(value).ok_or_else(wrong)?;
                self.cursor.replace(cursor).is_some()
            }
            _ => return Err(unknown(name, "job_name, status, since, limit and cursor")),
        };
        if is_repeated {
            return Err(format!("Parameter {name} is repeated: once is allowed."));
        }
        Ok(())
    }

    fn into_run_query(self, limit: usize) -> RunQuery {
        // One run more than shown tells whether there is another page.
        let mut query = RunQuery::new().one_more_than(limit);
        query.job_name = self.job_name;
        query.status = self.status;
        query.since = self.since;
        query.before = self.cursor;
        query
    }
}

/// Microseconds since 1970, negative before it, and an id.
fn cursor_of(run: &RunRecord) -> String {
    let micros = match run.started_at.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_micros().to_string(),
        Err(before) => format!("-{}", before.duration().as_micros()),
    };
    format!("{micros}_{}", run.id)
}

fn cursor(text: &str) -> Option<(SystemTime, Uuid)> {
    let (micros, id) = text.split_once('_')?;
    let (is_before, micros) = match micros.strip_prefix('-') {
        Some(micros) => (true, micros),
        None => (false, micros),
    };
    let distance = Duration::from_micros(micros.parse().ok()?);
    let time = if is_before {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    };
    Some((time?, id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_also_before_1970() {
        let hour = Duration::from_hours(1);
        for time in [UNIX_EPOCH - hour, UNIX_EPOCH, UNIX_EPOCH + hour] {
            let run = RunRecord::new(Uuid::nil(), "early", time, "here");
            assert_eq!(cursor(&cursor_of(&run)), Some((time, Uuid::nil())));
        }
    }
}
