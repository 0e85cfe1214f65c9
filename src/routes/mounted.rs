//! `Mounted`: the routes as they are built, for routes that show others.

use std::sync::Arc;

use http::Extensions;

use super::access::Details;
use super::guard::Guard;
use super::mounted_route::MountedRoute;
use super::watch::Watch;
use crate::health::Health;

/// All routes of one router.
#[cfg_attr(
    not(all(feature = "dashboard", feature = "openapi")),
    allow(dead_code, reason = "the dashboard and API documents read it")
)]
pub(super) struct Mounted {
    pub(super) routes: Vec<MountedRoute>,
    /// The values that the setters were given, by type.
    pub(super) sources: Extensions,
    pub(super) watched: Vec<Arc<dyn Watch>>,
    pub(super) health: Option<Health>,
    pub(super) details: Details,
    pub(super) guard: Guard,
}

impl Mounted {
    /// The path of the route that has this one by default.
    pub(super) fn path(&self, default_path: &str) -> Option<&str> {
        let mut routes = self.routes.iter();
        let route = routes.find(|route| route.default_path == default_path);
        route.map(|route| &*route.path)
    }
}
