//! Native histograms as Prometheus 3 reads them, and the same service as Prometheus 2 does.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "no index and no count of these tests is large"
)]

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use metrics::{Key, Level, Metadata, Recorder};
use tower_vitals::exporter::{NativeHistograms, Value};
use tower_vitals::routes::Server as Service;
use tower_vitals::{Prometheus, Routes};

use crate::support::env;
use crate::support::native_setting::{features_and_setting, parse, version_of};
use crate::support::own_prometheus::OwnPrometheus;
use crate::support::prometheus::Server;

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

const NAME: &str = "native";
const MAX_BUCKETS: usize = 160;
const SAMPLES: usize = 10_000;

const DISTRIBUTIONS: [&str; 5] = ["uniform", "exponential", "bimodal", "constant", "spread"];

/// Samples without a pattern, the same in each run.
fn samples(distribution: &str) -> Vec<f64> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut unit = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    };
    let mut sample = || match distribution {
        "uniform" => unit(),
        "exponential" => -unit().ln() / 10.0,
        "bimodal" if unit() < 0.8 => 0.01 * (1.0 + unit() / 10.0),
        "bimodal" => 2.0 + unit(),
        "constant" => 0.25,
        _ => 10_f64.powf(unit() * 12.0 - 6.0),
    };
    (0..SAMPLES).map(|_| sample()).collect()
}

/// The factor between the bounds of a bucket that the samples have, by the definition.
fn bucket_width(samples: &[f64]) -> f64 {
    let mut schema = 3;
    loop {
        let index = |sample: &f64| (sample.log2() * 2_f64.powi(schema)).ceil() as i64;
        let buckets: std::collections::BTreeSet<_> = samples.iter().map(index).collect();
        if buckets.len() <= MAX_BUCKETS {
            return 2_f64.powi(-schema).exp2();
        }
        schema -= 1;
    }
}

fn recorder() -> Prometheus {
    let native = NativeHistograms::of(["wait_seconds"]).max_buckets(MAX_BUCKETS);
    let prometheus = Prometheus::builder()
        .native_histograms(native)
        .build()
        .unwrap();
    // All series are there before the first sample.
    for distribution in DISTRIBUTIONS {
        let _registered = histogram(&prometheus, distribution);
    }
    prometheus
}

fn histogram(prometheus: &Prometheus, distribution: &'static str) -> metrics::Histogram {
    let key = Key::from_parts("wait_seconds", &[("distribution", distribution)]);
    prometheus.register_histogram(&key, &METADATA)
}

fn record(prometheus: &Prometheus) {
    for distribution in DISTRIBUTIONS {
        let histogram = histogram(prometheus, distribution);
        for sample in samples(distribution) {
            histogram.record(sample);
        }
    }
}

fn sum(prometheus: &Prometheus, distribution: &str) -> f64 {
    let snapshot = prometheus.snapshot();
    let family = snapshot.family("wait_seconds").unwrap();
    let is_it =
        |labels: &tower_vitals::exporter::Labels| labels.get("distribution") == Some(distribution);
    let series = family.series.iter().find(|series| is_it(&series.labels));
    match &series.unwrap().value {
        Value::Histogram(histogram) => histogram.sum,
        value => panic!("{value:?}"),
    }
}

async fn serve(prometheus: &Prometheus, address: SocketAddr) -> Service {
    let routes = Routes::new().metrics(prometheus.clone());
    routes.spawn(&address.to_string()).await.unwrap()
}

fn selector(distribution: &str) -> String {
    format!("wait_seconds{{example=\"{NAME}\",distribution=\"{distribution}\"}}")
}

/// Prometheus has the series and scrapes them again.
fn await_series(server: &Server) {
    for distribution in DISTRIBUTIONS {
        let count = format!("count_over_time({}[5m])", selector(distribution));
        server.answers(&count, |count| count >= 2.0);
    }
}

