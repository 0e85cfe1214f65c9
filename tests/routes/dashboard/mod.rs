//! `/dashboard`: the page, its data and its stream of frames.

mod frames;
mod page;
#[cfg(all(feature = "alerts", feature = "jobs", feature = "logging"))]
mod sources;
mod stream;

use axum::Router;
use axum::body::Body;
use http::{HeaderName, Request, Response};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;
use tower_vitals::Routes;

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
