//! Builds an axum router of [`Routes`], or reports their mistakes.

use std::sync::Arc;

use axum::Router;
use http::{HeaderValue, StatusCode};

use super::access::{Access, Details};
use super::cors_layer::shared_with;
use super::guard::Guard;
use super::mounted::Mounted;
use super::problem::problem;
use super::route::{PARAMETER, Route, handler};
use super::routes::{Change, Routes};
use crate::error::Error;
use crate::recorder::RecorderRef;

/// The default paths of all routes. No other route can be renamed to one of them.
const DEFAULT_PATHS: [&str; 52] = [
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
    "/health/group/{name}",
    "/health/status",
    "/metrics",
    "/metrics/prometheus",
    "/metrics/json",
    "/metrics/registries",
    "/metrics/history",
    "/admin/config",
    "/admin/log-level",
    "/admin/reset-metrics",
    "/openapi.json",
    "/docs",
    "/docs/assets/{name}",
    "/redoc",
    "/redoc/assets/{name}",
    "/jobs",
    "/jobs/status",
    "/jobs/stats/{name}",
    "/alerts",
    "/alerts/history",
    "/alerts/stats",
    "/alerts/rules",
    "/alerts/silences",
    "/alerts/silences/{name}/end",
    "/alerts/suppress",
    "/alerts/rules/{name}/explain",
    "/alerts/{name}/acknowledge",
    "/alerts/{name}/resolve",
    "/alerts/{name}/suppress",
    "/alerts/channels/{name}/test",
    "/dashboard",
    "/dashboard/assets/{name}",
    "/dashboard/config.json",
    "/dashboard/events",
    "/dashboard/families",
    "/dashboard/family/{name}",
    "/dashboard/history",
    "/dashboard/logs",
    "/debug/pprof/",
    "/debug/pprof/heap",
    "/debug/pprof/profile",
    "/debug/tasks",
];

impl Routes {
    /// Builds an axum router, and checks the routes for mistakes that `app.merge(routes)` can only log.
    ///
    /// ```
    /// use axum::Router;
    /// use tower_vitals::Routes;
    ///
    /// let routes = Routes::new().liveness().rename("/livez", "/internal/alive").build()?;
    /// let app: Router = Router::new().merge(routes);
    ///
    /// let error = Routes::new().liveness().protect("/metrics").build::<()>().unwrap_err();
    /// assert_eq!(error.to_string(), "route \"/metrics\" is not added: the added routes are /livez");
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) names every [mistake](Self#mistakes).
    pub fn build<S: Clone + Send + Sync + 'static>(self) -> Result<Router<S>, Error> {
        let (resolved, mistakes) = self.resolve();
        mistakes?;
        Ok(resolved.into_router())
    }

    /// Resolves the routes. After a mistake every route that is left responds with 500, because its guard or its path may
    /// be the one that is missing.
    pub(super) fn resolve_or_refuse(self) -> Resolved {
        let (mut resolved, mistakes) = self.resolve();
        if let Err(error) = mistakes {
            tracing::error!(
                %error,
                "the routes are misconfigured: a route whose new path is invalid is left out, and all others respond with 500"
            );
            let refuse = handler(async |_| {
                problem(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "The routes of this service are misconfigured; the service's log says how.",
                )
            });
            for route in &mut resolved.routes {
                route.access = Access::Open;
                route.handler = refuse.clone();
            }
        }
        resolved
    }

    /// Applies all changes. Leaves out routes whose new path is a mistake: the app may have its own at their default path.
    pub(super) fn resolve(self) -> (Resolved, Result<(), Error>) {
        let Self {
            added,
            mut changes,
            mut mistakes,
            ..
        } = self;
        // What protects a route wins, in any order of the calls.
        changes.sort_by_key(|(_, change)| !matches!(change, Change::Open));
        if let Some(guard) = &self.guard {
            guard.add_mistakes(&mut mistakes);
        }
        for (path, _) in &changes {
            if !added.iter().any(|route| route.default_path == path) {
                let added: Vec<_> = added.iter().map(|route| route.default_path).collect();
                let mistake = match added.len() {
                    0 => format!("route {path:?} is not added: no route is added"),
                    _ => format!(
                        "route {path:?} is not added: the added routes are {}",
                        added.join(", ")
                    ),
                };
                if !mistakes.contains(&mistake) {
                    mistakes.push(mistake);
                }
            }
        }
        let details = self.details.unwrap_or_default();
        let is_never = |route: &Route| route.access == Access::Details && details == Details::Never;
        let mut routes: Vec<Route> = Vec::new();
        'routes: for mut route in added {
            for (path, change) in &changes {
                let is_named = route.default_path == path;
                match change {
                    // `Details::Never` is stricter than a guard.
                    Change::Protect | Change::ProtectAll if is_never(&route) => {}
                    Change::Protect if is_named => route.access = Access::Guarded,
                    Change::ProtectAll if route.default_path.starts_with(path) => {
                        route.access = Access::Guarded;
                    }
                    Change::Open if is_named => route.access = Access::Open,
                    Change::Remove if is_named => continue 'routes,
                    Change::Rename(path) if is_named => route.path.clone_from(path),
                    _ => {}
                }
            }
            match check_path(&route, &routes) {
                Ok(()) => routes.push(route),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        let mounted = Mounted {
            routes: routes.iter().map(Route::mounted).collect(),
            sources: self.sources,
            watched: self.watched,
            health: self.health,
            details: self.details.unwrap_or_default(),
            guard: self.guard.unwrap_or_else(Guard::closed),
        };
        let resolved = Resolved {
            routes,
            recorder: self.recorder.unwrap_or_default(),
            mounted,
            at_build: self.at_build,
            origins: self.origins,
        };
        (
            resolved,
            Error::combine(mistakes.into_iter().map(Error::invalid)),
        )
    }
}

