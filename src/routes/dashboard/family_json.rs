//! `family/{name}`: the series of one metric family.

use axum::response::Response;
use http::StatusCode;

use super::site::Site;
use crate::routes::problem::problem;

/// TODO
pub(super) fn family(_site: &Site, _name: &str) -> Response {
    problem(StatusCode::NOT_FOUND, "There is no such metric.")
}
