//! The health routes.

use std::collections::BTreeMap;

use axum::response::Response;
use http::StatusCode;
use http::header::{HeaderValue, VARY};
use serde::Serialize;

use super::accept;
use super::access::{Access, Details};
use super::health_operations::{self as operations, HEALTH_JSON};
use super::health_shapes::{Brief, DetailLevel, HealthJson, Healthz};
use super::operation::Operation;
use super::rejection::{Rejection, or_reject};
use super::request::RouteRequest;
use super::respond::{self, respond};
use super::routes::Routes;
use crate::health::{Health, Probe, Report};

impl Routes {
    /// Adds the health routes:
    ///
    /// | route | default access | response |
    /// |---|---|---|
    /// | `/health` | open | `status`, and with details `checks` by name |
    /// | `/healthz` | open | `status`, `healthy`, `checks` by name (`ok`, `warning`, `error`) and `checks.timestamp` |
    /// | `/livez`, `/readyz`, `/startupz`, and the same as `/health/live`, `/health/ready`, `/health/startup` | open | the probe's `status` and `reason`, and with details `checks` |
    /// | `/health/detailed` | details | the whole [`Report`] |
    /// | `/health/checker/{name}` | details | one result; 404 with the known names for an unknown one |
    /// | `/health/group/{name}` | details | the [`Report`] of the checks with this [tag](crate::health::Check::tag); 404 with the known tags for an unknown one |
    /// | `/health/status` | details | the registered [checks](crate::health::CheckInfo), without running them |
    ///
    /// The status code is 200 when healthy, 200 or [another](crate::health::HealthBuilder::degraded_status) when degraded, and
    /// 503 when unhealthy. `/health` and `/healthz` respond to `Accept: application/health+json` in that format
    /// (draft-inadarei-api-health-check): `pass`, `warn`, `fail`.
    ///
    /// A check without [`on`](crate::health::Check::on) decides `/readyz`, and never `/livez`. While a check's first run takes
    /// longer than 100 ms, its probe responds with 503 and the reason `starting`. With [`Routes::metrics`], each scrape first
    /// [refreshes](Health::refresh) the checks.
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
    pub fn health(self, health: Health) -> Self {
        let mut routes = self
            .report(
                "/health",
                &operations::HEALTH,
                &health,
                |report, request| {
                    in_either_form(report, request, |level| {
                        let level = match level {
                            DetailLevel::Names => DetailLevel::Nothing,
                            level => level,
                        };
                        json(report, &Brief::new(report, level))
                    })
                },
            )
            .report(
                "/healthz",
                &operations::HEALTHZ,
                &health,
                |report, request| {
                    in_either_form(report, request, |level| {
                        json(report, &Healthz::new(report, level))
                    })
                },
            )
            .probe("/livez", &operations::LIVENESS, &health, Probe::Liveness)
            .probe("/readyz", &operations::READINESS, &health, Probe::Readiness)
            .probe("/startupz", &operations::STARTUP, &health, Probe::Startup)
            .probe(
                "/health/live",
                &operations::LIVENESS,
                &health,
                Probe::Liveness,
            )
            .probe(
                "/health/ready",
                &operations::READINESS,
                &health,
                Probe::Readiness,
            )
            .probe(
                "/health/startup",
                &operations::STARTUP,
                &health,
                Probe::Startup,
            )
            .details_routes(&health);
        routes.health = Some(health);
        routes
    }

    fn report(
        self,
        path: &'static str,
        operation: &'static Operation,
        health: &Health,
        respond: impl Fn(&Report, &RouteRequest) -> Response + Copy + Send + Sync + 'static,
    ) -> Self {
        self.add_with(
            health,
            path,
            operation,
            Access::Open,
            move |health, request| async move { respond(&health.report().await, &request) },
        )
    }

    fn probe(
        self,
        path: &'static str,
        operation: &'static Operation,
        health: &Health,
        probe: Probe,
    ) -> Self {
        self.add_with(
            health,
            path,
            operation,
            Access::Open,
            move |health, request| async move {
                let report = health.report_for(probe).await;
                // The guard is not called for details that do not exist, so that liveness seldom depends on it.
                let has_details = report.reason().is_some() || report.results().len() > 0;
                let level = if has_details && request.sees_details() {
                    DetailLevel::Everything
                } else {
                    DetailLevel::Nothing
                };
                let code = report.status().status_code();
                respond::json(code, &Brief::new(&report, level))
            },
        )
    }

    fn details_routes(self, health: &Health) -> Self {
        self.add_with(
            health,
            "/health/detailed",
            &operations::DETAILED,
            Access::Details,
            |health, _| async move {
                let report = health.report().await;
                json(&report, &report)
            },
        )
        .add_with(
            health,
            "/health/checker/{name}",
            &operations::CHECKER,
            Access::Details,
            |health, request| or_reject(one_check(health, request)),
        )
        .add_with(
            health,
            "/health/group/{name}",
            &operations::GROUP,
            Access::Details,
            |health, request| or_reject(one_group(health, request)),
        )
        .add_with(
            health,
            "/health/status",
            &operations::STATUS,
            Access::Details,
            |health, _| async move {
                let checks = BTreeMap::from([("checkers", health.checks())]);
                respond::json(StatusCode::OK, &checks)
            },
        )
    }
}

async fn one_check(health: Health, mut request: RouteRequest) -> Result<Response, Rejection> {
    let name = request.name().await?;
    let Some(result) = health.run_check(&name).await else {
        return Err(not_found(
            "check",
            &name,
            "no check is registered",
            &health.names(),
        ));
    };
    Ok(respond::json(health.status_code(result.status()), &result))
}

async fn one_group(health: Health, mut request: RouteRequest) -> Result<Response, Rejection> {
    let tag = request.name().await?;
    let Some(report) = health.report_for_tag(&tag).await else {
        return Err(not_found(
            "group",
            &tag,
            "no check has a tag",
            &health.tags(),
        ));
    };
    Ok(json(&report, &report))
}

/// Lists what is known, because only callers that see details get here.
fn not_found(kind: &str, name: &str, none: &str, known: &[String]) -> Rejection {
    let shown: String = name.chars().take(100).collect();
    let detail = match known.len() {
        0 => format!("There is no {kind} {shown:?}: {none}."),
        _ => format!(
            "There is no {kind} {shown:?}. The {kind}s are: {}.",
            known.join(", ")
        ),
    };
    Rejection::new(StatusCode::NOT_FOUND, &detail)
}

/// Responds in plain JSON, or in the draft's format to clients that prefer it.
fn in_either_form(
    report: &Report,
    request: &RouteRequest,
    plain: impl FnOnce(DetailLevel) -> Response,
) -> Response {
    let level = match request.details {
        _ if request.sees_details() => DetailLevel::Everything,
        Details::Never => DetailLevel::Nothing,
        _ => DetailLevel::Names,
    };
    let mut response = if accept::prefers(&request.parts.headers, HEALTH_JSON, "application/json") {
        let body = HealthJson::new(report, level);
        respond(report.status_code(), HEALTH_JSON, &body)
    } else {
        plain(level)
    };
    response
        .headers_mut()
        .insert(VARY, HeaderValue::from_static("accept"));
    response
}

fn json(report: &Report, body: &impl Serialize) -> Response {
    respond::json(report.status_code(), body)
}