/// Returns the mistake in a route's path, if it was renamed.
fn check_path(route: &Route, others: &[Route]) -> Result<(), String> {
    let (path, default_path) = (&*route.path, route.default_path);
    if path == default_path {
        return Ok(());
    }
    let (plain, rest) = match default_path.split_once(PARAMETER) {
        None => (path, ""),
        Some((_, "")) => (
            path.strip_suffix(PARAMETER).ok_or_else(|| {
                format!("path {path:?} for {default_path} has no name: it must end in {PARAMETER}")
            })?,
            "",
        ),
        Some((_, rest)) => path
            .split_once(PARAMETER)
            .filter(|(_, rest)| rest.starts_with('/'))
            .ok_or_else(|| {
                format!(
                    "path {path:?} for {default_path} has no name before its last part: it must be like {PARAMETER}{rest}"
                )
            })?,
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
    let problem = match plain.chars().chain(rest.chars()).find(|c| !is_plain(*c)) {
        Some(c) => Some(format!("contains {c:?}")),
        None if plain.starts_with('/') => None,
        None if path.starts_with('/') => Some(format!("has nothing before {PARAMETER}")),
        None => Some("does not begin with /".to_owned()),
    };
    if let Some(problem) = problem {
        return Err(format!(
            "path {path:?} for {default_path} {problem}: a / and then letters, digits and / - _ . ~ are allowed"
        ));
    }
    if DEFAULT_PATHS.contains(&path) {
        return Err(format!(
            "path {path:?} for {default_path} is the default path of another route: each route needs a path of its own"
        ));
    }
    if let Some(other) = others.iter().find(|other| other.path == path) {
        return Err(format!(
            "path {path:?} for {default_path} is taken by {}: each route needs a path of its own",
            other.default_path
        ));
    }
    Ok(())
}

/// Routes with all changes applied.
pub(super) struct Resolved {
    pub(super) routes: Vec<Route>,
    pub(super) mounted: Mounted,
    at_build: Vec<fn(&mut Mounted)>,
    recorder: RecorderRef,
    origins: Vec<HeaderValue>,
}

impl Resolved {
    pub(super) fn into_router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        let mut mounted = self.mounted;
        for build in self.at_build {
            build(&mut mounted);
        }
        let mounted = Arc::new(mounted);
        self.routes
            .into_iter()
            .fold(Router::new(), |router, route| {
                let path = route.path.clone();
                let is_shared = route.is_shared();
                let route = route.into_method_router(&self.recorder, Arc::clone(&mounted));
                let origins: &[_] = if is_shared { &self.origins } else { &[] };
                router.route(&path, shared_with(route, origins))
            })
    }
}

/// Logs [mistakes](Routes#mistakes). A route whose new path is invalid is then left out, and all others respond with 500.
impl<S: Clone + Send + Sync + 'static> From<Routes> for Router<S> {
    fn from(routes: Routes) -> Self {
        routes.resolve_or_refuse().into_router()
    }
}
