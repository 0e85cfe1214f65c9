//! `Ready`, an extractor for axum handlers.

use axum::extract::{FromRef, FromRequestParts};
use axum::response::{IntoResponse, Response};
use http::request::Parts;

use super::health_shapes::{Brief, DetailLevel};
use super::respond::{json, no_store};
use crate::health::{Health, Report};

/// An extractor that passes a request only while the service is ready, and otherwise responds with 503 and the report.
///
/// It evaluates readiness like `/readyz`, cached results included, but ignores a drain: load balancers still send requests
/// for a while after a shutdown began, and none of them may be lost. The application keeps its own state type if it can give
/// a [`Health`] ([`FromRef`]); the state can be the `Health` itself.
///
/// ```
/// use axum::{Router, routing::post};
/// use tower_vitals::{Health, Ready};
///
/// async fn place_order(_: Ready) -> &'static str {
///     "placed"
/// }
///
/// let health = Health::builder().build()?;
/// let app: Router = Router::new().route("/orders", post(place_order)).with_state(health);
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Ready;

impl<S: Send + Sync> FromRequestParts<S> for Ready
where
    Health: FromRef<S>,
{
    type Rejection = NotReady;

    async fn from_request_parts(_parts: &mut Parts, state: &S) -> Result<Self, NotReady> {
        let report = Health::from_ref(state).readiness().await;
        if report.status().is_passing() {
            Ok(Self)
        } else {
            Err(NotReady { report })
        }
    }
}

/// The rejection of [`Ready`]: 503 with the status, the reason and the status of each check. It shows no messages and no
/// data, because the caller may be anybody.
#[derive(Debug, Clone)]
pub struct NotReady {
    report: Report,
}

impl NotReady {
    /// Returns the report that says why the service is not ready.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }
}

impl IntoResponse for NotReady {
    fn into_response(self) -> Response {
        let brief = Brief::new(&self.report, DetailLevel::Names);
        no_store(json(self.report.status_code(), &brief))
    }
}

/// The whole report with its status code, messages and data included: put the route behind a guard.
impl IntoResponse for Report {
    fn into_response(self) -> Response {
        no_store(json(self.status_code(), &self))
    }
}
