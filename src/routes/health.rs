//! The health routes: what is open to everyone, what the probes say, and the details.

use std::collections::BTreeMap;
use std::future::Future;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::response::Response;
use http::StatusCode;
use http::header::{HeaderValue, VARY};
use serde::Serialize;
use serde_json::json;

use super::health_shapes::{Brief, Depth, HealthJson, Healthz};
use super::problem::{self, problem};
use super::{Access, Routes, Visit, accept};
use crate::health::{Health, Probe, Report};

const HEALTH_JSON: &str = "application/health+json";

/// Who sees what the checks found: their messages, times and data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Details {
    /// Nobody; `/health/detailed` and its like answer 403, and `/healthz` names no check.
    Never,
    /// Whoever passes the [guard](Routes::guard).
    #[default]
    Authorized,
    /// Everyone.
    Always,
}

impl Routes {
    /// `/livez` and `/health` for a service without checks: that it answers is all there is to say.
    pub(super) fn without_health(self) -> Self {
        let healthy = |_| async { problem::json(StatusCode::OK, &json!({ "status": "healthy" })) };
        self.add("/livez", Access::Open, healthy)
            .add("/health", Access::Open, healthy)
    }

    /// Adds the health routes:
    ///
    /// | route | default access | answer |
    /// |---|---|---|
    /// | `/health` | open | `status`, and with details `checks` by name |
    /// | `/healthz` | open | `status`, `healthy`, `checks` by name (`ok`, `warning`, `error`) and `checks.timestamp` |
    /// | `/livez`, `/readyz`, `/startupz`, and the same as `/health/live`, `/health/ready`, `/health/startup` | open | what the probe says: `status`, `reason`, and with details `checks` |
    /// | `/health/detailed` | details | the whole [`Report`] |
    /// | `/health/checker/{name}` | details | one result; 404 with the known names for an unknown one |
    /// | `/health/status` | details | the registered [checks](crate::health::CheckInfo), without running them |
    ///
    /// 200 when healthy or degraded, 503 when unhealthy. `/health` and `/healthz` answer
    /// `Accept: application/health+json` in that format (draft-inadarei-api-health-check): `pass`, `warn`, `fail`.
    ///
    /// ```
    /// use tower_vitals::{Health, Routes};
    /// use tower_vitals::routes::{Details, Guard};
    ///
    /// let health = Health::builder().check("stock", || async { true }).build()?;
    /// let routes = Routes::new()
    ///     .health(health)
    ///     .guard(Guard::bearer("s3cret"))
    ///     .details(Details::Authorized);
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a handle is handed over, as that of the metrics is"
    )]
    pub fn health(self, health: Health) -> Self {
        self.report("/health", &health, |report, visit| {
            in_either_form(report, visit, |depth| {
                let depth = if depth == Depth::Details {
                    depth
                } else {
                    Depth::Nothing
                };
                json(report, &Brief(report, depth))
            })
        })
        .report("/healthz", &health, |report, visit| {
            in_either_form(report, visit, |depth| json(report, &Healthz(report, depth)))
        })
        .probe("/livez", &health, Probe::Liveness)
        .probe("/readyz", &health, Probe::Readiness)
        .probe("/startupz", &health, Probe::Startup)
        .probe("/health/live", &health, Probe::Liveness)
        .probe("/health/ready", &health, Probe::Readiness)
        .probe("/health/startup", &health, Probe::Startup)
        .details_routes(&health)
    }

    /// Who sees what the checks found. Defaults to [`Details::Authorized`].
    pub fn details(mut self, details: Details) -> Self {
        self.details = details;
        self
    }

    fn report(
        self,
        path: &'static str,
        health: &Health,
        answer: impl Fn(&Report, &Visit) -> Response + Copy + Send + Sync + 'static,
    ) -> Self {
        self.asking(
            path,
            Access::Open,
            health,
            move |health, visit| async move { answer(&health.report().await, &visit) },
        )
    }

    fn probe(self, path: &'static str, health: &Health, probe: Probe) -> Self {
        self.asking(
            path,
            Access::Open,
            health,
            move |health, visit| async move {
                let report = health.report_for(probe).await;
                // Nobody is asked for leave to see what is not there, least of all for liveness.
                let has_details = report.reason().is_some() || report.results().len() > 0;
                let depth = if has_details && visit.sees_details() {
                    Depth::Details
                } else {
                    Depth::Nothing
                };
                json(&report, &Brief(&report, depth))
            },
        )
    }

    fn details_routes(self, health: &Health) -> Self {
        self.asking(
            "/health/detailed",
            Access::Details,
            health,
            |health, _| async move {
                let report = health.report().await;
                json(&report, &report)
            },
        )
        .asking("/health/checker/{name}", Access::Details, health, one_check)
        .asking(
            "/health/status",
            Access::Details,
            health,
            |health, _| async move {
                problem::json(
                    StatusCode::OK,
                    &BTreeMap::from([("checkers", health.checks())]),
                )
            },
        )
    }

    fn asking<F>(
        self,
        path: &'static str,
        access: Access,
        health: &Health,
        answer: impl Fn(Health, Visit) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        let health = health.clone();
        self.add(path, access, move |visit| answer(health.clone(), visit))
    }
}

async fn one_check(health: Health, mut visit: Visit) -> Response {
    let Ok(params) = RawPathParams::from_request_parts(&mut visit.parts, &()).await else {
        return problem(
            StatusCode::BAD_REQUEST,
            "The name in the path is not UTF-8.",
        );
    };
    // The last: an app may nest the routes under parameters of its own.
    let name = params.iter().last().map_or("", |(_, name)| name);
    if let Some(result) = health.run_check(name).await {
        return problem::json(result.status().status_code(), &result);
    }
    let shown: String = name.chars().take(100).collect();
    let known = health.names();
    problem(
        StatusCode::NOT_FOUND,
        &match known.len() {
            0 => format!("There is no check {shown:?}: no check is registered."),
            _ => format!(
                "There is no check {shown:?}. The checks are: {}.",
                known.join(", ")
            ),
        },
    )
}

/// As `plain` makes it, or in the draft's format for those who ask for it.
fn in_either_form(
    report: &Report,
    visit: &Visit,
    plain: impl FnOnce(Depth) -> Response,
) -> Response {
    let depth = match visit.details {
        _ if visit.sees_details() => Depth::Details,
        Details::Never => Depth::Nothing,
        _ => Depth::Names,
    };
    let mut response = if accept::prefers(&visit.parts.headers, HEALTH_JSON, "application/json") {
        problem::answer(
            report.status().status_code(),
            HEALTH_JSON,
            &HealthJson(report, depth),
        )
    } else {
        plain(depth)
    };
    response
        .headers_mut()
        .insert(VARY, HeaderValue::from_static("accept"));
    response
}

fn json(report: &Report, body: &impl Serialize) -> Response {
    problem::json(report.status().status_code(), body)
}
