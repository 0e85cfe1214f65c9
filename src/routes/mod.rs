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

mod accept;
mod admin;
mod guard;
#[cfg(feature = "prometheus")]
mod gzip;
mod health;
pub(crate) mod health_shapes;
#[cfg(feature = "jobs")]
mod jobs;
#[cfg(feature = "prometheus")]
mod metrics;
#[cfg(feature = "prometheus")]
mod metrics_answer;
#[cfg(feature = "prometheus")]
mod metrics_history;
#[cfg(feature = "prometheus")]
mod metrics_json;
#[cfg(feature = "prometheus")]
mod metrics_registries;
#[cfg(feature = "prometheus")]
mod metrics_unread;
mod patient;
pub(crate) mod problem;
#[cfg(any(feature = "prometheus", feature = "jobs"))]
mod query;
mod route;
mod serve;
mod service;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use serde_json::{Map, Value};

use self::route::{Access, Handler, PARAMETER, Route, Verb, Visit};

pub use self::guard::Guard;
pub use self::health::Details;
pub use self::serve::Server;
pub use self::service::{NotFound, RoutesBody, RoutesFuture, RoutesService};
use crate::error::Error;

/// Where routes are unless they are moved; no other route can be moved there.
const DEFAULT_PATHS: [&str; 21] = [
    "/livez",
    "/readyz",
    "/startupz",
    "/health",
    "/healthz",
    "/health/live",
    "/health/ready",
    "/health/startup",
    "/health/detailed",
    "/health/checker/{name}",
    "/health/status",
    "/metrics",
    "/metrics/prometheus",
    "/metrics/json",
    "/metrics/registries",
    "/metrics/history",
    "/admin/config",
    "/admin/reset-metrics",
    "/jobs",
    "/jobs/status",
    "/jobs/stats/{name}",
];

/// The crate's routes: a builder that becomes an [`axum::Router`], a tower service for hyper, or a server of its own.
///
/// | route | default access | answer |
/// |---|---|---|
/// | `GET /livez`, `GET /health` | open | `{"status":"healthy"}`, until checks are added |
/// | `GET /health/..`, `/livez`, `/readyz`, `/startupz` | open, or as [`Details`] says | health; see [`Routes::health`] |
/// | `GET /metrics`, `/metrics/prometheus`, `/metrics/json`, `/metrics/registries` | open | Prometheus text 0.0.4, `OpenMetrics` or JSON, gzipped if accepted; see [`Routes::metrics`] |
/// | `GET /metrics/history` | guarded | the last minutes of any metric, if they are [kept](crate::exporter::PrometheusBuilder::history); see [`Routes::metrics`] |
/// | `GET /jobs`, `/jobs/status`, `/jobs/stats/{name}` | guarded | background jobs and their runs (feature `jobs`) |
/// | `GET /admin/config` | guarded | settings, without secrets; see [`Routes::settings`] and [`Routes::config`] |
/// | `POST /admin/reset-metrics` | guarded | a new zero for JSON and history; see [`Routes::metrics`] |
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
    all: Vec<Route>,
    guard: Guard,
    details: Details,
    /// What `/admin/config` shows, by name.
    config: Map<String, Value>,
}

impl Routes {
    /// The routes that need nothing: `/livez` and `/health`. Until checks are [added](Self::health) they say `healthy`, for
    /// that the service answers is all that is known. An app that has one of its own leaves it [out](Self::without): in
    /// axum two of one path are a panic when they are merged, and elsewhere these go first.
    pub fn new() -> Self {
        let routes = Self {
            all: Vec::new(),
            guard: Guard::closed(),
            details: Details::default(),
            config: Map::new(),
        };
        routes.without_health()
    }

    /// Names who may read guarded routes. Defaults to nobody: they answer 403, with a body that says how to open them.
    pub fn guard(mut self, guard: Guard) -> Self {
        self.guard = guard;
        self
    }

    /// Puts the route of this default path behind the [guard](Self::guard), and no other: for all that is recorded there is
    /// [`protect_metrics`](Self::protect_metrics).
    ///
    /// ```
    /// use tower_vitals::{Prometheus, Routes, routes::Guard};
    ///
    /// let routes = Routes::new()
    ///     .metrics(Prometheus::builder().build()?)
    ///     .protect("/metrics/json")?
    ///     .protect("/metrics/registries")?
    ///     .guard(Guard::bearer("s3cret"));
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// No route of that default path was added yet.
    pub fn protect(mut self, default_path: &str) -> Result<Self, Error> {
        self.find(default_path)?.access = Access::Guarded;
        Ok(self)
    }

