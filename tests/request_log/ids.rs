//! Request ids: which are accepted, and where they are.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream;
use http::header::HeaderName;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::{ServiceBuilder, ServiceExt};
use tower_http::catch_panic::CatchPanicLayer;
use tower_vitals::{HttpLayer, HttpMetricsLayer, RequestId, RequestIdLayer, RequestLogLayer};

use crate::capture::Capture;

const HEADER: &str = "x-request-id";

fn request(ids: &[&[u8]]) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    for id in ids {
        // Values that no parser lets through, too.
        let id = HeaderValue::from_bytes(id).unwrap();
        request.headers_mut().append(HEADER, id);
    }
    request
}

fn id_of<B>(response: &Response<B>) -> String {
    let ids: Vec<_> = response.headers().get_all(HEADER).iter().collect();
    assert_eq!(ids.len(), 1);
    ids[0].to_str().unwrap().to_owned()
}

async fn text(
    response: Response<impl http_body::Body<Data = Bytes, Error: std::fmt::Debug>>,
) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn is_uuid_v7(id: &str) -> bool {
    id.len() == 36 && id.as_bytes()[14] == b'7'
}

/// Answers with the id that its extractor, tower-http's extension and the request's header have.
async fn show(id: RequestId, request: Request<Body>) -> String {
    let shown = request
        .extensions()
        .get::<tower_http::request_id::RequestId>()
        .unwrap();
    assert_eq!(shown.header_value(), id.as_str());
    let headers: Vec<_> = request.headers().get_all(HEADER).iter().collect();
    assert_eq!(headers, [id.as_str()]);
    id.to_string()
}

async fn ask(layer: RequestIdLayer, request: Request<Body>) -> String {
    let app = Router::new().route("/", get(show)).layer(layer);
    let response = app.oneshot(request).await.unwrap();
    let id = id_of(&response);
    assert_eq!(text(response).await, id);
    id
}

#[tokio::test]
async fn a_valid_id_of_the_client_is_kept() {
    let longest = "x".repeat(64);
    for id in ["a", "_-_", "0190163d-8694-739b-aea5-966c26f8ad91", &longest] {
        assert_eq!(
            ask(RequestIdLayer::new(), request(&[id.as_bytes()])).await,
            id
        );
    }
}

#[tokio::test]
async fn a_hostile_id_is_replaced() {
    let long = "x".repeat(65);
    let hostile: [&[&[u8]]; 12] = [
        &[],
        &[b""],
        &[b" "],
        &[long.as_bytes()],
        &[b"a b"],
        &[b"a\tb"],
        &[b"\"}{\"admin\":true"],
        &[b"${jndi:ldap://x}"],
        &["ünïcode".as_bytes()],
        &[b"a\xff"],
        &[b"one", b"two"],
        &[b"same", b"same"],
    ];
    let mut ids = std::collections::HashSet::new();
    for given in hostile {
        let id = ask(RequestIdLayer::new(), request(given)).await;
        assert!(is_uuid_v7(&id), "{given:?} became {id}");
        assert!(ids.insert(id));
    }
    // A value with a newline cannot be a header's, so a client cannot send one.
    assert!(HeaderValue::from_bytes(b"a\nb").is_err());
}

#[tokio::test]
async fn ids_of_clients_can_be_refused_and_the_header_be_another() {
    let id = ask(
        RequestIdLayer::new().replace_client_ids(),
        request(&[b"mine"]),
    )
    .await;
    assert!(is_uuid_v7(&id));

    let header = HeaderName::from_static("x-correlation-id");
    let layer = RequestIdLayer::new().header(header.clone());
    let app = Router::new()
        .route("/", get(|id: RequestId| async move { id.to_string() }))
        .layer(layer);
    let mut asked = request(&[b"not-mine"]);
    asked
        .headers_mut()
        .insert(&header, HeaderValue::from_static("mine"));
    let response = app.oneshot(asked).await.unwrap();
    assert_eq!(response.headers()[&header], "mine");
    assert!(!response.headers().contains_key(HEADER));
    assert_eq!(text(response).await, "mine");
}

#[tokio::test]
async fn every_response_has_the_id() {
    let reject = |request: Request<Body>| async move {
        if request.uri().path() == "/rejected" {
            return Err(StatusCode::UNAUTHORIZED);
        }
        Ok(request)
    };
    let app = Router::new()
        .route("/panics", get(|| async { panic!("on demand") as () }))
        .route(
            "/fails",
            get(|| async { StatusCode::INTERNAL_SERVER_ERROR }),
        )
        .route("/own", get(|| async { ([(HEADER, "another")], "body") }))
        .route("/rejected", get(|| async {}));
    let service = ServiceBuilder::new()
        .layer(RequestIdLayer::new())
        .layer(CatchPanicLayer::new())
        .layer(axum::middleware::from_fn(
            move |request: Request<Body>, next: axum::middleware::Next| async move {
                match reject(request).await {
                    Ok(request) => next.run(request).await,
                    Err(status) => axum::response::IntoResponse::into_response(status),
                }
            },
        ))
        .service(app);
    for (path, status) in [
        ("/panics", 500),
        ("/fails", 500),
        ("/own", 200),
        ("/rejected", 401),
        ("/absent", 404),
    ] {
        let mut asked = request(&[b"mine"]);
        *asked.uri_mut() = path.parse().unwrap();
        let response = service.clone().oneshot(asked).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), id_of(&response)),
            (status, "mine".into())
        );
    }
}

#[tokio::test]
async fn every_log_line_of_a_request_has_its_id() {
    let (capture, _guard) = Capture::new();
    let app = Router::new().route(
        "/",
        get(|| async {
            tracing::info!("in the handler");
            let frames = [0, 1].map(|_| Ok::<_, Infallible>(Bytes::from_static(b"x")));
            Body::from_stream(stream::iter(frames.into_iter().inspect(|_| {
                tracing::info!("in the body");
            })))
        }),
    );
    for layer in [
        HttpLayer::new().request_id(RequestIdLayer::new()),
        HttpLayer::new()
            .request_id(RequestIdLayer::new())
            .metrics(HttpMetricsLayer::new())
            .log(RequestLogLayer::new()),
    ] {
        let before = capture.with_message("in the body").len();
        let response = app
            .clone()
            .layer(layer)
            .oneshot(request(&[b"mine"]))
            .await
            .unwrap();
        text(response).await;
        assert_eq!(capture.with_message("in the body").len(), before + 2);
    }
    let messages = ["in the handler", "in the body", "request"];
    let lines: Vec<_> = messages
        .iter()
        .flat_map(|message| capture.with_message(message))
        .collect();
    assert_eq!(lines.len(), 2 + 4 + 1);
    for line in lines {
        assert_eq!(capture.request_ids(&line), ["mine"], "{line:?}");
    }
    assert!(capture.spans().iter().all(|span| span.is_closed));
}

#[tokio::test]
async fn without_the_layer_the_extractor_rejects() {
    let app: Router = Router::new().route("/", get(show));
    let response = app.oneshot(request(&[b"mine"])).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
}
