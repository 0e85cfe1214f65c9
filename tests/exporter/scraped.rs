//! Faulty metrics in real scrapes: Prometheus 2 and 3 read everything, in both text formats, and so does the reference
//! parser.
#![allow(
    clippy::disallowed_macros,
    reason = "services record with these macros"
)]

use std::collections::BTreeMap;

use metrics::{Key, Label, Level, Metadata, Recorder};
use metrics::{counter, gauge, histogram, with_local_recorder};
use serde_json::Value;
use tower_vitals::catalog::{Catalog, Family};
use tower_vitals::{Prometheus, Routes};

use crate::openmetrics::by_parser;
use crate::support::exposition::{Exposition, Labels, of_snapshot};
use crate::support::prometheus::Server;

/// Every scrape adds to it.
const SCRAPES: &str = "monitoring_scrape_duration_seconds";

/// Values as text, so that NaN equals itself.
type Values = BTreeMap<(String, Labels), String>;

/// Good metrics of every kind beside every fault.
fn faulty() -> Prometheus {
    let mut catalog = Catalog::new();
    let stock = Family::gauge("stock", "Items, by \"hall\" and \\ shelf.\nAll of them.");
    catalog.register(stock.labels(&["hall"])).unwrap();
    let prometheus = Prometheus::builder()
        .catalog(catalog)
        .prefix("shop")
        .global_label("region", "eu \"1\"\\")
        .max_series(3)
        .build()
        .unwrap();
    with_local_recorder(&prometheus, || {
        counter!("ok_total", "till" => "a\"b\\c\nd ü 🦀").increment(7);
        gauge!("ok_now", "till" => "1").set(-0.5);
        gauge!("endless").set(f64::INFINITY);
        gauge!("nothing").set(f64::NAN);
        histogram!("ok_seconds", "till" => "1").record_many(0.3, 3);
        counter!("ok_bytes_total").absolute((1 << 53) - 1);
        histogram!("good_bytes").record(3e6);

        histogram!("sizes", "le" => "small").record(1.0);
        histogram!("sizes", "le" => "large", "quantile" => "0.5").record(2.0);
        counter!("labels_total", "__name__" => "other", "__x" => "1", "job" => "j").increment(1);
        counter!("labels_total", "a.b" => "1", "a-b" => "2", "ä b" => "3").increment(2);
        counter!("labels_total", "" => "1").increment(3);
        gauge!("stock", "hall" => "a", "instance" => "i").set(4.0);
        counter!("stock", "hall" => "b").increment(1);
        counter!("x", "a" => "1").increment(1);
        gauge!("x").set(2.0);
        histogram!("x").record(3.0);
        counter!("r_total", "t" => "").increment(1);
        counter!("r_total").increment(5);
        counter!("dotted.name").increment(1);
        counter!("dotted-name").increment(2);
        counter!("").increment(1);
        gauge!("9 lives").set(9.0);
        gauge!("__underscores").set(2.0);
        let wait = histogram!("wait_seconds");
        for sample in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.25] {
            wait.record(sample);
        }
        counter!("wait_seconds_count").increment(100);
        gauge!("wait_seconds_bucket", "le" => "1").set(100.0);
        counter!("late_sum").increment(2);
        histogram!("late").record(1.0);
        histogram!("discount").record(1.0);
        counter!("orders_total").increment(1);
        gauge!("orders").set(2.0);
        gauge!("orders_created").set(3.0);
        counter!("orders_created_total").increment(4);
        for user in ["a", "b", "c", "d", "e"] {
            counter!("logins_total", "user" => user).increment(1);
            gauge!("open", "user" => user).set(1.0);
            histogram!("visit_seconds", "user" => user).record(1.0);
        }
    });
    let metadata = Metadata::new("test", Level::INFO, None);
    let twice = vec![Label::new("a", "1"), Label::new("a", "2")];
    let twice = Key::from_parts("twice_total", twice);
    prometheus.register_counter(&twice, &metadata).increment(1);
    prometheus
}

fn own(prometheus: &Prometheus) -> Values {
    let values = of_snapshot(&prometheus.snapshot()).into_iter();
    let values = values.map(|(series, value)| (series, format!("{:?}", value.as_f64())));
    let values: Values = values.filter(|((name, _), _)| !is_scrape(name)).collect();
    assert!(values.len() > 100, "{}", values.len());
    values
}

