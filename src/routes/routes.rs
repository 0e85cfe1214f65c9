//! [`Routes`]: the builder of all routes.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use axum::response::Response;
use http::{Extensions, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use super::access::{Access, Details};
use super::guard::Guard;
use super::health_operations;
use super::method::Method;
use super::mounted::Mounted;
use super::operation::Operation;
use super::request::RouteRequest;
use super::respond;
use super::route::Route;
use super::watch::Watch;
use crate::health::Health;
use crate::recorder::RecorderRef;
use crate::redact::Redacted;

/// The crate's routes: a builder that becomes an [`axum::Router`], a tower service for hyper, or a server of its own.
///
/// | route | default access | response |
/// |---|---|---|
/// | `GET /health`, `/healthz`, `/livez`, `/readyz`, `/startupz`, `/health/..` | open, or as [`Details`] says | health; see [`Routes::health`], and [`Routes::liveness`] without checks |
/// | `GET /metrics`, `/metrics/prometheus`, `/metrics/json`, `/metrics/registries` | open | Prometheus text 0.0.4, `OpenMetrics` or JSON, gzipped if accepted; see [`Routes::metrics`] |
/// | `GET /metrics/history` | guarded | the last minutes of any metric, if a [history](crate::exporter::PrometheusBuilder::history) is kept; see [`Routes::metrics`] |
/// | `GET /jobs`, `/jobs/status`, `/jobs/stats/{name}` | guarded | background jobs and their runs (feature `jobs`) |
/// | `GET /admin/config` | guarded | settings without secrets; see [`Routes::settings`] and [`Routes::config`] |
/// | `GET`, `PUT /admin/log-level` | guarded | shows and changes the filter of the log (feature `logging`); see [`Routes::log_level`] |
/// | `GET /dashboard`, `/dashboard/..` | the page open, its data guarded | a live view of all that is added (feature `dashboard`); see [`Routes::dashboard`] |
/// | `GET /dashboard/logs` | guarded | the last warnings and errors of the log (feature `logging`); see [`Routes::log_tail`] |
/// | `POST /admin/reset-metrics` | guarded | resets JSON and history; see [`Routes::metrics`] |
/// | `GET /debug/tasks` | guarded | tasks and workers of a tokio runtime; see [`Routes::tasks`] |
/// | `GET /debug/pprof/` | guarded | the paths of the next three routes, as far as they are added |
/// | `GET /debug/pprof/profile` | guarded | CPU profile (feature `profile`); see [`Routes::profile`] |
/// | `GET /debug/pprof/heap` | guarded | heap profile; see [`Routes::heap_profile`] |
/// | `GET /openapi.json` | guarded | the OpenAPI document of all these routes (feature `openapi`); see [`Routes::openapi_json`] |
/// | `GET /docs`, `/redoc` | open | pages that show the document (features `docs-ui` and `redoc`); see [`Routes::docs_ui`] and [`Routes::redoc`] |
///
/// Nothing is mounted that no setter names, so an app can have its own `/health` next to the metrics. Routes can be
/// [renamed](Self::rename), [removed](Self::remove), [protected](Self::protect) and [merged](Self::merge). The order of all
/// these calls does not matter. Responses carry `Cache-Control: no-store`, errors are `application/problem+json`
/// (RFC 9457), and [`HttpMetricsLayer`](crate::HttpMetricsLayer) records these routes only in the gauge of requests in
/// progress.
///
/// - In axum: `app.merge(routes)`, or `app.nest("/ops", routes.into())`. The app keeps its own fallback. axum panics if the
///   app has a path of the routes itself: [remove](Self::remove) or rename that route.
/// - In hyper: [`Routes::around`] wraps the app's service.
/// - On an address of their own: [`Routes::serve`], or [`Routes::spawn`] in the background.
///
/// # Mistakes
///
/// Setters collect mistakes, such as a path that is taken. [`build`](Self::build), [`serve`](Self::serve) and
/// [`spawn`](Self::spawn) return all of them in one error. The infallible conversions (`app.merge(routes)`,
/// [`around`](Self::around), [`into_service`](Self::into_service)) log them: a route whose new path is invalid is left out,
/// and all others respond with 500.
#[derive(Clone)]
#[must_use]
pub struct Routes {
    pub(super) added: Vec<Route>,
    /// By default path, in the order of the calls.
    pub(super) changes: Vec<(String, Change)>,
    pub(super) guard: Option<Guard>,
    pub(super) details: Option<Details>,
    /// Refreshed before metrics are read.
    pub(super) health: Option<Health>,
    /// Counts refusals. Defaults to the recorder of the `metrics` facade.
    pub(super) recorder: Option<RecorderRef>,
    /// The origins whose pages may read routes.
    pub(super) origins: Vec<HeaderValue>,
    /// The parts of `/admin/config` by name.
    pub(super) config: Map<String, Value>,
    /// The sources of the added routes by type, for routes that show several of them.
    pub(super) sources: Extensions,
    /// The sources that change.
    pub(super) watched: Vec<Arc<dyn Watch>>,
    /// Called for each router that is built.
    pub(super) at_build: Vec<fn(&mut Mounted)>,
    pub(super) mistakes: Vec<String>,
}

/// A change to the route of a default path.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Protect,
    /// This route and those below it.
    ProtectAll,
    #[cfg_attr(
        not(feature = "openapi"),
        expect(dead_code, reason = "only the API document can be opened")
    )]
    Open,
    Remove,
    Rename(String),
}

