//! The routes of alerts: wrong requests, guards, methods and paths.

use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use serde_json::Value as Json;
use tower::ServiceExt;
use tower_vitals::routes::Guard;

use crate::alert_shop::{Shop, assert_shape};

const SHOWN: [&str; 6] = [
    "/alerts",
    "/alerts/history",
    "/alerts/stats",
    "/alerts/rules",
    "/alerts/rules/CheckFailing/explain",
    "/alerts/silences",
];

const ACTS: [&str; 6] = [
    "/alerts/0123456789abcdef/acknowledge",
    "/alerts/0123456789abcdef/resolve",
    "/alerts/0123456789abcdef/suppress",
    "/alerts/suppress",
    "/alerts/silences/local-1/end",
    "/alerts/channels/pager/test",
];

const MISTAKES: [(&str, u16, &str); 20] = [
    (
        "/alerts?state=gone",
        400,
        "Parameter state is \"gone\": inactive, pending, firing and resolved are allowed.",
    ),
    (
        "/alerts?level=high",
        400,
        "Parameter level is \"high\": info, warning, error and critical are allowed.",
    ),
    (
        "/alerts?limit=0",
        400,
        "Parameter limit is \"0\": a whole number from 1 to 1000 is allowed.",
    ),
    (
        "/alerts?limit=1001",
        400,
        "Parameter limit is \"1001\": a whole",
    ),
    (
        "/alerts?limit=-1",
        400,
        "Parameter limit is \"-1\": a whole",
    ),
    (
        "/alerts?cursor=2",
        400,
        "Parameter cursor is \"2\": the next_cursor of a page is needed.",
    ),
    (
        "/alerts?cursor=00-000000000000000g-0123456789abcdef",
        400,
        "Parameter cursor is",
    ),
    (
        "/alerts?cursor=%C3%A9%C3%A9-0000000000000000-0123456789abcd",
        400,
        "Parameter cursor is",
    ),
    (
        "/alerts?name=a&name=b",
        400,
        "Parameter name is repeated: once is allowed.",
    ),
    (
        "/alerts?page=2",
        400,
        "Parameter \"page\" is unknown: state, level, name, limit and cursor are allowed.",
    ),
    (
        "/alerts?name=%ff",
        400,
        "The query has \"%ff\", which is not UTF-8.",
    ),
    (
        "/alerts/history?alert=12",
        400,
        "Parameter alert is \"12\": the id of an alert is needed, which has 16 hexadecimal digits.",
    ),
    (
        "/alerts/history?since=today",
        400,
        "Parameter since is \"today\": a time like 2026-11-21T00:00:00Z (RFC 3339) is needed.",
    ),
    (
        "/alerts/history?cursor=x",
        400,
        "Parameter cursor is \"x\": the next_cursor of a page is needed.",
    ),
    (
        "/alerts/history?cursor=-1",
        400,
        "Parameter cursor is \"-1\": the",
    ),
    (
        "/alerts/history?limit=x",
        400,
        "Parameter limit is \"x\": a whole",
    ),
    (
        "/alerts/history?limit=1&limit=1",
        400,
        "Parameter limit is repeated: once is allowed.",
    ),
    (
        "/alerts/history?state=firing",
        400,
        "Parameter \"state\" is unknown: alert, since, limit and cursor are allowed.",
    ),
    (
        "/alerts/rules/CheckFailin/explain",
        404,
        "There is no rule and no alert \"CheckFailin\". The names are: CheckFailing, NoRequests.",
    ),
    (
        "/alerts/rules/%ff/explain",
        400,
        "The name in the path is not UTF-8.",
    ),
];

