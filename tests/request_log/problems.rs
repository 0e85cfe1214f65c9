//! The problems that the routes answer with have the id of the request.

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};
use tower_vitals::{Health, RequestIdLayer, Routes};

fn routes() -> Routes {
    Routes::new().health(Health::builder().build().unwrap())
}

async fn problem(path: &str, method: &str, is_router: bool, has_id: bool) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("x-request-id", "mine")
        .body(Body::empty())
        .unwrap();
    let response = match (is_router, has_id) {
        (true, true) => Router::new()
            .merge(routes())
            .layer(RequestIdLayer::new())
            .oneshot(request)
            .await
            .unwrap(),
        (true, false) => Router::new()
            .merge(routes())
            .oneshot(request)
            .await
            .unwrap(),
        (false, _) => {
            let service = RequestIdLayer::new().layer(routes().into_service());
            service.oneshot(request).await.unwrap().map(Body::new)
        }
    };
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn a_problem_has_the_id_of_its_request() {
    for (path, method, is_router, status) in [
        ("/health/detailed", "GET", true, 403),
        ("/livez", "POST", true, 405),
        ("/absent", "GET", false, 404),
    ] {
        let (answered, mut body) = problem(path, method, is_router, true).await;
        assert_eq!((answered, &body["status"]), (status, &json!(status)));
        let members = body.as_object_mut().unwrap();
        assert_eq!(members.remove("request_id"), Some(json!("mine")));
        let names: Vec<_> = members.keys().collect();
        assert_eq!(names, ["detail", "status", "title", "type"]);
    }
}

#[tokio::test]
async fn a_problem_without_an_id_has_no_such_member() {
    let (status, body) = problem("/livez", "POST", true, false).await;
    assert_eq!((status, body.get("request_id")), (405, None));
}
