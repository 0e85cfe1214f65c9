//! `FromRequestParts` implementations and response parts: how axum handlers meet the rest of the crate.

use axum::extract::{FromRef, FromRequestParts};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, HeaderValue};
use http::request::Parts;

use crate::health::{Health, Report};
use crate::routes::health_shapes::{Brief, Depth};
use crate::routes::problem::json;

/// An extractor that lets a request through only while the service is ready, and else answers 503 with the report.
///
/// It asks readiness as `/readyz` does, cached results included, but for a drain: while a service shuts down, balancers
/// still send it requests for a while, and none of them is to be lost. The state is the application's own, as long as a
/// [`Health`] can be had from it ([`FromRef`]); the state can be the `Health` itself.
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

/// The refusal of [`Ready`]: 503, and of the report the status, the reason, and how each check is. Messages and data
/// stay inside, for whoever called is anybody.
#[derive(Debug, Clone)]
pub struct NotReady {
    report: Report,
}

impl NotReady {
    /// Why the service is not ready.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }
}

impl IntoResponse for NotReady {
    fn into_response(self) -> Response {
        let brief = Brief(&self.report, Depth::Names);
        unstored(json(self.report.status().status_code(), &brief))
    }
}

/// The whole report, messages and data included, with its status code: put the route behind a guard.
impl IntoResponse for Report {
    fn into_response(self) -> Response {
        unstored(json(self.status().status_code(), &self))
    }
}

fn unstored(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}