fn ids(page: &Json) -> Vec<String> {
    let alerts = page["alerts"].as_array().unwrap().iter();
    alerts
        .map(|alert| alert["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn errors_name_the_wrong_parameter_or_the_unknown_rule() {
    let shop = Shop::new();
    for (path, status, detail) in MISTAKES {
        let (found, body) = shop.get(path).await;
        assert_eq!(found, status, "{path}: {body}");
        let said = body["detail"].as_str().unwrap();
        assert!(said.starts_with(detail), "{path}: {said}");
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_a_503_and_no_empty_list() {
    let mut shop = Shop::new();
    shop.store.is_away.store(true, Ordering::Relaxed);
    for path in ["/alerts", "/alerts/silences", "/alerts/history"] {
        let (status, body) = shop.get(path).await;
        assert_eq!(status, 503, "{path}: {body}");
        let said = body["detail"].as_str().unwrap();
        assert!(
            said.ends_with("the service's log says why."),
            "{path}: {said}"
        );
    }
    let numbers = shop.ok("/alerts/stats").await;
    assert_shape(&numbers, "stats");
    assert!(numbers["store_error"].is_string(), "{numbers}");
    assert_shape(&shop.ok("/alerts/rules").await, "rules");
    let explained = shop.ok("/alerts/rules/CheckFailing/explain").await;
    assert_eq!(explained["data"], "not_evaluated");
    shop.store.is_away.store(false, Ordering::Relaxed);
    shop.tick().await;
    assert_eq!(ids(&shop.ok("/alerts").await).len(), 1);
    // Once the alerts are read, they are shown, also if the store goes away.
    shop.store.is_away.store(true, Ordering::Relaxed);
    assert_eq!(ids(&shop.ok("/alerts").await).len(), 1);
    assert_eq!(shop.get("/alerts/history").await.0, 503);
}

#[tokio::test]
async fn they_are_never_open() {
    let shop = Shop::new();
    let send = async |routes: tower_vitals::Routes, method: Method, path: &str| {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Body::empty()).unwrap();
        Router::from(routes)
            .oneshot(request)
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    let paths = SHOWN.map(|path| (Method::GET, path)).into_iter();
    for (method, path) in paths.chain(ACTS.map(|path| (Method::POST, path))) {
        let closed = shop.routes();
        assert_eq!(send(closed, method.clone(), path).await, 403, "{path}");
        let guarded = shop.routes().guard(Guard::bearer("s3cret"));
        assert_eq!(send(guarded, method.clone(), path).await, 401, "{path}");
    }
    // A page of another origin changes nothing, even where the guard is open.
    let request = Request::post("/alerts/suppress").header("sec-fetch-site", "cross-site");
    let response = shop.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), 403);
    // Without alerts there are no routes.
    let none = tower_vitals::Routes::new().guard(Guard::open());
    assert_eq!(send(none, Method::GET, "/alerts").await, 404);
}

#[tokio::test]
async fn each_route_has_its_methods() {
    let shop = Shop::new();
    let send = async |method: Method, path: &str| {
        let request = Request::builder().method(method).uri(path);
        shop.send(request.body(Body::empty()).unwrap()).await
    };
    for path in SHOWN {
        let head = send(Method::HEAD, path).await;
        assert_eq!(
            (head.status().as_u16(), &head.headers()["cache-control"]),
            (200, &"no-store".parse().unwrap())
        );
        let body = axum::body::to_bytes(head.into_body(), 1).await.unwrap();
        assert!(body.is_empty(), "{path}");
        for method in [Method::POST, Method::OPTIONS, Method::DELETE] {
            let response = send(method.clone(), path).await;
            assert_eq!(response.status(), 405, "{method} {path}");
            assert_eq!(response.headers()["allow"], "GET, HEAD");
        }
    }
    for path in ACTS {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT] {
            let response = send(method.clone(), path).await;
            assert_eq!(response.status(), 405, "{method} {path}");
            assert_eq!(response.headers()["allow"], "POST");
            assert_eq!(
                response.headers()["content-type"],
                "application/problem+json"
            );
        }
    }
}

#[tokio::test]
async fn paths_with_a_parameter_in_the_middle_are_renamed() {
    let mut shop = Shop::new();
    let id = shop.fire().await;
    let rename = |to: &str| shop.routes().rename("/alerts/{name}/acknowledge", to);
    for (to, problem) in [
        (
            "/ack",
            "has no name before its last part: it must be like /{name}/acknowledge",
        ),
        ("/ack/{name}", "has no name before its last part"),
        ("/ack/{name}x/y", "has no name before its last part"),
        ("/{name}/a b", "contains ' '"),
        ("/a/{name}/{name}", "contains '{'"),
        ("/{name}/ack", "has nothing before /{name}"),
        ("ack/{name}/ack", "does not begin with /"),
        (
            "/alerts/{name}/resolve",
            "is the default path of another route",
        ),
    ] {
        let result = rename(to).build::<()>();
        let said = result.map(drop).err().map(|error| error.to_string());
        let said = said.unwrap_or_default();
        assert!(said.contains(problem), "{to}: {said}");
    }
    let routes = rename("/ops/{name}/seen").guard(Guard::open());
    let app: Router = Router::new().nest("/{tenant}", routes.into());
    let post = |path: String| {
        let body = Body::from(r#"{"by": "ann"}"#);
        app.clone().oneshot(Request::post(path).body(body).unwrap())
    };
    assert_eq!(
        post(format!("/shop/ops/{id}/seen")).await.unwrap().status(),
        200
    );
    assert_eq!(
        post(format!("/shop/alerts/{id}/acknowledge"))
            .await
            .unwrap()
            .status(),
        404
    );
    assert_eq!(
        post(format!("/shop/alerts/{id}/resolve"))
            .await
            .unwrap()
            .status(),
        200
    );
}
