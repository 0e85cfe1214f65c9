//! `Excluded`: the requests without traces.

use std::sync::Arc;

/// The default paths of probes and of scrapes.
const DEFAULTS: [&str; 7] = [
    "/metrics",
    "/health",
    "/healthz",
    "/livez",
    "/readyz",
    "/startupz",
    "/grpc.health.v1.Health",
];

/// The paths of requests that have no trace.
#[derive(Debug, Clone)]
pub(super) struct Excluded(Arc<Vec<String>>);

impl Default for Excluded {
    fn default() -> Self {
        Self(Arc::new(DEFAULTS.map(str::to_owned).to_vec()))
    }
}

impl Excluded {
    pub(super) fn clear(&mut self) {
        Arc::make_mut(&mut self.0).clear();
    }

    pub(super) fn add(&mut self, path: &str) {
        let path = path.trim_end_matches('/').to_owned();
        Arc::make_mut(&mut self.0).push(path);
    }

    /// Whether the path, or one that it is below, is excluded.
    pub(super) fn contains(&self, path: &str) -> bool {
        self.0.iter().any(|excluded| {
            let rest = path.strip_prefix(&**excluded);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_segments_are_compared() {
        let mut excluded = Excluded::default();
        excluded.add("/internal/ping/");
        for path in [
            "/metrics",
            "/metrics/json",
            "/readyz",
            "/internal/ping",
            "/internal/ping/a",
        ] {
            assert!(excluded.contains(path), "{path}");
        }
        for path in [
            "/",
            "",
            "/metricsx",
            "/internal",
            "/api/metrics",
            "/healthy",
        ] {
            assert!(!excluded.contains(path), "{path}");
        }
    }
}
