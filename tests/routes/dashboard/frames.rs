//! The values of frames.

use axum::Router;
use axum::routing::get;
use http::StatusCode;
use serde_json::{Value, json};
use tower_vitals::routes::Guard;
use tower_vitals::{HttpMetricsLayer, Prometheus, Routes};

use super::{Stream, respond};

fn routes(prometheus: &Prometheus) -> Routes {
    Routes::new()
        .metrics(prometheus.clone())
        .guard(Guard::open())
        .dashboard()
}

fn served(prometheus: &Prometheus, layer: HttpMetricsLayer) -> Router {
    Router::new()
        .route("/users/{id}", get(|| async { "someone" }))
        .route(
            "/fails",
            get(|| async { StatusCode::INTERNAL_SERVER_ERROR }),
        )
        .merge(routes(prometheus))
        .layer(layer)
}

async fn send(app: &Router, path: &str, times: usize) {
    for _ in 0..times {
        respond(app, path, &[]).await;
    }
}

/// The row of an endpoint, if the frame has it.
fn endpoint<'a>(frame: &'a Value, method: &str, endpoint: &str) -> Option<&'a Value> {
    let rows = frame["endpoints"].as_array().unwrap();
    let is_own = |row: &&Value| row[0] == method && row[1] == endpoint;
    rows.iter().find(is_own)
}

#[tokio::test(start_paused = true)]
async fn rates_are_those_of_the_requests_between_frames() {
    let prometheus = Prometheus::builder().build().unwrap();
    let layer = HttpMetricsLayer::builder().recorder(prometheus.clone());
    let app = served(&prometheus, layer.build().unwrap());
    send(&app, "/users/1", 5).await;

    let mut stream = Stream::open(&app).await;
    let first = stream.next().await;
    assert_eq!(first["full"], true);
    assert_eq!(first["seconds"], 0);
    assert_eq!(first["overview"]["requests_per_second"], Value::Null);
    let before = endpoint(&first, "GET", "/users/{id}").unwrap();
    assert_eq!(
        *before,
        json!([
            "GET",
            "/users/{id}",
            null,
            null,
            null,
            null,
            null,
            0,
            null,
            null,
            null,
            null
        ])
    );

    send(&app, "/users/2", 12).await;
    send(&app, "/fails", 4).await;
    send(&app, "/nowhere", 4).await;
    let second = stream.next().await;
    assert_eq!(
        (&second["full"], &second["seconds"]),
        (&json!(false), &json!(1))
    );
    // All durations are in the first bucket, whose bound is 5 ms.
    let (p50, p95, p99) = (0.0025, 0.00475, 0.00495);
    assert_eq!(
        *endpoint(&second, "GET", "/users/{id}").unwrap(),
        json!(["GET", "/users/{id}", 12, 0, p50, p95, p99, 0, 12, 0, 0, 0])
    );
    assert_eq!(
        *endpoint(&second, "GET", "/fails").unwrap(),
        json!(["GET", "/fails", 4, 1, p50, p95, p99, 0, 0, 0, 0, 4])
    );
    assert_eq!(
        *endpoint(&second, "GET", "unmatched").unwrap(),
        json!(["GET", "unmatched", 4, 0, p50, p95, p99, 0, 0, 0, 4, 0])
    );
    let overview = &second["overview"];
    assert_eq!(overview["requests_per_second"], 20);
    assert_eq!(overview["error_ratio"], 0.2);
    assert_eq!(overview["p95"], p95);
    // The stream itself is in progress.
    assert_eq!(overview["in_flight"], 1);

    let third = stream.next().await;
    assert_eq!(third["seconds"], 2);
    assert_eq!(endpoint(&third, "GET", "/users/{id}").unwrap()[2], 6);
    assert_eq!(third["overview"]["requests_per_second"], 10);
    // After the window nothing of it is left, and rows that do not change are not sent.
    let mut last = third;
    for _ in 0..10 {
        last = stream.next().await;
    }
    assert_eq!(last["overview"]["requests_per_second"], 0);
    assert_eq!(last["overview"]["error_ratio"], Value::Null);
    assert_eq!(last["seconds"], 10);
    let quiet = stream.next().await;
    assert_eq!(quiet["endpoints"], json!([]));
}
