//! Measures calls to other services: one that responds, one that is too slow, one that is down.
//!
//! `cargo run --example outbound` prints the recorded metrics and exits.
#![allow(clippy::print_stdout, reason = "an example prints its result")]

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tower::{ServiceBuilder, ServiceExt};
use tower_vitals::{ClientMetricsLayer, Prometheus};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let prometheus = Prometheus::install()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let server = format!("http://{}", listener.local_addr()?);
    tokio::spawn(serve(listener));

    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let payments = ServiceBuilder::new()
        .layer(
            ClientMetricsLayer::builder("payments")
                .endpoint(|parts| match parts.uri.path() {
                    path if path.starts_with("/charges/") => Some("/charges/{id}"),
                    "/late" => Some("/late"),
                    _ => None,
                })
                .build()?,
        )
        .timeout(Duration::from_millis(200))
        .service(client);

    let unreachable = "http://127.0.0.1:1".to_owned();
    for (host, path) in [
        (&server, "/charges/1"),
        (&server, "/charges/2"),
        (&server, "/late"),
        (&unreachable, "/charges/3"),
    ] {
        let request = Request::get(format!("{host}{path}")).body(Empty::new())?;
        match payments.clone().oneshot(request).await {
            Ok(response) => {
                let body = response.into_body().collect().await?.to_bytes();
                println!("{path}: {}", String::from_utf8_lossy(&body));
            }
            Err(error) => println!("{path}: {error}"),
        }
    }
    println!();
    for line in prometheus.render().lines() {
        if line.contains("external_api") && !line.contains("_bucket") {
            println!("{line}");
        }
    }
    Ok(())
}

/// The called service.
async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = service_fn(|request: Request<hyper::body::Incoming>| async move {
            if request.uri().path() == "/late" {
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"charged"))))
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
