//! gRPC with tonic: a server and its client, both measured by method and status, and the gRPC health service.
//!
//! `cargo run --example grpc --features grpc-health` prints the recorded metrics and exits.
#![allow(clippy::print_stdout, reason = "an example prints its result")]

use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tower::Layer;
use tower_vitals::health::GrpcHealth;
use tower_vitals::{ClientMetricsLayer, Health, HttpMetricsLayer, Prometheus};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let prometheus = Prometheus::install()?;
    let health = Health::builder().check("stock", async || true).build()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let server = format!("http://{}", listener.local_addr()?);
    // Your services follow with `.add_service(CartsServer::new(carts))`.
    let serving = Server::builder()
        .layer(HttpMetricsLayer::builder().grpc().build()?)
        .add_service(
            GrpcHealth::new(health)
                .service("shop.v1.Carts")
                .into_server(),
        )
        .serve_with_incoming(TcpIncoming::from(listener));
    tokio::spawn(serving);

    let channel = Endpoint::from_shared(server)?.connect_lazy();
    let layer = ClientMetricsLayer::builder("carts").grpc().build()?;
    let mut client = HealthClient::new(layer.layer(channel));
    for service in ["", "shop.v1.Carts", "shop.v1.Unknown"] {
        let service = service.to_owned();
        match client.check(HealthCheckRequest { service }).await {
            Ok(response) => println!("{:?}", response.into_inner().status()),
            Err(status) => println!("{:?}", status.code()),
        }
    }
    println!();
    for line in prometheus.render().lines() {
        if line.contains("grpc_status") && !line.ends_with(" 0") {
            println!("{line}");
        }
    }
    Ok(())
}