impl Routes {
    /// Creates a builder without routes. Each setter adds the routes that it names.
    pub fn new() -> Self {
        Self {
            added: Vec::new(),
            changes: Vec::new(),
            guard: None,
            details: None,
            health: None,
            recorder: None,
            origins: Vec::new(),
            config: Map::new(),
            sources: Extensions::new(),
            watched: Vec::new(),
            at_build: Vec::new(),
            mistakes: Vec::new(),
        }
    }

    /// Adds `/livez`, which responds with `{"status":"healthy"}` as long as the process responds at all. For services without
    /// checks: [`health`](Self::health) adds a `/livez` that also knows failed liveness, and takes precedence.
    ///
    /// ```
    /// use tower_vitals::Routes;
    ///
    /// let routes = Routes::new().liveness();
    /// ```
    pub fn liveness(mut self) -> Self {
        let path = "/livez";
        if self.find(path).is_none() {
            self.added.push(Route {
                gives_way: true,
                ..Route::new(
                    Method::Get,
                    path,
                    &health_operations::ALIVE,
                    Access::Open,
                    |_| async { respond::json(StatusCode::OK, &json!({ "status": "healthy" })) },
                )
            });
        }
        self
    }

    /// Sets the guard of guarded routes. Without one they respond with 403, and the body says how to set one.
    ///
    /// Each refusal is counted in `monitoring_guard_refusals_total{route}`, by the route's default path. At most one a minute
    /// and route is logged as a warning, with the peer's address if the server [passes it
    /// on](Guard#the-address-of-the-client). The recorder is that of [`metrics`](Self::metrics), else that of the `metrics`
    /// facade.
    pub fn guard(mut self, guard: Guard) -> Self {
        self.guard = Some(guard);
        self
    }

    /// Sets the callers that see the details of health checks. Defaults to [`Details::Authorized`].
    pub fn details(mut self, details: Details) -> Self {
        self.details = Some(details);
        self
    }

    /// Puts the route of this default path, and no other, behind the [guard](Self::guard). An unknown path is a
    /// [mistake](Self#mistakes).
    ///
    /// ```
    /// use tower_vitals::{Prometheus, Routes, routes::Guard};
    ///
    /// let routes = Routes::new()
    ///     .metrics(Prometheus::builder().build()?)
    ///     .protect("/metrics/json")
    ///     .protect("/metrics/registries")
    ///     .guard(Guard::bearer("s3cret"));
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn protect(self, default_path: impl Into<String>) -> Self {
        self.change(default_path, Change::Protect)
    }

