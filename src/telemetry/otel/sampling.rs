//! `Sampling`: which traces are sampled.

use opentelemetry_sdk::trace::Sampler;

/// Which traces are sampled, by the names of `OTEL_TRACES_SAMPLER`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sampling {
    /// The caller decides, if there is one.
    pub(super) is_parent_based: bool,
    pub(super) share: Share,
}

/// The share of traces that are sampled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Share {
    All,
    None,
    Ratio(f64),
}

pub(super) const SAMPLERS: &str = "always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off or \
                                   parentbased_traceidratio";

impl Sampling {
    pub(super) const DEFAULT: Self = Self {
        is_parent_based: true,
        share: Share::All,
    };

    /// `ratio` is the argument of samplers that have one.
    pub(super) fn parse(name: &str, ratio: Option<f64>) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let own = name.strip_prefix("parentbased_");
        let share = match own.unwrap_or(&name) {
            "always_on" => Share::All,
            "always_off" => Share::None,
            "traceidratio" => Share::Ratio(ratio.unwrap_or(1.0)),
            _ => return None,
        };
        Some(Self {
            is_parent_based: own.is_some(),
            share,
        })
    }

    pub(super) fn sampler(self) -> Sampler {
        let root = match self.share {
            Share::All => Sampler::AlwaysOn,
            Share::None => Sampler::AlwaysOff,
            Share::Ratio(ratio) => Sampler::TraceIdRatioBased(ratio),
        };
        if self.is_parent_based {
            Sampler::ParentBased(Box::new(root))
        } else {
            root
        }
    }
}
