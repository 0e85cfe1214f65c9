//! `GrpcHealth`: `grpc.health.v1.Health` over the checks of a `Health`, with tonic-health's client.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;
use tonic::transport::{Channel, Server};
use tonic::{Code, Streaming};
use tonic_health::pb::HealthCheckResponse;
use tonic_health::pb::health_check_response::ServingStatus::{
    self, NotServing, ServiceUnknown, Serving,
};
use tonic_health::pb::health_client::HealthClient;
use tower_vitals::Health;
use tower_vitals::health::{Check, GrpcHealth, Probe};

use crate::double::{listen, named};
use crate::support::until;

type Client = HealthClient<Channel>;

async fn serve(service: GrpcHealth) -> Client {
    let (incoming, channel) = listen().await;
    let server = Server::builder().add_service(service.into_server());
    tokio::spawn(server.serve_with_incoming(incoming));
    HealthClient::new(channel)
}

async fn check(client: &mut Client, service: &str) -> Result<ServingStatus, Code> {
    let response = client.check(named(service)).await;
    let response = response.map_err(|status| status.code())?;
    Ok(response.into_inner().status())
}

async fn watch(client: &mut Client, service: &str) -> Streaming<HealthCheckResponse> {
    client.watch(named(service)).await.unwrap().into_inner()
}

/// The next status that a watcher receives, or `None` at the end.
async fn next(answers: &mut Streaming<HealthCheckResponse>) -> Option<ServingStatus> {
    let message = timeout(Duration::from_secs(10), answers.message()).await;
    let message = message.expect("a message in time").unwrap();
    message.map(|response| response.status())
}

/// A check on readiness that follows a flag.
fn flag(is_up: &Arc<AtomicBool>) -> impl Check {
    let is_up = Arc::clone(is_up);
    let check = move || {
        let is_up = is_up.load(Ordering::SeqCst);
        async move { is_up }
    };
    check.on(Probe::Readiness)
}

#[tokio::test]
async fn services_have_the_status_of_probes_and_tags() {
    let is_up = Arc::new(AtomicBool::new(true));
    let health = Health::builder()
        .cache_for(Duration::ZERO)
        .check("db", flag(&is_up).tag("storage"))
        .check(
            "search",
            (|| async { false }).optional().on(Probe::Readiness),
        )
        .build()
        .unwrap();
    let service = GrpcHealth::new(health.clone()).service("shop.v1.Carts");
    let mut client = serve(service).await;
    // Optional checks degrade readiness, which is served.
    let services = [
        "",
        "readiness",
        "liveness",
        "startup",
        "shop.v1.Carts",
        "storage",
    ];
    for service in services {
        assert_eq!(check(&mut client, service).await, Ok(Serving), "{service}");
    }
    for unknown in ["shop.v1.Orders", "db", "Readiness"] {
        assert_eq!(check(&mut client, unknown).await, Err(Code::NotFound));
    }

    is_up.store(false, Ordering::SeqCst);
    for service in ["", "readiness", "shop.v1.Carts", "storage"] {
        assert_eq!(
            check(&mut client, service).await,
            Ok(NotServing),
            "{service}"
        );
    }
    for service in ["liveness", "startup"] {
        assert_eq!(check(&mut client, service).await, Ok(Serving), "{service}");
    }

    is_up.store(true, Ordering::SeqCst);
    assert_eq!(check(&mut client, "").await, Ok(Serving));
    health.drain();
    for service in ["", "readiness", "shop.v1.Carts", "storage"] {
        assert_eq!(
            check(&mut client, service).await,
            Ok(NotServing),
            "{service}"
        );
    }
    assert_eq!(check(&mut client, "liveness").await, Ok(Serving));
}

#[tokio::test]
async fn a_watcher_receives_each_change_once() {
    let is_up = Arc::new(AtomicBool::new(true));
    let health = Health::builder()
        .cache_for(Duration::ZERO)
        .check("db", flag(&is_up))
        .build()
        .unwrap();
    let mut client = serve(GrpcHealth::new(health.clone())).await;
    let mut answers = watch(&mut client, "").await;
    assert_eq!(next(&mut answers).await, Some(Serving));
    is_up.store(false, Ordering::SeqCst);
    assert_eq!(next(&mut answers).await, Some(NotServing));
    is_up.store(true, Ordering::SeqCst);
    assert_eq!(next(&mut answers).await, Some(Serving));

    // A service may be added later, so it is unknown and no error.
    let mut later = watch(&mut client, "later").await;
    assert_eq!(next(&mut later).await, Some(ServiceUnknown));
    health.add("new", (|| async { true }).tag("later")).unwrap();
    assert_eq!(next(&mut later).await, Some(Serving));
}

/// tonic's graceful shutdown waits for all streams.
#[tokio::test]
async fn watchers_end_at_shutdown() {
    let health = Health::builder().build().unwrap();
    let (incoming, channel) = listen().await;
    let (stop, signal) = oneshot::channel::<()>();
    let service = GrpcHealth::new(health.clone()).into_server();
    let server = Server::builder()
        .add_service(service)
        .serve_with_incoming_shutdown(incoming, async { drop(signal.await) });
    let server = tokio::spawn(server);
    let mut client = HealthClient::new(channel);
    let mut ready = watch(&mut client, "").await;
    let mut live = watch(&mut client, "liveness").await;
    assert_eq!(next(&mut ready).await, Some(Serving));
    assert_eq!(next(&mut live).await, Some(Serving));
    health.drain();
    stop.send(()).unwrap();
    assert_eq!(next(&mut ready).await, Some(NotServing));
    assert_eq!(next(&mut ready).await, None);
    assert_eq!(next(&mut live).await, None);
    let stopped = timeout(Duration::from_secs(10), server).await;
    stopped.expect("the server stops").unwrap().unwrap();
}

#[tokio::test]
async fn the_number_of_watchers_is_limited() {
    let health = Health::builder().build().unwrap();
    let mut client = serve(GrpcHealth::new(health).max_watchers(2)).await;
    let first = watch(&mut client, "").await;
    let _second = watch(&mut client, "").await;
    let status = client.watch(named("")).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(status.message(), "all 2 watchers are taken");
    assert_eq!(check(&mut client, "").await, Ok(Serving));
    drop(first);
    until("a watcher that leaves makes room", async || {
        client.clone().watch(named("")).await.is_ok()
    })
    .await;
}

/// The service is a part of an axum app, too.
#[tokio::test]
async fn axum_serves_it() {
    let health = Health::builder().build().unwrap();
    let service = GrpcHealth::new(health).into_server();
    let grpc = tonic::service::Routes::new(service).into_axum_router();
    let app: axum::Router = axum::Router::new().merge(grpc);
    let (incoming, channel) = listen().await;
    let server = Server::builder().add_routes(tonic::service::Routes::from(app));
    tokio::spawn(server.serve_with_incoming(incoming));
    assert_eq!(
        check(&mut HealthClient::new(channel), "").await,
        Ok(Serving)
    );
}
