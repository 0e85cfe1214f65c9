//! `/livez` and `/health`: that the process answers. Checks and probes come with the health room.

use http::StatusCode;
use serde_json::json;

use super::Routes;
use super::problem;

impl Routes {
    pub(super) fn health_routes(self) -> Self {
        let healthy = |_| async { problem::json(StatusCode::OK, &json!({ "status": "healthy" })) };
        self.open("/livez", healthy).open("/health", healthy)
    }
}
