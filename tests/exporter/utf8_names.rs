//! Names of all characters: what each scraper gets of them.
#![allow(
    clippy::disallowed_macros,
    reason = "services record with these macros"
)]

use std::collections::HashSet;

use crate::support::exposition::Labels;
use crate::support::log::Log;
use crate::support::prometheus::Server;
use axum::Router;
use axum::body::Body;
use http::Request;
use http::header::{ACCEPT, CONTENT_TYPE};
use http_body_util::BodyExt;
use metrics::{counter, describe_histogram, gauge, histogram, with_local_recorder};
use proptest::prelude::*;
use tower::ServiceExt;
use tower_vitals::exporter::PrometheusBuilder;
use tower_vitals::{Prometheus, Routes};

const OPEN: &str = "application/openmetrics-text;version=1.0.0";
const TEXT: &str = "text/plain;version=1.0.0";

fn record(builder: PrometheusBuilder, metrics: impl FnOnce()) -> Prometheus {
    let prometheus = builder.build().unwrap();
    with_local_recorder(&prometheus, metrics);
    prometheus
}

/// A recorder that keeps all names.
fn kept(metrics: impl FnOnce()) -> Prometheus {
    record(Prometheus::builder().utf8_names(), metrics)
}

/// The content type, and the lines that name none of the recorder's own metrics.
async fn scrape(prometheus: &Prometheus, accept: &str) -> (String, String) {
    let app: Router = Routes::new().metrics(prometheus.clone()).into();
    let request = Request::get("/metrics").header(ACCEPT, accept);
    let response = app.oneshot(request.body(Body::empty()).unwrap()).await;
    let (parts, body) = response.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    let own = |line: &&str| !line.contains("monitoring_") && !line.contains("monitoring__");
    let lines: Vec<_> = text.lines().filter(own).collect();
    let content_type = parts.headers[CONTENT_TYPE].to_str().unwrap().to_owned();
    (content_type, lines.join("\n"))
}

fn dotted() {
    describe_histogram!("http.server.request.duration", "The \"time\".");
    histogram!("http.server.request.duration", "http.route" => "/a\"b", "le_a" => "1").record(0.3);
    counter!("größe.sold_total").increment(2);
    gauge!("plain_name", "a.b" => "x").set(1.5);
}

fn buckets() -> PrometheusBuilder {
    let builder = Prometheus::builder().utf8_names();
    builder.buckets("http.server.request.duration", &[0.25, 1.0])
}

#[tokio::test]
async fn names_are_quoted_for_scrapers_that_take_them() {
    let prometheus = record(buckets(), dotted);
    let (content_type, text) = scrape(&prometheus, &format!("{TEXT};escaping=allow-utf-8")).await;
    assert_eq!(
        content_type,
        "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
    );
    let expected = r#"# TYPE "größe.sold_total" counter
{"größe.sold_total"} 2
# HELP "http.server.request.duration" The "time".
# TYPE "http.server.request.duration" histogram
{"http.server.request.duration_bucket","http.route"="/a\"b",le_a="1",le="0.25"} 0
{"http.server.request.duration_bucket","http.route"="/a\"b",le_a="1",le="1"} 1
{"http.server.request.duration_bucket","http.route"="/a\"b",le_a="1",le="+Inf"} 1
{"http.server.request.duration_sum","http.route"="/a\"b",le_a="1"} 0.3
{"http.server.request.duration_count","http.route"="/a\"b",le_a="1"} 1
# TYPE plain_name gauge
plain_name{"a.b"="x"} 1.5"#;
    assert_eq!(sorted(&text), sorted(expected));

    let (content_type, text) = scrape(&prometheus, &format!("{OPEN};escaping=allow-utf-8")).await;
    assert_eq!(
        content_type,
        "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
    );
    let expected = r#"# TYPE "größe.sold" counter
{"größe.sold_total"} 2
# TYPE "http.server.request.duration" histogram
# HELP "http.server.request.duration" The \"time\".
{"http.server.request.duration_bucket","http.route"="/a\"b",le_a="1",le="0.25"} 0
{"http.server.request.duration_bucket","http.route"="/a\"b",le_a="1",le="1.0"} 1
{"http.server.request.duration_bucket","http.route"="/a\"b",le_a="1",le="+Inf"} 1
{"http.server.request.duration_sum","http.route"="/a\"b",le_a="1"} 0.3
{"http.server.request.duration_count","http.route"="/a\"b",le_a="1"} 1
# TYPE plain_name gauge
plain_name{"a.b"="x"} 1.5
# EOF"#;
    assert_eq!(sorted(&text), sorted(expected));
}

