//! Without axum: a tower service on hyper with the metrics layer and the crate's routes.
//!
//! `cargo run --example hyper`, then try the commands it prints. `PORT` overrides port 3000.
#![allow(clippy::print_stdout, reason = "an example prints what to try")]

use std::convert::Infallible;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{ServiceBuilder, service_fn};
use tower_vitals::routes::Guard;
use tower_vitals::{HttpMetricsLayer, Prometheus, Routes};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // Guarded routes are open here because the listener is on loopback. Set a real guard on any other address.
    let routes = Routes::new()
        .metrics(Prometheus::install()?)
        .liveness()
        .guard(Guard::open());
    let service = ServiceBuilder::new()
        .layer(
            HttpMetricsLayer::builder()
                .endpoint(|parts| endpoint(parts.uri.path()))
                .build()?,
        )
        .service(routes.around(service_fn(app)));

    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let address = format!("127.0.0.1:{port}");
    let listener = TcpListener::bind(&address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("listening on {url}");
    println!("try  curl {url}/users/7");
    println!("     curl {url}/slow");
    println!("     curl {url}/metrics");
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            // The client left, or no file descriptor is free. Neither should end the service.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let service = ServiceBuilder::new()
            // Guards that check the client's address find it here.
            .map_request(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(peer);
                request
            })
            .service(service.clone());
        let service = TowerToHyperService::new(service);
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                println!("connection failed: {error}");
            }
        });
    }
}

/// Without a router the service must name the endpoint. Return the route's template, not the path.
fn endpoint(path: &str) -> Option<&'static str> {
    match path {
        "/" => Some("/"),
        "/slow" => Some("/slow"),
        path if path.starts_with("/users/") => Some("/users/{id}"),
        _ => None,
    }
}

async fn app(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path();
    let text = match endpoint(path) {
        Some("/slow") => {
            tokio::time::sleep(Duration::from_secs(1)).await;
            "done\n".to_owned()
        }
        Some(_) => format!("hello from {path}\n"),
        None => {
            let mut response = Response::new(Full::from("not found\n"));
            *response.status_mut() = StatusCode::NOT_FOUND;
            return Ok(response);
        }
    };
    Ok(Response::new(Full::from(text)))
}