    /// Puts every route that shows metrics behind the [guard](Self::guard): `/metrics` and all below it. Without metrics it
    /// is a [mistake](Self#mistakes).
    ///
    /// ```
    /// use tower_vitals::{Prometheus, Routes, routes::Guard};
    ///
    /// let routes = Routes::new()
    ///     .metrics(Prometheus::builder().build()?)
    ///     .protect_metrics()
    ///     .guard(Guard::bearer("s3cret"));
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn protect_metrics(self) -> Self {
        self.change("/metrics", Change::ProtectAll)
    }

    /// Removes the route of this default path, for example because the app has its own: axum panics when it merges two routes
    /// of one path. An unknown path is a [mistake](Self#mistakes).
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use tower_vitals::{Health, Routes};
    ///
    /// let health = Health::builder().build()?;
    /// let app: Router = Router::new()
    ///     .route("/health", get(|| async { "mine" }))
    ///     .merge(Routes::new().health(health).remove("/health"));
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn remove(self, default_path: impl Into<String>) -> Self {
        self.change(default_path, Change::Remove)
    }

    /// Moves a route from its default path to another. Defaults to the paths in the table above.
    ///
    /// The new path begins with `/` and holds letters, digits and `/ - _ . ~` only. It ends in `/{name}` if the default path
    /// does. It is a [mistake](Self#mistakes) to name an unknown route, the default path of another route (added or not), or
    /// a path that another route was renamed to.
    ///
    /// ```
    /// use tower_vitals::Routes;
    ///
    /// let routes = Routes::new().liveness().rename("/livez", "/internal/alive");
    /// ```
    pub fn rename(self, default_path: impl Into<String>, path: impl Into<String>) -> Self {
        self.change(default_path, Change::Rename(path.into()))
    }

    fn change(mut self, default_path: impl Into<String>, change: Change) -> Self {
        self.changes.push((default_path.into(), change));
        self
    }

    /// Adds a route for GET and HEAD.
    pub(super) fn add<F>(
        self,
        path: &'static str,
        operation: &'static Operation,
        access: Access,
        handle: impl Fn(RouteRequest) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        self.add_with_method(Method::Get, path, operation, access, handle)
    }

    /// Adds a route for GET and HEAD whose handler takes a clone of `state`.
    pub(super) fn add_with<T, F>(
        self,
        state: &T,
        path: &'static str,
        operation: &'static Operation,
        access: Access,
        handle: impl Fn(T, RouteRequest) -> F + Send + Sync + 'static,
    ) -> Self
    where
        T: Clone + Send + Sync + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        let state = state.clone();
        self.add(path, operation, access, move |request| {
            handle(state.clone(), request)
        })
    }

    /// Adds a route, or replaces one that was added before.
    pub(super) fn add_with_method<F>(
        mut self,
        method: Method,
        path: &'static str,
        operation: &'static Operation,
        access: Access,
        handle: impl Fn(RouteRequest) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        let route = Route::new(method, path, operation, access, handle);
        match self.find(path) {
            Some(own) => *own = route,
            None => self.added.push(route),
        }
        self
    }

    /// Returns the route of this default path.
    pub(super) fn find(&mut self, default_path: &str) -> Option<&mut Route> {
        let mut added = self.added.iter_mut();
        added.find(|route| route.default_path == default_path)
    }
}

default_is_new!(Routes);

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths = self.added.iter().map(|route| route.default_path);
        f.debug_struct("Routes")
            .field("paths", &paths.collect::<Vec<_>>())
            .field("changes", &Redacted(&self.changes))
            .field("guard", &self.guard)
            .field("details", &self.details)
            .field("config", &Redacted(self.config.keys().collect::<Vec<_>>()))
            .finish_non_exhaustive()
    }
}