fn assert_stored(server: &Server, prometheus: &Prometheus) {
    for distribution in DISTRIBUTIONS {
        let selector = selector(distribution);
        let count = format!("histogram_count({selector})");
        server.answers(&count, |count| count == SAMPLES as f64);
        let stored = server.answers(&format!("histogram_sum({selector})"), |_| true);
        assert_eq!(stored, sum(prometheus, distribution), "{distribution}");

        let mut sorted = samples(distribution);
        sorted.sort_by(f64::total_cmp);
        let exact = sorted[SAMPLES * 9 / 10 - 1];
        let width = bucket_width(&sorted);
        let query = format!("histogram_quantile(0.9, rate({selector}[1m]))");
        let quantile = server.answers(&query, |quantile| quantile > 0.0);
        let factor = quantile / exact;
        println!("{distribution}: {quantile} of {exact}, buckets {width:.3} wide");
        assert!(
            (1.0 / width..=width).contains(&factor),
            "{distribution}: {quantile} {exact}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Prometheus: tests/run"]
async fn prometheus_3_has_exact_counts_and_quantiles_within_a_bucket() {
    let Some(server) = OwnPrometheus::start(&["native-histograms"]) else {
        return;
    };
    let prometheus = recorder();
    let service = serve(&prometheus, ([127, 0, 0, 1], 0).into()).await;
    let address = service.local_addr();
    let _target = server.scrape(&address.to_string(), "/metrics", NAME);
    let installed = Server::installed();
    let _other = installed.scrape(&address.to_string(), "/metrics", NAME);
    await_series(&server);
    record(&prometheus);
    assert_stored(&server, &prometheus);
    // Prometheus 3 leaves the classic buckets out, and Prometheus 2 has nothing else.
    let classic = format!("wait_seconds_count{{example=\"{NAME}\"}}");
    assert!(server.query(&classic).is_empty());
    installed.answers(&format!("sum({classic})"), |count| {
        count == (5 * SAMPLES) as f64
    });
    let bucket =
        format!("wait_seconds_bucket{{example=\"{NAME}\",distribution=\"constant\",le=\"0.25\"}}");
    installed.answers(&bucket, |count| count == SAMPLES as f64);

    // A restart is a reset, and nothing is counted twice.
    service.shutdown().await;
    let prometheus = recorder();
    let constant = histogram(&prometheus, "constant");
    constant.record(0.25);
    let _service = serve(&prometheus, address).await;
    let count = format!("histogram_count({})", selector("constant"));
    server.answers(&count, |count| count == 1.0);
    constant.record_many(0.25, 100);
    server.answers(&count, |count| count == 101.0);
    let resets = format!("resets({}[5m])", selector("constant"));
    server.answers(&resets, |resets| resets == 1.0);
    // Rates extrapolate to the window's ends, by one interval at most.
    let increase = format!("histogram_count(increase({}[5m]))", selector("constant"));
    server.answers(&increase, |increase| {
        (f64::from(10_100)..=f64::from(10_101) * 1.4).contains(&increase)
    });
}

#[test]
fn each_version_is_told_to_scrape_native_histograms_in_its_way() {
    const NATIVE: &str = "native-histograms";
    const CREATED: &str = "created-timestamp-zero-ingestion";
    let text = "prometheus, version 3.10.1+ds1 (branch: main)\n  build user: a\n";
    assert_eq!(parse(text), Some((3, 10)));
    assert_eq!(parse("prometheus"), None);
    for version in [(2, 53), (3, 5), (3, 7)] {
        let on = features_and_setting(version, &[NATIVE, CREATED]);
        assert_eq!(on, (vec![NATIVE, CREATED], ""));
    }
    for version in [(3, 8), (3, 10), (4, 0)] {
        let on = features_and_setting(version, &[NATIVE, CREATED]);
        assert_eq!(on, (vec![CREATED], "scrape_native_histograms: true"));
        let off = features_and_setting(version, &[CREATED]);
        assert_eq!(off, (vec![CREATED], ""));
    }
}

#[test]
#[ignore = "needs Prometheus 3: tests/run"]
fn only_versions_that_know_the_setting_take_it() {
    let promtool = env("VITALS_PROMTOOL_3");
    if promtool.is_empty() {
        return;
    }
    let version = version_of(&Path::new(&promtool).with_file_name("prometheus"));
    let name = format!("vitals-native-setting-{}.yml", std::process::id());
    let file = std::env::temp_dir().join(name);
    let check = |setting: &str| {
        let config = format!("scrape_configs:\n- {{ job_name: shop, {setting} }}\n");
        std::fs::write(&file, config).unwrap();
        let mut check = Command::new(&promtool);
        check.args(["check", "config"]).arg(&file).output().unwrap()
    };
    assert!(check("").status.success());
    let checked = check("scrape_native_histograms: true");
    std::fs::remove_file(&file).unwrap();
    let text = String::from_utf8_lossy(&checked.stderr).into_owned();
    let is_known = version >= (3, 8);
    assert_eq!(checked.status.success(), is_known, "{version:?}: {text}");
    let is_refused = text.contains("field scrape_native_histograms not found");
    assert_eq!(is_refused, !is_known, "{text}");
}
