//! [`MountedRoute`]: a route as it is mounted.

use super::access::Access;
use super::method::Method;
use super::operation::Operation;

/// A route after all changes, without its handler.
#[cfg_attr(
    not(feature = "openapi"),
    allow(dead_code, reason = "only API documents show all of it")
)]
pub(super) struct MountedRoute {
    pub(super) default_path: &'static str,
    pub(super) path: String,
    pub(super) method: Method,
    pub(super) access: Access,
    pub(super) operation: &'static Operation,
}
