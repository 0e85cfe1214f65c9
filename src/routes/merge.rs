//! [`Routes::merge`]: two builders as one.

use super::admin::CONFIG_PATH;
use super::routes::Routes;

impl Routes {
    /// Adds the routes, changes, guard and details of another builder, as if all its setters had been called on this one.
    ///
    /// axum panics when it merges two routers that have a path in common. Builders that may name the same routes are merged
    /// by this method: a route in both is a [mistake](Self#mistakes), and so is a guard, a `details` or a name of a config in
    /// both. Builders without a common route can also be merged into one axum router, each with a guard of its own.
    ///
    /// ```
    /// use tower_vitals::{Health, Prometheus, Routes};
    ///
    /// let metrics = Routes::new().metrics(Prometheus::builder().build()?);
    /// let health = Routes::new().health(Health::builder().build()?);
    /// let routes = metrics.clone().merge(health);
    ///
    /// let error = routes.merge(metrics).build::<()>().unwrap_err().to_string();
    /// assert!(error.starts_with("both of the merged Routes have /metrics, /metrics/prometheus, "), "{error}");
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn merge(mut self, other: Self) -> Self {
        let mut in_both = Vec::new();
        let has_config = !(self.config.is_empty() || other.config.is_empty());
        for route in other.added {
            let path = route.default_path;
            match self.find(path) {
                None => self.added.push(route),
                Some(own) if own.gives_way => *own = route,
                Some(_) if route.gives_way || path == CONFIG_PATH => {}
                Some(_) => in_both.push(path),
            }
        }
        if !in_both.is_empty() {
            self.mistakes.push(format!(
                "both of the merged Routes have {}: add each route to one of them, or nest one of them under another path",
                in_both.join(", ")
            ));
        }
        self.changes.extend(other.changes);
        self.origins.extend(other.origins);
        self.mistakes.extend(other.mistakes);
        if self.guard.is_some() && other.guard.is_some() {
            self.mistakes.push(
                "both of the merged Routes have a guard: set it on one of them, or combine both with Guard::any or \
                 Guard::all"
                    .to_owned(),
            );
        }
        self.guard = self.guard.or(other.guard);
        self.health = self.health.or(other.health);
        self.recorder = self.recorder.or(other.recorder);
        let own = std::mem::replace(&mut self.sources, other.sources);
        self.sources.extend(own);
        self.watched.extend(other.watched);
        self.at_build.extend(other.at_build);
        match (self.details, other.details) {
            (Some(own), Some(other)) if own != other => self.mistakes.push(format!(
                "the merged Routes have different details, {own:?} and {other:?}: set them on one of them"
            )),
            (own, other) => self.details = own.or(other),
        }
        for (name, value) in other.config {
            if self.config.contains_key(&name) {
                self.mistakes.push(format!(
                    "both of the merged Routes have a config {name:?}: each part of the service needs a name of its own"
                ));
            } else {
                self.config.insert(name, value);
            }
        }
        if has_config { self.show_config() } else { self }
    }
}
