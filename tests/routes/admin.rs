//! The admin routes: their guard and method, the reset, and the configuration without secrets.

use axum::Router;
use axum::body::Body;
use http::header::{ALLOW, AUTHORIZATION, HOST, HeaderName, ORIGIN};
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use metrics::{Key, Level, Metadata, Recorder};
use serde_json::{Value as Json, json};
use tower::ServiceExt;
use tower_vitals::instrument::Tokens;
use tower_vitals::routes::Guard;
use tower_vitals::{Prometheus, Routes, Settings};

async fn send(
    routes: &Routes,
    method: Method,
    path: &str,
    headers: &[(HeaderName, &str)],
) -> Response<String> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let app = Router::from(routes.clone());
    let response = app
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Response::from_parts(parts, String::from_utf8(body).unwrap())
}

async fn json_of(routes: &Routes, path: &str) -> Json {
    let response = send(routes, Method::GET, path, &[]).await;
    assert_eq!(response.status(), 200, "{}", response.body());
    serde_json::from_str(response.body()).unwrap()
}

const RESET: &str = "/admin/reset-metrics";

fn recorded() -> (Prometheus, impl Fn(u64, f64)) {
    let prometheus = Prometheus::builder().build().unwrap();
    let metadata = Metadata::new("test", Level::INFO, None);
    let orders = prometheus.register_counter(&Key::from_name("orders_total"), &metadata);
    let waits = prometheus.register_histogram(&Key::from_name("wait_seconds"), &metadata);
    let queue = prometheus.register_gauge(&Key::from_name("queue"), &metadata);
    queue.set(4.0);
    let record = move |count, wait| {
        orders.increment(count);
        waits.record(wait);
    };
    (prometheus, record)
}

/// The counters that Prometheus scrapes stay monotonic.
#[tokio::test]
async fn a_reset_zeroes_json_and_not_text() {
    let (prometheus, record) = recorded();
    let routes = Routes::new()
        .metrics(prometheus.clone())
        .guard(Guard::open());
    let tokens = Tokens::new("small-1", "EUR").recorder(prometheus.clone());
    tokens.record(100, 10);
    tokens.record_cost(0.5);
    record(5, 0.25);
    let before = json_of(&routes, "/metrics/json").await;
    assert_eq!(before["metrics"]["orders_total"]["value"], 5);

    let response = send(&routes, Method::POST, RESET, &[]).await;
    assert_eq!(response.status(), 200);
    let reset: Json = serde_json::from_str(response.body()).unwrap();
    tokens.record(7, 1);
    record(2, 0.5);
    let after = json_of(&routes, "/metrics/json").await;
    assert_eq!(after["since"], reset["since"]);
    assert!(after["since"].as_str() >= before["since"].as_str());
    let metrics = &after["metrics"];
    assert_eq!(metrics["orders_total"]["value"], 2);
    assert_eq!(metrics["orders_total"]["series"][0]["value"], 2);
    assert_eq!(
        (
            &metrics["wait_seconds"]["count"],
            &metrics["wait_seconds"]["sum"]
        ),
        (&json!(1), &json!(0.5))
    );
    assert_eq!(metrics["queue"]["value"], 4, "a gauge is not reset");
    assert_eq!(metrics["tokens_total"]["value"], 8);
    // A reset does not change the totals of the day.
    assert_eq!(after["today"]["tokens_total"]["value"], 118);
    assert_eq!(after["today"]["token_cost_total"]["value"], 0.5);

    let text = send(&routes, Method::GET, "/metrics", &[]).await;
    assert!(text.body().contains("orders_total 7\n"), "{}", text.body());
    assert!(text.body().contains("wait_seconds_count 2\n"));
    assert_eq!(prometheus.snapshot().sum("orders_total", &[]), Some(7.0));
    let since = prometheus.since_reset();
    assert_eq!(since.snapshot.sum("orders_total", &[]), Some(2.0));
}

#[tokio::test]
async fn a_reset_is_guarded_and_needs_post() {
    let (prometheus, record) = recorded();
    record(5, 0.25);
    let closed = Routes::new().metrics(prometheus.clone());
    let refused = send(&closed, Method::POST, RESET, &[]).await;
    assert_eq!(refused.status(), 403);
    assert!(
        refused.body().contains("Routes::guard"),
        "{}",
        refused.body()
    );

    let guarded = closed.guard(Guard::bearer("correct-horse"));
    for (headers, status) in [
        (&[][..], 401),
        (&[(AUTHORIZATION, "Bearer wrong")], 401),
        (&[(AUTHORIZATION, "Bearer correct-horse")], 200),
    ] {
        assert_eq!(
            send(&guarded, Method::POST, RESET, headers).await.status(),
            status
        );
    }
    let open = guarded.guard(Guard::open());
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
        let response = send(&open, method, RESET, &[]).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()[ALLOW]),
            (405, &"POST".parse().unwrap())
        );
    }
    let response = send(&open, Method::POST, "/metrics", &[]).await;
    assert_eq!(response.headers()[ALLOW], "GET, HEAD");
}

