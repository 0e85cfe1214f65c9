//! The example `telemetry`, as a user starts it.

use std::process::Command;

use serde_json::Value;

use crate::folder::Folder;
use crate::support::example::{Example, path};
use crate::support::request;

#[tokio::test]
async fn the_log_line_of_a_request_has_its_ids_and_the_end_loses_none() {
    let folder = Folder::new();
    let mut command = Command::new(path("telemetry"));
    command
        .env("LOG_DIR", folder.path())
        .env("ENABLE_JSON_LOGGING", "true")
        .env_remove("OTEL_EXPORTER_OTLP_ENDPOINT");
    let mut example = Example::start_command(&mut command);
    let get = async |path: &str| request(example.address(), path).await.unwrap();
    assert_eq!(get("/orders/7").await, (200, "order 7\n".into()));
    assert_eq!(get("/orders/100").await.0, 404);
    let level: Value = serde_json::from_str(&get("/admin/log-level").await.1).unwrap();
    assert_eq!(level["filter"], "info");
    let metrics = get("/metrics").await.1;
    assert!(
        metrics.contains("log_events_total{level=\"warn\"} 1\n"),
        "{metrics}"
    );

    // SIGINT ends without a delay for load balancers.
    let id = example.process.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    assert!(example.process.wait().unwrap().success());
    let text = folder.text("app.jsonl");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let find = |message: &str| {
        lines
            .iter()
            .find(|line| line["message"] == message)
            .unwrap()
    };
    let (order, of_request) = (find("the order is shown"), find("request"));
    for key in ["request_id", "trace_id", "span_id"] {
        assert!(order[key].is_string(), "{order}");
        assert_eq!(order[key], of_request[key]);
    }
    assert_eq!(of_request["status"], 200);
    assert_eq!(find("there is no such order")["level"], "WARN");
    let last = lines.last().unwrap();
    assert_eq!(
        last["message"],
        "draining: readiness is unhealthy from now on"
    );
    let alerts = folder.text("alerts.log");
    assert!(alerts.contains("there is no such order id=100"), "{alerts}");
}
