//! Real Pushgateways, of Debian and a current one: what they take, and what they say to a push that they refuse.
#![allow(
    clippy::disallowed_macros,
    reason = "services record with these macros"
)]

use metrics::{counter, describe_counter, gauge, histogram, with_local_recorder};
use serde_json::Value;
use tower_vitals::exporter::Pushgateway;
use tower_vitals::{ErrorKind, Prometheus};

use crate::support::prometheus::curl;
use crate::support::{env, request};

/// The addresses. The current one is missing if it could not be downloaded, which `tests/servers` and `tests/run` report.
fn gateways() -> Vec<String> {
    let all = ["VITALS_PUSHGATEWAY", "VITALS_PUSHGATEWAY_CURRENT"].map(env);
    all.into_iter().filter(|url| !url.is_empty()).collect()
}

async fn get(url: &str, path: &str) -> String {
    let address = url.strip_prefix("http://").unwrap();
    let (status, text) = request(address, path).await.unwrap();
    assert_eq!(status, 200, "{text}");
    text
}

/// Everything that the recorder can hold.
fn full() -> Prometheus {
    let builder = Prometheus::builder().utf8_names();
    let prometheus = builder.buckets("import.wait", &[0.5]).build().unwrap();
    with_local_recorder(&prometheus, || {
        describe_counter!("import.rows.read_total", "Rows \\ read\nin \"all\".");
        counter!("import.rows.read_total", "file.name" => "a\"b\\c\nd ü").increment(7);
        counter!("import_rows").increment(1);
        gauge!("import.endless").set(f64::INFINITY);
        gauge!("import_nothing").set(f64::NAN);
        gauge!("import_small").set(1e-300);
        histogram!("import.wait", "le.x" => "1").record(0.25);
    });
    prometheus
}

#[tokio::test]
#[ignore = "needs a Pushgateway: tests/run"]
async fn each_gateway_takes_all_metrics_with_plain_names() {
    for url in gateways() {
        let gateway = Pushgateway::new(&url, "full").unwrap();
        gateway.push(&full()).await.unwrap();
        let text = get(&url, "/metrics").await;
        for sample in [
            r#"import_rows_read_total{file_name="a\"b\\c\nd ü",instance="",job="full"} 7"#,
            r#"import_rows{instance="",job="full"} 1"#,
            r#"import_endless{instance="",job="full"} +Inf"#,
            r#"import_nothing{instance="",job="full"} NaN"#,
            r#"import_small{instance="",job="full"} 1e-300"#,
            r#"import_wait_bucket{instance="",job="full",le_x="1",le="0.5"} 1"#,
            r#"import_wait_bucket{instance="",job="full",le_x="1",le="+Inf"} 1"#,
            r#"import_wait_sum{instance="",job="full",le_x="1"} 0.25"#,
            r#"import_wait_count{instance="",job="full",le_x="1"} 1"#,
            r#"# HELP import_rows_read_total Rows \\ read\nin "all"."#,
        ] {
            assert!(
                text.lines().any(|line| line == sample),
                "{url}, {sample}: {text}"
            );
        }
        gateway.delete().await.unwrap();
    }
}

/// The gateway keeps the group of a push that it refuses, so its metrics alone tell nobody.
#[tokio::test]
#[ignore = "needs a Pushgateway: tests/run"]
async fn a_refused_push_is_an_error_with_the_gateways_text() {
    for url in gateways() {
        let first = Pushgateway::new(&url, "first").unwrap();
        first.push(&full()).await.unwrap();
        // The same name with another type.
        let other = Prometheus::builder().build().unwrap();
        with_local_recorder(&other, || gauge!("import_rows").set(1.0));
        let refused = Pushgateway::new(&url, "refused").unwrap();
        for error in [
            refused.push(&other).await.unwrap_err(),
            refused.add(&other).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Io);
            let text = error.to_string();
            for part in [
                "for job \"refused\" failed",
                "400 Bad Request: pushed metrics are invalid or inconsistent with existing metrics",
                "\"import_rows\" {",
            ] {
                assert!(text.contains(part), "{url}, {part}: {text}");
            }
        }
        let groups: Value =
            serde_json::from_str(&curl(&[&format!("{url}/api/v1/metrics")])).unwrap();
        let groups = groups["data"].as_array().unwrap();
        let is_refused = |group: &&Value| group["labels"]["job"] == "refused";
        let group = groups.iter().find(is_refused).unwrap();
        assert_eq!(group["last_push_successful"], false, "{group}");
        for gateway in [first, refused] {
            gateway.delete().await.unwrap();
        }
    }
}