/// The families stand in the order of their names, which those of the recorder are among.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[tokio::test]
async fn other_scrapers_get_names_that_they_take() {
    let prometheus = record(buckets(), dotted);
    for (accept, escaping, samples) in [
        (
            "text/plain;version=0.0.4",
            "",
            [
                r"gr__e_sold_total 2",
                r#"http_server_request_duration_bucket{http_route="/a\"b",le_a="1",le="1"} 1"#,
                r#"http_server_request_duration_count{http_route="/a\"b",le_a="1"} 1"#,
                r#"plain_name{a_b="x"} 1.5"#,
            ],
        ),
        (
            "text/plain;version=1.0.0;escaping=underscores",
            "underscores",
            [
                r"gr__e_sold_total 2",
                r#"http_server_request_duration_bucket{http_route="/a\"b",le_a="1",le="1"} 1"#,
                r#"http_server_request_duration_count{http_route="/a\"b",le_a="1"} 1"#,
                r#"plain_name{a_b="x"} 1.5"#,
            ],
        ),
        (
            "text/plain;version=1.0.0;escaping=dots",
            "dots",
            [
                r"gr____e_dot_sold__total 2",
                r#"http_dot_server_dot_request_dot_duration_bucket{http_dot_route="/a\"b",le__a="1",le="1"} 1"#,
                r#"http_dot_server_dot_request_dot_duration_count{http_dot_route="/a\"b",le__a="1"} 1"#,
                r#"plain__name{a_dot_b="x"} 1.5"#,
            ],
        ),
        (
            "text/plain;version=1.0.0;escaping=values",
            "values",
            [
                r"U__gr_f6__df_e_2e_sold__total 2",
                r#"U__http_2e_server_2e_request_2e_duration_bucket{U__http_2e_route="/a\"b",le_a="1",le="1"} 1"#,
                r#"U__http_2e_server_2e_request_2e_duration_count{U__http_2e_route="/a\"b",le_a="1"} 1"#,
                r#"plain_name{U__a_2e_b="x"} 1.5"#,
            ],
        ),
    ] {
        let (content_type, text) = scrape(&prometheus, accept).await;
        let known = content_type.split_once("; escaping=");
        assert_eq!(known.map_or("", |(_, escaping)| escaping), escaping);
        for sample in samples {
            assert!(text.lines().any(|line| line == sample), "{sample}: {text}");
        }
        assert!(!text.contains("{\""), "{text}");
    }
    assert!(
        prometheus
            .render()
            .contains("\nplain_name{a_b=\"x\"} 1.5\n")
    );
    let snapshot = prometheus.snapshot();
    assert_eq!(snapshot.sum("größe.sold_total", &[]), Some(2.0));
    assert_eq!(snapshot.sum("plain_name", &[("a.b", "x")]), Some(1.5));
    assert!(prometheus.remove("plain_name", &[("a.b", "x")]));
    assert!(!prometheus.render().contains("plain_name{"));
}