/// Asserts equality, and shows the differences alone.
#[track_caller]
fn assert_same(theirs: &Values, own: &Values, reader: &str) {
    let missing = |from: &Values, of: &Values| -> Values {
        let missing = of
            .iter()
            .filter(|(series, value)| from.get(series) != Some(value));
        missing
            .map(|(series, value)| (series.clone(), value.clone()))
            .collect()
    };
    let (lost, others) = (missing(theirs, own), missing(own, theirs));
    assert!(
        theirs == own,
        "{reader} lacks {lost:#?} and has {others:#?}"
    );
}

fn is_scrape(name: &str) -> bool {
    name.contains(SCRAPES)
}

/// The samples of a target as Prometheus stored them.
fn stored(server: &Server, example: &str) -> Values {
    let samples = server.query(&format!("{{example=\"{example}\",__name__=~\"shop_.*\"}}"));
    let sample = |sample: &Value| {
        let mut labels: Labels = serde_json::from_value(sample["metric"].clone()).unwrap();
        let name = labels.remove("__name__").unwrap();
        for own in ["example", "instance", "job"] {
            labels.remove(own);
        }
        // Prometheus renames labels whose names it uses itself.
        for renamed in ["instance", "job"] {
            if let Some(value) = labels.remove(&format!("exported_{renamed}")) {
                labels.insert(renamed.to_owned(), value);
            }
        }
        if let Some(bound) = labels.get_mut("le") {
            *bound = format!("{:?}", bound.parse::<f64>().unwrap());
        }
        let value: f64 = sample["value"][1].as_str().unwrap().parse().unwrap();
        ((name, labels), format!("{value:?}"))
    };
    let values: Values = samples.iter().map(sample).collect();
    assert_eq!(values.len(), samples.len());
    values
        .into_iter()
        .filter(|((name, _), _)| !is_scrape(name))
        .collect()
}

fn assert_all_is_scraped(server: &Server, prometheus: &Prometheus, address: &str, version: u8) {
    for (format, path) in [("text", "/metrics/prometheus"), ("open", "/metrics")] {
        // Prometheus remembers the targets of an earlier run.
        let name = format!("faults-{format}-{version}-{}", std::process::id());
        let _target = server.scrape(address, path, &name);
        let of = |metric: &str| format!("{metric}{{example=\"{name}\"}}");
        server.answers(&format!("count_over_time({}[1m])", of("up")), |scrapes| {
            scrapes >= 3.0
        });
        let up = server.answers(&format!("min_over_time({}[1m])", of("up")), |_| true);
        assert_eq!(up, 1.0, "Prometheus {version}, {format}");
        // Prometheus has dropped no sample of the text.
        let text = Exposition::parse(&match format {
            "text" => prometheus.render(),
            _ => prometheus.render_openmetrics(),
        });
        for count in [
            "scrape_samples_scraped",
            "scrape_samples_post_metric_relabeling",
        ] {
            let scraped = server.answers(&of(count), |_| true);
            assert_eq!(
                scraped,
                text.samples.len() as f64,
                "Prometheus {version}, {format}"
            );
        }
        let stored = stored(server, &name);
        assert_same(
            &stored,
            &own(prometheus),
            &format!("Prometheus {version}, {format}"),
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Prometheus: tests/run"]
async fn prometheus_reads_everything_beside_faulty_metrics() {
    let prometheus = faulty();
    let server = Routes::new()
        .metrics(prometheus.clone())
        .spawn("127.0.0.1:0")
        .await
        .unwrap();
    let address = server.local_addr().to_string();
    let scraped = tokio::task::spawn_blocking(move || {
        assert_all_is_scraped(&Server::installed(), &prometheus, &address, 2);
        if let Some(version_3) = Server::version_3() {
            assert_all_is_scraped(&version_3, &prometheus, &address, 3);
        }
    });
    scraped.await.unwrap();
    server.shutdown().await;
}

#[test]
#[ignore = "needs prometheus_client: tests/run"]
fn the_reference_parser_reads_everything_beside_faulty_metrics() {
    let prometheus = faulty();
    let open = by_parser(
        "prometheus_client.openmetrics.parser",
        &prometheus.render_openmetrics(),
    );
    let open: Values = open
        .into_iter()
        .map(|((name, mut labels), value)| {
            labels.retain(|_, value| !value.is_empty());
            ((name, labels), value)
        })
        .collect();
    assert_same(&open, &own(&prometheus), "prometheus_client");
}
