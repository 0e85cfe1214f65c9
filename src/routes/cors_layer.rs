//! CORS of one route, by tower-http.

use std::time::Duration;

use axum::routing::MethodRouter;
use http::Method;
use http::header::{AUTHORIZATION, HeaderValue};
use tower::util::MapResponseLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::route::finish;

/// How long a browser may remember that a page of an origin may read a route.
const MAX_AGE: Duration = Duration::from_secs(600);

/// Answers preflights, and adds the headers of CORS to responses for pages of these origins. Credentials (cookies) are not
/// allowed.
pub(super) fn shared_with<S>(router: MethodRouter<S>, origins: &[HeaderValue]) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    if origins.is_empty() {
        return router;
    }
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers([AUTHORIZATION])
        .max_age(MAX_AGE);
    // The layer answers preflights itself.
    router.layer((MapResponseLayer::new(finish), cors))
}
