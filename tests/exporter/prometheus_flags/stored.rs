//! What a Prometheus stored of a target.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::support::exposition::Labels;
use crate::support::prometheus::Server;

/// Labels that Prometheus adds.
const OF_TARGET: [&str; 4] = ["__name__", "example", "instance", "job"];

/// The last minutes of a target, scraped by one job. Repeated values are left out.
#[derive(Debug, Default)]
pub(super) struct Stored {
    pub(super) samples: BTreeMap<(String, Labels), Vec<f64>>,
    /// Counts and sums by the name of a native histogram.
    pub(super) native: BTreeMap<String, Vec<(f64, f64)>>,
    /// Values by the name of their series.
    pub(super) exemplars: BTreeMap<String, Vec<f64>>,
    /// Of the counter `orders_total`.
    pub(super) increase: f64,
}

type ByTarget = BTreeMap<(String, String), Stored>;

impl Stored {
    /// All by the target's name and the job's.
    pub(super) fn all(server: &Server) -> ByTarget {
        let mut all = ByTarget::new();
        for series in server.query("{example!=\"\"}[5m]") {
            let labels = &series["metric"];
            let stored = of(&mut all, labels);
            let mut values = values(&series["values"], number);
            values.dedup();
            if !values.is_empty() {
                let key = (name(labels), own(labels));
                assert!(stored.samples.insert(key, values).is_none(), "{labels}");
            }
            let mut native = self::values(&series["histograms"], |histogram| {
                (number(&histogram["count"]), number(&histogram["sum"]))
            });
            native.dedup();
            if !native.is_empty() {
                assert!(stored.native.insert(name(labels), native).is_none());
            }
        }
        for exemplar in server.exemplars("{example!=\"\"}") {
            let labels = &exemplar["seriesLabels"];
            let exemplars = of(&mut all, labels).exemplars.entry(name(labels));
            exemplars.or_default().push(number(&exemplar["value"]));
        }
        for increase in server.query("increase(orders_total{example!=\"\"}[5m])") {
            of(&mut all, &increase["metric"]).increase = number(&increase["value"][1]);
        }
        all
    }

    /// The values of a series without labels.
    pub(super) fn values(&self, name: &str) -> &[f64] {
        let values = self.samples.get(&(name.to_owned(), Labels::new()));
        values.map_or(&[], |values| values)
    }
}

fn of<'a>(all: &'a mut ByTarget, labels: &Json) -> &'a mut Stored {
    let [target, job] = ["example", "job"].map(|label| labels[label].as_str().unwrap().to_owned());
    all.entry((target, job)).or_default()
}

fn name(labels: &Json) -> String {
    labels["__name__"].as_str().unwrap().to_owned()
}

fn own(labels: &Json) -> Labels {
    let labels = labels.as_object().unwrap().iter();
    let own = labels.filter(|(label, _)| !OF_TARGET.contains(&label.as_str()));
    own.map(|(label, value)| (label.clone(), value.as_str().unwrap().to_owned()))
        .collect()
}

/// Reads the second part of each sample.
fn values<T>(samples: &Json, read: impl Fn(&Json) -> T) -> Vec<T> {
    let samples = samples.as_array().into_iter().flatten();
    samples.map(|sample| read(&sample[1])).collect()
}

fn number(json: &Json) -> f64 {
    json.as_str().unwrap().parse().unwrap()
}
