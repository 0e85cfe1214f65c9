//! `Targets`: which spans and events become part of a trace.

use std::sync::Arc;

use tracing::Metadata;
use tracing::level_filters::LevelFilter;

use crate::request_target::{REQUEST, REQUEST_ID};

/// The crates that send spans, whose own spans would be sent in turn, and the exporter. The last one is the target of the spans that
/// only show the id of a request in logs.
const DEFAULTS: [&str; 10] = [
    "h2",
    "hyper",
    "hyper_util",
    "opentelemetry",
    "opentelemetry_sdk",
    "reqwest",
    "tonic",
    "tower",
    "tower_vitals::telemetry",
    REQUEST_ID,
];

/// Which spans and events become part of a trace: those up to a level, without some targets.
#[derive(Debug, Clone)]
pub(super) struct Targets {
    pub(super) level: LevelFilter,
    cut: Arc<Vec<String>>,
    /// Whether the spans of requests are not cut, which is asked most often.
    takes_requests: bool,
}

impl Default for Targets {
    fn default() -> Self {
        Self {
            level: LevelFilter::INFO,
            cut: Arc::new(DEFAULTS.map(str::to_owned).to_vec()),
            takes_requests: true,
        }
    }
}

impl Targets {
    pub(super) fn cut(&mut self, target: &str) {
        Arc::make_mut(&mut self.cut).push(target.to_owned());
        self.takes_requests = !self.is_cut(REQUEST);
    }

    pub(super) fn is_enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        if *metadata.level() > self.level {
            return false;
        }
        if target == REQUEST {
            // The span of a request says more than its log line, which would also show the user.
            return !metadata.is_event() && self.takes_requests;
        }
        !self.is_cut(target)
    }

    /// Whether the target, or a module that it is in, is cut. `tower` does not cut `tower_http`.
    fn is_cut(&self, target: &str) -> bool {
        self.cut.iter().any(|cut| {
            let rest = target.strip_prefix(&**cut);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_modules_are_cut() {
        let mut targets = Targets::default();
        targets.cut("shop::noisy");
        let exporter = module_path!();
        for target in [
            "h2",
            "h2::client",
            "tower::buffer",
            "shop::noisy::deep",
            exporter,
        ] {
            assert!(targets.is_cut(target), "{target}");
        }
        for target in [
            "tower_http::trace",
            "tower_vitals::http_metrics",
            "hyper2",
            "tower_vitals::request",
            "shop",
        ] {
            assert!(!targets.is_cut(target), "{target}");
        }
    }
}
