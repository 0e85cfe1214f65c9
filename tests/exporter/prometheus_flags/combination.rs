//! `Combination`: what one server stores of one service.

use std::collections::BTreeMap;

use super::features::Features;
use super::settings::Settings;
use super::stored::Stored;

const OPENMETRICS: &str = "OpenMetrics";
const PROTOBUF: &str = "protobuf";
const ALWAYS_CLASSIC: &str = "protobuf with `always_scrape_classic_histograms`";
const NOTHING: &str = "nothing";

/// One server that scrapes one service in one way.
pub(super) struct Combination {
    pub(super) settings: Settings,
    pub(super) features: Features,
    pub(super) job: String,
    pub(super) stored: Stored,
}

impl Combination {
    pub(super) fn is_protobuf(&self) -> bool {
        self.job != "openmetrics" && (self.features.native || self.features.created)
    }

    pub(super) fn format(&self) -> &'static str {
        match (self.is_protobuf(), &*self.job) {
            (false, _) => OPENMETRICS,
            (true, "always_classic") => ALWAYS_CLASSIC,
            (true, _) => PROTOBUF,
        }
    }

    /// The stored forms of the histogram, each of which has all samples of the service.
    pub(super) fn histogram(&self) -> &'static str {
        let mut classic = BTreeMap::new();
        for ((name, labels), values) in &self.stored.samples {
            let bound = labels.get("le").map_or("", |bound| bound);
            match name.strip_prefix("wait_seconds_") {
                Some(part) if part != "created" => {
                    classic.insert((part, bound), *values.last().unwrap());
                }
                _ => {}
            }
        }
        let infinite = BTreeMap::from([
            (("bucket", "+Inf"), 3.0),
            (("count", ""), 3.0),
            (("sum", ""), 7.5625),
        ]);
        let mut all = infinite.clone();
        all.extend([(("bucket", "0.1"), 1.0), (("bucket", "1.0"), 2.0)]);
        let native = self.stored.native.get("wait_seconds");
        let native = native.map(|native| native.last().unwrap());
        if let Some(native) = native {
            assert_eq!(*native, (3.0, 7.5625));
        }
        match native.is_some() {
            false if classic.is_empty() => NOTHING,
            false if classic == infinite => "`+Inf`, `_sum`, `_count`",
            false if classic == all => "classic",
            true if classic.is_empty() => "native",
            true if classic == all => "classic and native",
            _ => panic!("{:?}", self.stored),
        }
    }

    /// The form in which the time of the counter's and the histogram's beginning is stored.
    pub(super) fn created(&self) -> &'static str {
        let stored = &self.stored;
        let orders = stored.values("orders_total");
        let has_series = !stored.values("orders_created").is_empty();
        let histograms = stored.samples.iter();
        let histograms = histograms.filter(|((name, _), _)| name.starts_with("wait_seconds_"));
        let histograms = histograms.filter(|((name, _), _)| name != "wait_seconds_created");
        let mut first = histograms.map(|(_, values)| values[0]);
        let native = stored.native.get("wait_seconds");
        let has_zero = orders == [0.0, 3.0];
        assert!(first.all(|first| (first == 0.0) == has_zero), "{stored:?}");
        assert!(native.is_none_or(|native| (native[0] == (0.0, 0.0)) == has_zero));
        assert_eq!(
            stored.values("wait_seconds_created").len(),
            usize::from(has_series)
        );
        match (orders, has_series) {
            // Prometheus extrapolates to the end of the window, by one interval at most.
            ([0.0, 3.0], false) => {
                assert!((3.0..6.0).contains(&stored.increase), "{stored:?}");
                "a sample of 0 at that time"
            }
            ([3.0], _) => {
                assert_eq!(stored.increase, 0.0);
                if has_series {
                    "a series `_created`"
                } else {
                    NOTHING
                }
            }
            _ => panic!("{stored:?}"),
        }
    }

    /// Exemplars of each counter and of each stored bucket, or none.
    pub(super) fn exemplars(&self) -> &'static str {
        let of = |name: &str| {
            let mut exemplars = self.stored.exemplars.get(name).cloned().unwrap_or_default();
            exemplars.sort_by(f64::total_cmp);
            exemplars
        };
        let exemplars = ["orders_total", "wait_seconds_bucket", "wait_seconds"].map(of);
        if exemplars.iter().all(Vec::is_empty) {
            return NOTHING;
        }
        let buckets = vec![0.0625, 0.5, 7.0];
        let (classic, native) = match self.histogram() {
            NOTHING => (vec![], vec![]),
            "classic" => (buckets, vec![]),
            "native" => (vec![], buckets),
            "classic and native" => (buckets.clone(), buckets),
            _ => (vec![7.0], vec![]),
        };
        assert_eq!(exemplars, [vec![3.0], classic, native]);
        "each once"
    }
}
