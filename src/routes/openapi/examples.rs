//! The examples of a document.

use std::sync::LazyLock;

use serde_json::{Map, Value};

/// Responses by operation, status and media type. A test writes them from responses of the routes.
static EXAMPLES: LazyLock<Map<String, Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).unwrap_or_default());

/// Returns an example of a response.
pub(super) fn find(operation_id: &str, status: u16, media_type: &str) -> Option<Value> {
    EXAMPLES
        .get(operation_id)?
        .get(status.to_string())?
        .get(media_type)
        .cloned()
}
