//! The customers, who come by themselves.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::chance::Chance;

/// Sends requests until it is dropped: `per_second` of them, at most a thousand.
pub(crate) async fn come(url: String, per_second: u32, chance: Chance) {
    if per_second == 0 {
        return std::future::pending().await;
    }
    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut times = interval(Duration::from_secs(1) / per_second.min(1000));
    // As many as the machine can take.
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        let Ok(request) = wish(&url, &chance) else {
            continue;
        };
        // Some customers have no patience.
        let patience = if chance.is(3) {
            Duration::from_millis(60)
        } else {
            Duration::from_secs(5)
        };
        tokio::spawn(timeout(patience, send(client.clone(), request)));
    }
}

fn wish(url: &str, chance: &Chance) -> Result<Request<Body>, axum::http::Error> {
    let (method, path) = match chance.below(20) {
        0..6 => (Method::GET, "/products".to_owned()),
        6..12 => (Method::POST, "/checkout".to_owned()),
        12..15 => (Method::GET, format!("/orders/{}", chance.below(60))),
        15 => (Method::GET, "/recommendations".to_owned()),
        16..18 => (Method::GET, "/ask".to_owned()),
        18 => (Method::GET, "/search/tea".to_owned()),
        _ => (Method::GET, format!("/nowhere/{}", chance.below(1000))),
    };
    let body = if method == Method::POST {
        let coupon = if chance.is(50) {
            format!(r#","coupon":"{:04}""#, chance.below(2000))
        } else {
            String::new()
        };
        Body::from(format!(
            r#"{{"product":{},"items":{}{coupon}}}"#,
            1 + chance.below(3),
            1 + chance.below(4)
        ))
    } else {
        Body::empty()
    };
    Request::builder()
        .method(method)
        .uri(format!("{url}{path}"))
        .header("content-type", "application/json")
        .body(body)
}

async fn send(client: Client<HttpConnector, Body>, request: Request<Body>) {
    if let Ok(response) = client.request(request).await {
        // A shop that closes has no more answers.
        let body = response.into_body().collect().await;
        drop(body);
    }
}
