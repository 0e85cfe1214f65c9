//! The routes an app merges into its own: metrics and health, and the guard before what is not for everyone.
//!
//! ```
//! use axum::{Router, routing::get};
//! use tower_vitals::{HttpMetricsLayer, Prometheus, Routes};
//!
//! let prometheus = Prometheus::install()?;
//! let app: Router = Router::new()
//!     .route("/", get(|| async { "hello" }))
//!     .merge(Routes::new().metrics(prometheus))
//!     .layer(HttpMetricsLayer::new());
//! # Ok::<_, tower_vitals::Error>(())
//! ```

mod guard;
#[cfg(feature = "prometheus")]
mod gzip;
mod health;
#[cfg(feature = "prometheus")]
mod metrics;
mod problem;
mod serve;
mod service;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use http::header::{ALLOW, HeaderValue};
use http::request::Parts;

pub use self::guard::Guard;
pub use self::serve::Server;
pub use self::service::{NotFound, RoutesBody, RoutesFuture, RoutesService};
use crate::error::Error;

/// Where routes are unless they are moved; no other route can be moved there.
const DEFAULT_PATHS: [&str; 4] = ["/livez", "/health", "/metrics", "/metrics/prometheus"];

type Answer = Pin<Box<dyn Future<Output = Response> + Send>>;
type Handler = Arc<dyn Fn(Parts) -> Answer + Send + Sync>;

/// The crate's routes: a builder that becomes an [`axum::Router`], a tower service for hyper, or a server of its own.
///
/// | route | default access | answer |
/// |---|---|---|
/// | `GET /livez`, `GET /health` | open | `{"status":"healthy"}` |
/// | `GET /metrics`, `GET /metrics/prometheus` | open | Prometheus text 0.0.4, gzipped if accepted; see [`Routes::metrics`] |
///
/// A route can be [moved](Self::moved) and put behind the [guard](Self::guard). Answers carry `Cache-Control: no-store`,
/// errors are `application/problem+json` (RFC 9457), and none of it is counted by
/// [`HttpMetricsLayer`](crate::HttpMetricsLayer), the gauge of requests in flight aside.
///
/// - In axum: `app.merge(routes)`, or `app.nest("/ops", routes.into())`. No fallback comes with it, so the app's own stays.
/// - In hyper: [`Routes::fallback_service`] goes in front of the app's own service.
/// - On an address of its own: [`Routes::serve`].
#[derive(Clone)]
#[must_use]
pub struct Routes {
    routes: Vec<Route>,
    guard: Guard,
}

#[derive(Clone)]
struct Route {
    /// The path it is known by to [`Routes::moved`] and [`Routes::protect`].
    default_path: &'static str,
    path: String,
    is_guarded: bool,
    handler: Handler,
}

impl Routes {
    /// The routes that need nothing: `/livez` and `/health`.
    pub fn new() -> Self {
        let routes = Self {
            routes: Vec::new(),
            guard: Guard::closed(),
        };
        routes.health_routes()
    }

    /// Names who may read guarded routes. Defaults to nobody: they answer 403, with a body that says how to open them.
    pub fn guard(mut self, guard: Guard) -> Self {
        self.guard = guard;
        self
    }

    /// Puts the route of this default path behind the [guard](Self::guard).
    ///
    /// ```
    /// use tower_vitals::{Prometheus, Routes, routes::Guard};
    ///
    /// let routes = Routes::new()
    ///     .metrics(Prometheus::builder().build()?)
    ///     .protect("/metrics")?
    ///     .protect("/metrics/prometheus")?
    ///     .guard(Guard::bearer("s3cret"));
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// No route of that default path was added yet.
    pub fn protect(mut self, default_path: &str) -> Result<Self, Error> {
        self.find(default_path)?.is_guarded = true;
        Ok(self)
    }

    /// Moves a route from its default path to another. Defaults to the paths in the table above.
    ///
    /// ```
    /// use tower_vitals::Routes;
    ///
    /// let routes = Routes::new().moved("/livez", "/internal/alive")?;
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// No route of that default path was added yet; the new path does not begin with `/`, holds anything but letters,
    /// digits and `/ - _ . ~`, is taken by another of these routes, or is another's default path, added or not.
    pub fn moved(mut self, default_path: &str, path: impl Into<String>) -> Result<Self, Error> {
        let path = path.into();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
        if !path.starts_with('/') || !path.chars().all(is_plain) {
            return Err(Error::invalid(format!(
                "path {path:?} for {default_path} is not one a route can have: it must begin with / and hold letters, \
                 digits and / - _ . ~ only"
            )));
        }
        if path != default_path && DEFAULT_PATHS.contains(&&*path) {
            return Err(Error::invalid(format!(
                "path {path:?} for {default_path} is the default path of another route: each needs a path of its own"
            )));
        }
        let is_taken = |route: &Route| route.path == path && route.default_path != default_path;
        if let Some(other) = self.routes.iter().find(|route| is_taken(route)) {
            return Err(Error::invalid(format!(
                "path {path:?} for {default_path} is taken by {}: each route needs a path of its own",
                other.default_path
            )));
        }
        self.find(default_path)?.path = path;
        Ok(self)
    }

    fn find(&mut self, default_path: &str) -> Result<&mut Route, Error> {
        let known: Vec<_> = self.routes.iter().map(|route| route.default_path).collect();
        let unknown = || {
            Error::invalid(format!(
                "there is no route {default_path:?}: added so far are {}",
                known.join(", ")
            ))
        };
        self.routes
            .iter_mut()
            .find(|route| route.default_path == default_path)
            .ok_or_else(unknown)
    }

    fn open<F>(
        mut self,
        path: &'static str,
        handler: impl Fn(Parts) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |parts| Box::pin(handler(parts)));
        // Added again, it stays where it was moved to, and guarded if it was.
        if let Ok(route) = self.find(path) {
            route.handler = handler;
            return self;
        }
        self.routes.push(Route {
            default_path: path,
            path: path.to_owned(),
            is_guarded: false,
            handler,
        });
        self
    }
}

impl Default for Routes {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths = self.routes.iter().map(|route| &route.path);
        f.debug_struct("Routes")
            .field("paths", &paths.collect::<Vec<_>>())
            .field("guard", &self.guard)
            .finish()
    }
}

impl Route {
    async fn answer(&self, guard: &Guard, request: Request<Body>) -> Response {
        let (parts, _) = request.into_parts();
        let refused = self.is_guarded.then(|| guard.refuse(&parts)).flatten();
        problem::finished(match refused {
            Some(refusal) => refusal,
            None => (self.handler)(parts).await,
        })
    }
}

async fn wrong_method() -> Response {
    let mut response = problem::problem(
        StatusCode::METHOD_NOT_ALLOWED,
        "This route is read with GET or HEAD.",
    );
    let allowed = HeaderValue::from_static("GET, HEAD");
    response.headers_mut().insert(ALLOW, allowed);
    problem::finished(response)
}

impl<S: Clone + Send + Sync + 'static> From<Routes> for Router<S> {
    fn from(routes: Routes) -> Self {
        routes
            .routes
            .into_iter()
            .fold(Self::new(), |router, route| {
                let guard = routes.guard.clone();
                let path = route.path.clone();
                let route = Arc::new(route);
                let handler = move |request: Request<Body>| async move {
                    route.answer(&guard, request).await
                };
                router.route(&path, get(handler).fallback(wrong_method))
            })
    }
}
