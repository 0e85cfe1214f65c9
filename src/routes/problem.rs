//! Problems as `application/problem+json` (RFC 9457).

use std::sync::Arc;

use axum::response::Response;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::respond::respond;

/// A problem without a type of its own: its title is the reason phrase of the status. In the order of their names, as all JSON
/// of these routes.
#[derive(Clone, Serialize)]
struct Problem {
    detail: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<Box<str>>,
    status: u16,
    title: &'static str,
    r#type: &'static str,
}

pub(super) fn problem(status: StatusCode, detail: &str) -> Response {
    respond_with(Problem {
        detail: detail.into(),
        request_id: None,
        status: status.as_u16(),
        title: status.canonical_reason().unwrap_or_default(),
        r#type: "about:blank",
    })
}

fn respond_with(problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or_default();
    let mut response = respond(status, "application/problem+json", &problem);
    response.extensions_mut().insert(problem);
    response
}

/// Adds the id of the request to a response that is a problem.
pub(super) fn identified(mut response: Response, id: Option<&HeaderValue>) -> Response {
    let Some(id) = id.and_then(|id| id.to_str().ok()) else {
        return response;
    };
    if let Some(mut problem) = response.extensions_mut().remove::<Problem>() {
        problem.request_id = Some(id.into());
        *response.body_mut() = respond_with(problem).into_body();
    }
    response
}

pub(super) fn no_such_route() -> Response {
    problem(StatusCode::NOT_FOUND, "There is no such route here.")
}
