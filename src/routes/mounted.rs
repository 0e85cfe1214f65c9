//! `Mounted`: the routes as they are built, for routes that show others.

use std::sync::Arc;

use http::Extensions;

use super::access::Details;
use super::watch::Watch;
use crate::health::Health;

/// All routes of one router.
#[cfg_attr(
    not(feature = "dashboard"),
    expect(dead_code, reason = "only the dashboard reads more than paths")
)]
pub(super) struct Mounted {
    /// Each default path, and the path that the route has.
    pub(super) paths: Vec<(&'static str, String)>,
    /// The values that the setters were given, by type.
    pub(super) sources: Extensions,
    pub(super) watched: Vec<Arc<dyn Watch>>,
    pub(super) health: Option<Health>,
    pub(super) details: Details,
}