/// A page of another origin in an authorized user's browser may not reset the metrics.
#[tokio::test]
async fn pages_of_other_origins_change_nothing() {
    let (prometheus, record) = recorded();
    record(5, 0.25);
    let routes = Routes::new()
        .metrics(prometheus.clone())
        .guard(Guard::open());
    let site = HeaderName::from_static("sec-fetch-site");
    for headers in [
        &[(site.clone(), "cross-site")][..],
        &[(site.clone(), "same-site")],
        &[(ORIGIN, "https://evil.example"), (HOST, "127.0.0.1:3000")],
        &[(ORIGIN, "null"), (HOST, "127.0.0.1:3000")],
        &[(ORIGIN, "http://127.0.0.1:3001"), (HOST, "127.0.0.1:3000")],
    ] {
        let response = send(&routes, Method::POST, RESET, headers).await;
        assert_eq!(response.status(), 403, "{headers:?}");
        assert!(response.body().contains("another origin"));
    }
    assert_eq!(
        prometheus.since_reset().snapshot.sum("orders_total", &[]),
        Some(5.0)
    );
    for headers in [
        &[
            (site.clone(), "same-origin"),
            (ORIGIN, "https://behind.proxy.example"),
        ][..],
        &[(site, "none")],
        &[(ORIGIN, "http://127.0.0.1:3000"), (HOST, "127.0.0.1:3000")],
    ] {
        let response = send(&routes, Method::POST, RESET, headers).await;
        assert_eq!(response.status(), 200, "{headers:?}");
    }
}

#[tokio::test]
async fn config_shows_settings_and_no_secret() {
    let settings = Settings::from_vars([
        ("MONITORING_TOKEN", "planted-token"),
        ("ENVIRONMENT", "staging"),
    ])
    .unwrap();
    let shop = json!({
        "database": "postgres://shop:planted-db@db/shop",
        "page_size": 50,
        "db_pass": 123_456,
        "payment": { "api_key": "planted-key", "url": "https://pay.example" },
        "mirrors": ["redis://:planted-redis@cache/0"],
    });
    let routes = Routes::new().settings(&settings).config("shop", &shop);
    assert_eq!(
        send(&routes, Method::GET, "/admin/config", &[])
            .await
            .status(),
        403
    );

    let routes = routes.guard(settings.guard());
    let token = [(AUTHORIZATION, "Bearer planted-token")];
    let response = send(&routes, Method::GET, "/admin/config", &token).await;
    assert_eq!(response.status(), 200);
    assert!(!response.body().contains("planted"), "{}", response.body());
    let shown: Json = serde_json::from_str(response.body()).unwrap();
    let monitoring = &shown["config"]["monitoring"];
    assert_eq!(
        monitoring["ENVIRONMENT"],
        json!({"value": "staging", "source": "environment"})
    );
    assert_eq!(
        monitoring["MONITORING_PORT"],
        json!({"value": 9100, "source": "default"})
    );
    assert_eq!(
        monitoring["MONITORING_TOKEN"],
        json!({"value": "[redacted]", "source": "environment"})
    );
    let shop = &shown["config"]["shop"];
    assert_eq!(shop["page_size"], 50);
    assert_eq!(shop["db_pass"], "[redacted]");
    assert_eq!(shop["database"], "postgres://shop:[redacted]@db/shop");
    assert_eq!(
        shop["payment"],
        json!({"api_key": "[redacted]", "url": "https://pay.example"})
    );
    assert_eq!(shop["mirrors"], json!(["redis://[redacted]@cache/0"]));
    assert!(!format!("{routes:?}").contains("planted"));
}

#[test]
fn a_name_of_config_is_unique_and_its_value_is_json() {
    let mistake = |routes: Routes| routes.build::<()>().unwrap_err().to_string();
    for name in ["shop", "monitoring"] {
        let error = mistake(Routes::new().config("shop", &1).config(name, &2));
        assert!(
            error.starts_with(&format!("config {name:?} is taken")),
            "{error}"
        );
    }
    let odd = std::collections::BTreeMap::from([((1, 2), 3)]);
    let error = mistake(Routes::new().config("odd", &odd));
    assert!(
        error.starts_with("config \"odd\" cannot be written as JSON: key must be a string"),
        "{error}"
    );
}

struct Panics;

impl serde::Serialize for Panics {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("password=hunter2-hunter2")
    }
}

#[test]
fn a_config_that_panics_is_a_mistake() {
    let routes = Routes::new().config("shop", &Panics).config("cart", &1);
    let error = routes.build::<()>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "config \"shop\" cannot be written as JSON: its Serialize panicked: password=[redacted]"
    );
}