    /// Puts every route that shows what was recorded behind the [guard](Self::guard): `/metrics` and all below it.
    ///
    /// ```
    /// use tower_vitals::{Prometheus, Routes, routes::Guard};
    ///
    /// let routes = Routes::new()
    ///     .metrics(Prometheus::builder().build()?)
    ///     .protect_metrics()?
    ///     .guard(Guard::bearer("s3cret"));
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// No metrics were added yet.
    pub fn protect_metrics(mut self) -> Result<Self, Error> {
        self.find("/metrics")?;
        let metrics = |route: &&mut Route| route.default_path.starts_with("/metrics");
        for route in self.all.iter_mut().filter(metrics) {
            route.access = Access::Guarded;
        }
        Ok(self)
    }

    /// Leaves out the route of this default path: the app has one of its own there. Added again later, it is back.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use tower_vitals::Routes;
    ///
    /// let app: Router = Router::new()
    ///     .route("/health", get(|| async { "mine" }))
    ///     .merge(Routes::new().without("/health")?);
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// No route of that default path was added yet.
    pub fn without(mut self, default_path: &str) -> Result<Self, Error> {
        self.find(default_path)?;
        self.all.retain(|route| route.default_path != default_path);
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
    /// digits and `/ - _ . ~` (and at its end `/{name}`, where the default path has that), is taken by another of these routes, or is another's default path, added or not.
    pub fn moved(mut self, default_path: &str, path: impl Into<String>) -> Result<Self, Error> {
        let path = path.into();
        let plain = match default_path.strip_suffix(PARAMETER) {
            None => &*path,
            Some(_) => path.strip_suffix(PARAMETER).ok_or_else(|| {
                Error::invalid(format!(
                    "path {path:?} for {default_path} has no place for the name: it must end in {PARAMETER}"
                ))
            })?,
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
        if !plain.starts_with('/') || !plain.chars().all(is_plain) {
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
        if let Some(other) = self.all.iter().find(|route| is_taken(route)) {
            return Err(Error::invalid(format!(
                "path {path:?} for {default_path} is taken by {}: each route needs a path of its own",
                other.default_path
            )));
        }
        self.find(default_path)?.path = path;
        Ok(self)
    }

    fn find(&mut self, default_path: &str) -> Result<&mut Route, Error> {
        let known: Vec<_> = self.all.iter().map(|route| route.default_path).collect();
        let unknown = || {
            Error::invalid(format!(
                "there is no route {default_path:?}: added so far are {}",
                known.join(", ")
            ))
        };
        self.all
            .iter_mut()
            .find(|route| route.default_path == default_path)
            .ok_or_else(unknown)
    }

    /// A route that is read.
    fn add<F>(
        self,
        path: &'static str,
        access: Access,
        handler: impl Fn(Visit) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        self.route(Verb::Get, path, access, handler)
    }

    fn route<F>(
        mut self,
        verb: Verb,
        path: &'static str,
        access: Access,
        handler: impl Fn(Visit) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |visit| Box::pin(handler(visit)));
        // Added again, it stays where it was moved to, and guarded if it was.
        if let Ok(route) = self.find(path) {
            route.handler = handler;
            return self;
        }
        self.all.push(Route {
            default_path: path,
            path: path.to_owned(),
            verb,
            access,
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
        let paths = self.all.iter().map(|route| &route.path);
        f.debug_struct("Routes")
            .field("paths", &paths.collect::<Vec<_>>())
            .field("guard", &self.guard)
            .field("details", &self.details)
            .field("config", &self.config.keys().collect::<Vec<_>>())
            .finish()
    }
}

impl<S: Clone + Send + Sync + 'static> From<Routes> for Router<S> {
    fn from(routes: Routes) -> Self {
        routes.all.into_iter().fold(Self::new(), |router, route| {
            let path = route.path.clone();
            let served = route.into_service(routes.guard.clone(), routes.details);
            router.route(&path, served)
        })
    }
}
