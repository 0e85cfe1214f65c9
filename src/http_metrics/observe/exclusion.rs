//! `Exclusion`: the paths that are not observed.

use std::borrow::Cow;

/// Probes and scrapes: those of this crate, and gRPC's health service.
const PROBES: [&str; 9] = [
    "/health",
    "/health/*",
    "/healthz",
    "/livez",
    "/readyz",
    "/startupz",
    "/metrics",
    "/metrics/*",
    "/grpc.health.v1.Health/*",
];

/// Paths, each alone or with all paths below it (`/internal/*`).
#[derive(Debug, Clone)]
pub(crate) struct Exclusion(Vec<Cow<'static, str>>);

impl Default for Exclusion {
    fn default() -> Self {
        Self(PROBES.map(Cow::Borrowed).to_vec())
    }
}

impl Exclusion {
    pub(crate) fn add(&mut self, path: Cow<'static, str>) {
        self.0.push(path);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn covers(&self, path: &str) -> bool {
        self.0
            .iter()
            .any(|excluded| match excluded.strip_suffix('*') {
                Some(prefix) => path.starts_with(prefix),
                None => path == excluded,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_excluded_alone_and_a_pattern_with_all_below_it() {
        let mut exclusion = Exclusion::default();
        for probe in ["/healthz", "/health/detailed", "/metrics", "/metrics/json"] {
            assert!(exclusion.covers(probe), "{probe}");
        }
        for path in [
            "/",
            "/healthzz",
            "/healthy/food",
            "/metricsx",
            "/users/metrics",
        ] {
            assert!(!exclusion.covers(path), "{path}");
        }
        exclusion.add("/internal/*".into());
        assert!(exclusion.covers("/internal/a/b") && !exclusion.covers("/internal"));
        exclusion.clear();
        assert!(!exclusion.covers("/metrics"));
    }
}
