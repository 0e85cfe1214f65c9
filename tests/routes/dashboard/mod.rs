//! `/dashboard`: the page, its data and its stream of frames.

mod frames;
#[cfg(feature = "full")]
mod hints;
mod history;
mod names;
mod page;
#[cfg(all(feature = "alerts", feature = "jobs", feature = "logging"))]
mod sources;
mod stream;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{HeaderName, Request, Response, StatusCode};
use http_body_util::BodyExt;
use metrics::{Counter, Histogram, Key, Label, Level, Metadata, Recorder};
use serde_json::Value;
use tower::ServiceExt;
use tower_vitals::routes::Guard;
use tower_vitals::{HttpMetricsLayer, Prometheus, Routes};

/// Requests a path without a `Host`, as no browser does.
async fn respond(app: &Router, path: &str, headers: &[(HeaderName, &str)]) -> Response<Body> {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    app.clone().oneshot(request).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

async fn json(app: &Router, path: &str) -> Value {
    let response = respond(app, path, &[]).await;
    let status = response.status();
    let body = text(response).await;
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

/// The frames that one client receives.
struct Stream(Body);

impl Stream {
    async fn open(app: &Router) -> Self {
        let response = respond(app, "/dashboard/events", &[]).await;
        assert_eq!(response.status(), 200);
        Self(response.into_body())
    }

    /// The bytes of the next frame; `None` if the stream has ended.
    async fn bytes(&mut self) -> Option<Vec<u8>> {
        let frame = self.0.frame().await?.unwrap();
        Some(frame.into_data().unwrap().to_vec())
    }

    async fn next(&mut self) -> Value {
        let bytes = self.bytes().await.expect("a frame");
        data(std::str::from_utf8(&bytes).unwrap())
    }
}

/// The data of one event, which is one line.
fn data(event: &str) -> Value {
    let data = event
        .strip_prefix("event: frame\ndata: ")
        .and_then(|rest| rest.strip_suffix("\n\n"))
        .unwrap_or_else(|| panic!("no frame: {event}"));
    assert!(!data.contains('\n'), "{data}");
    serde_json::from_str(data).unwrap()
}

fn app(routes: Routes) -> Router {
    routes.build().unwrap()
}

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

fn key(name: &'static str, labels: &[(&'static str, &str)]) -> Key {
    let labels = labels.iter();
    let labels = labels.map(|(name, value)| Label::new(*name, (*value).to_owned()));
    Key::from_parts(name, labels.collect::<Vec<_>>())
}

fn counter(
    prometheus: &Prometheus,
    name: &'static str,
    labels: &[(&'static str, &str)],
) -> Counter {
    prometheus.register_counter(&key(name, labels), &METADATA)
}

fn histogram(
    prometheus: &Prometheus,
    name: &'static str,
    labels: &[(&'static str, &str)],
) -> Histogram {
    prometheus.register_histogram(&key(name, labels), &METADATA)
}

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

/// The row of a family, if the frame has it.
fn family<'a>(frame: &'a Value, name: &str) -> Option<&'a Value> {
    let rows = frame["families"].as_array().unwrap();
    rows.iter().find(|row| row[0] == name)
}