#[tokio::test]
async fn without_the_setting_nothing_changes() {
    let prometheus = record(Prometheus::builder(), || {
        dotted();
        counter!("a.b").increment(1);
        counter!("a_b").increment(1);
    });
    for (accept, expected) in [
        (TEXT, "text/plain; version=0.0.4; charset=utf-8"),
        (
            OPEN,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
    ] {
        let (content_type, plain) = scrape(&prometheus, accept).await;
        assert_eq!(content_type, expected);
        assert!(plain.contains("\na_b 2\n"), "{plain}");
        for escaping in ["allow-utf-8", "underscores", "dots", "values"] {
            let asked = scrape(&prometheus, &format!("{accept};escaping={escaping}")).await;
            assert_eq!(asked, (expected.to_owned(), plain.clone()));
        }
    }
}

#[tokio::test]
async fn of_two_metrics_that_become_one_the_first_is_shown() {
    let (log, _guard) = Log::of_this_thread();
    let prometheus = kept(|| {
        counter!("a.b_total").increment(1);
        counter!("a_b_total").increment(2);
        counter!("a/b_total").increment(3);
        gauge!("h.x_count").set(4.0);
        histogram!("h_x").record(5.0);
        histogram!("i_x").record(6.0);
        gauge!("i.x_sum").set(7.0);
    });
    for accept in ["text/plain", OPEN] {
        let (_, text) = scrape(&prometheus, accept).await;
        let samples: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let is_of = |line: &&&str| {
            ["a_b_total", "h_x", "i_x_sum"]
                .iter()
                .any(|name| line.starts_with(name))
        };
        let shown: Vec<_> = samples.iter().filter(is_of).copied().collect();
        assert_eq!(shown, ["a_b_total 1", "h_x_count 4", "i_x_sum 6"], "{text}");
        assert_eq!(text.matches("# TYPE h_x").count(), 1, "{text}");
    }
    let escaping = ["allow-utf-8", "dots", "values"];
    for escaping in escaping {
        let (_, text) = scrape(&prometheus, &format!("{TEXT};escaping={escaping}")).await;
        for value in [1, 2, 3, 4, 5, 6, 7] {
            let end = format!(" {value}");
            assert!(text.lines().any(|line| line.ends_with(&end)), "{text}");
        }
    }
    let text = log.text();
    let warnings = text.matches("scrapers that cannot take the metric's name do not get it");
    assert_eq!(warnings.count(), 4, "{text}");
    assert!(
        text.contains("a_b_total") && text.contains("a.b_total"),
        "{text}"
    );
}

#[tokio::test]
async fn labels_that_become_one_are_one() {
    let (log, _guard) = Log::of_this_thread();
    let builder = Prometheus::builder()
        .utf8_names()
        .global_label("host.name", "h");
    let prometheus = record(builder, || {
        counter!("a_total", "x.y" => "1").increment(1);
        counter!("a_total", "x_y" => "1").increment(2);
        counter!("a_total", "x_y" => "2", "x.y" => "3").increment(4);
        counter!("a_total", "x.y" => "4", "host_name" => "own").increment(8);
        counter!("a_total", "x.y" => "5", "host_name" => "h").increment(16);
        counter!("b_total", "x_y" => "1").increment(1);
    });
    let lines = |text: &str| -> Vec<String> {
        let own = text.lines().filter(|line| line.starts_with(['a', 'b']));
        own.map(str::to_owned).collect()
    };
    let (_, text) = scrape(&prometheus, &format!("{TEXT};escaping=allow-utf-8")).await;
    assert_eq!(
        lines(&text),
        [
            r#"a_total{"host.name"="h","x.y"="1"} 3"#,
            r#"a_total{"host.name"="h",exported_x_y="2","x.y"="3"} 4"#,
            r#"a_total{"x.y"="4","host.name"="own"} 8"#,
            r#"a_total{"host.name"="h","x.y"="5"} 16"#,
            r#"b_total{"host.name"="h",x_y="1"} 1"#,
        ]
    );
    let (_, text) = scrape(&prometheus, "text/plain").await;
    assert_eq!(
        lines(&text),
        [
            r#"a_total{host_name="h",x_y="1"} 3"#,
            r#"a_total{host_name="h",exported_x_y="2",x_y="3"} 4"#,
            r#"a_total{x_y="4",host_name="own"} 8"#,
            r#"a_total{host_name="h",x_y="5"} 16"#,
            r#"b_total{host_name="h",x_y="1"} 1"#,
        ]
    );
    let text = log.text();
    assert_eq!(text.matches("they are one label").count(), 1, "{text}");
}

#[test]
fn mistaken_labels_of_every_series_are_errors() {
    let build = |labels: &[&'static str]| {
        let mut builder = Prometheus::builder().utf8_names();
        for label in labels {
            builder = builder.global_label(*label, "1");
        }
        builder.build().map(drop).map_err(|error| error.to_string())
    };
    assert!(build(&["host.name", "größe"]).is_ok());
    for labels in [&["_.x"], &[""], &["a\"b"], &["le"]] {
        assert!(build(labels).unwrap_err().contains("global label"));
    }
    let error = build(&["a.b", "a_b"]).unwrap_err();
    assert!(
        error.contains(r#"global labels "a.b" and "a_b""#),
        "{error}"
    );
    let error = Prometheus::builder().global_label("host.name", "1").build();
    assert!(error.is_err());
}

/// A recorder of names that a parser could stumble over.
fn unusual() -> Prometheus {
    let builder = Prometheus::builder()
        .utf8_names()
        .global_label("host.name", "a\"b\\");
    record(builder, || {
        counter!("shop.größe in m².sold_total", "http.route" => "/{id}").increment(2);
        gauge!("shop.{a=\"b\"} # 1", "x,y" => "1", "maß }" => "2").set(-0.5);
        histogram!("shop.wait.seconds", "le.a" => "1").record(0.3);
        counter!("shop.a.b").increment(1);
        counter!("shop.a_b").increment(2);
        gauge!("shop.9", "9" => "1").set(9.0);
        gauge!("shop_plain", "plain" => "1").set(1.0);
    })
}

/// The samples of the shop but for buckets, without the labels of the target.
fn stored(server: &Server, example: &str) -> Vec<String> {
    let samples = server.query(&format!("{{example=\"{example}\",__name__=~\"shop.*\"}}"));
    let sample = |sample: &serde_json::Value| {
        let mut labels: Labels = serde_json::from_value(sample["metric"].clone()).unwrap();
        for own in ["example", "instance", "job"] {
            labels.remove(own);
        }
        format!("{labels:?} {}", sample["value"][1].as_str().unwrap())
    };
    let mut samples: Vec<_> = samples.iter().map(sample).collect();
    samples.retain(|sample| !sample.contains("\"le\": "));
    samples.sort_unstable();
    samples
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Prometheus: tests/run"]
async fn prometheus_3_has_all_names_and_prometheus_2_underscores() {
    let server = Routes::new().metrics(unusual()).spawn("127.0.0.1:0").await;
    let server = server.unwrap();
    let address = server.local_addr().to_string();
    let scraped = tokio::task::spawn_blocking(move || {
        let scrape = |prometheus: &Server, version: u8| {
            let name = format!("utf8-{version}-{}", std::process::id());
            let _target = prometheus.scrape(&address, "/metrics", &name);
            let up = prometheus.answers(&format!("up{{example=\"{name}\"}}"), |_| true);
            assert_eq!(up, 1.0, "Prometheus {version}");
            (stored(prometheus, &name), name)
        };
        let (two, _) = scrape(&Server::installed(), 2);
        assert_eq!(
            two,
            [
                r#"{"_": "1", "__name__": "shop_9", "host_name": "a\"b\\"} 9"#,
                r#"{"__name__": "shop__a__b_____1", "host_name": "a\"b\\", "ma___": "2", "x_y": "1"} -0.5"#,
                r#"{"__name__": "shop_a_b", "host_name": "a\"b\\"} 1"#,
                r#"{"__name__": "shop_gr__e_in_m__sold_total", "host_name": "a\"b\\", "http_route": "/{id}"} 2"#,
                r#"{"__name__": "shop_plain", "host_name": "a\"b\\", "plain": "1"} 1"#,
                r#"{"__name__": "shop_wait_seconds_count", "host_name": "a\"b\\", "le_a": "1"} 1"#,
                r#"{"__name__": "shop_wait_seconds_sum", "host_name": "a\"b\\", "le_a": "1"} 0.3"#,
            ]
        );
        if let Some(prometheus) = Server::version_3() {
            let (three, name) = scrape(&prometheus, 3);
            assert_eq!(
                three,
                [
                    r#"{"9": "1", "__name__": "shop.9", "host.name": "a\"b\\"} 9"#,
                    r#"{"__name__": "shop.a.b", "host.name": "a\"b\\"} 1"#,
                    r#"{"__name__": "shop.a_b", "host.name": "a\"b\\"} 2"#,
                    r#"{"__name__": "shop.größe in m².sold_total", "host.name": "a\"b\\", "http.route": "/{id}"} 2"#,
                    r#"{"__name__": "shop.wait.seconds_count", "host.name": "a\"b\\", "le.a": "1"} 1"#,
                    r#"{"__name__": "shop.wait.seconds_sum", "host.name": "a\"b\\", "le.a": "1"} 0.3"#,
                    r#"{"__name__": "shop.{a=_b_} # 1", "host.name": "a\"b\\", "maß }": "2", "x,y": "1"} -0.5"#,
                    r#"{"__name__": "shop_plain", "host.name": "a\"b\\", "plain": "1"} 1"#,
                ]
            );
            let count =
                format!("{{\"shop.wait.seconds_count\",\"le.a\"=\"1\",example=\"{name}\"}}");
            assert_eq!(prometheus.answers(&count, |_| true), 1.0);
        }
    });
    scraped.await.unwrap();
    server.shutdown().await;
}

/// What each recorded metric is, by the number of its kind.
fn record_one(kind: u8, name: String, labels: Vec<(String, String)>) {
    match kind {
        0 => counter!(name, &labels).increment(1),
        1 => gauge!(name, &labels).set(1.0),
        _ => histogram!(name, &labels).record(1.0),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Names and labels that differ in little, each scraper's text, and no sample twice.
    #[test]
    fn no_sample_stands_twice_in_any_escaping(
        metrics in prop::collection::vec(
            (
                0..3_u8,
                "[a._]{1,3}(_total|\\.total|_count|_sum|_bucket)?",
                prop::collection::vec(("[x._]{1,2}", "[12]"), 0..3),
            ),
            1..12,
        ),
    ) {
        let prometheus = kept(|| {
            for (kind, name, labels) in metrics {
                record_one(kind, name, labels);
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for accept in [TEXT, OPEN] {
            for escaping in ["underscores", "dots", "values", "allow-utf-8"] {
                let accept = format!("{accept};escaping={escaping}");
                let (_, text) = runtime.block_on(scrape(&prometheus, &accept));
                let mut seen = HashSet::new();
                for line in text.lines().filter(|line| !line.starts_with("# HELP")) {
                    let id = line.rsplit_once(' ').unwrap().0;
                    // Labels in one order, because theirs is that of the first record.
                    let mut parts: Vec<_> = id.split(['{', ',', '}']).collect();
                    parts.sort_unstable();
                    prop_assert!(seen.insert(parts), "{}: {}", line, text);
                }
            }
        }
    }
}
