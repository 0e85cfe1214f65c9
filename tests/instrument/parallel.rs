//! Tests of a service's own metrics, which run in parallel, each with a recorder of its own.
#![allow(
    clippy::disallowed_macros,
    reason = "services record with these macros"
)]

use std::sync::LazyLock;

use axum::Router;
use axum::routing::get;
use http::Request;
use metrics::{counter, with_local_recorder};
use tokio::sync::Barrier;
use tower::ServiceExt;
use tower_vitals::instrument::{Connections, Errors, ServiceCalls};
use tower_vitals::{HttpMetricsLayer, Prometheus};

static STOCK: LazyLock<ServiceCalls> = LazyLock::new(|| ServiceCalls::new("stock"));
static SOLD_OUT: LazyLock<Errors> = LazyLock::new(|| Errors::new("sold_out", "shop"));
static SOCKETS: LazyLock<Connections> = LazyLock::new(Connections::new);

/// The service: its instruments are statics, and it records with macros.
fn shop() -> Router {
    let order = async || {
        let connection = SOCKETS.open();
        let taken = STOCK.observe(async {
            tokio::task::yield_now().await;
            Err::<(), _>("empty")
        });
        if taken.await.is_err() {
            SOLD_OUT.record();
        }
        // A task of its own, which ends before the response.
        tokio::spawn(async { counter!("orders_total").increment(1) })
            .await
            .unwrap();
        drop(connection);
        "sold out"
    };
    Router::new()
        .route("/orders", get(order))
        .layer(HttpMetricsLayer::new())
}

async fn counts_its_own(orders: usize, before: impl AsyncFn(usize)) {
    let prometheus = Prometheus::builder().build().unwrap();
    let _local = prometheus.set_local();
    let shop = shop();
    for order in 0..orders {
        before(order).await;
        let request = Request::get("/orders").body(axum::body::Body::empty());
        let response = shop.clone().oneshot(request.unwrap()).await.unwrap();
        axum::body::to_bytes(response.into_body(), 1024)
            .await
            .unwrap();
    }
    let snapshot = prometheus.snapshot();
    let expected = Some(orders as f64);
    let failures = [("service_name", "stock"), ("status", "failure")];
    assert_eq!(snapshot.sum("service_calls_total", &failures), expected);
    let errors = [("error_type", "sold_out")];
    assert_eq!(snapshot.sum("errors_total", &errors), expected);
    assert_eq!(snapshot.sum("orders_total", &[]), expected);
    assert_eq!(snapshot.sum("active_connections", &[]), Some(0.0));
    let orders = [("endpoint", "/orders"), ("status", "200")];
    assert_eq!(snapshot.sum("http_requests_total", &orders), expected);
}

#[tokio::test]
async fn a_test_counts_its_own_hundred_orders() {
    counts_its_own(100, async |_| {}).await;
}

#[tokio::test]
async fn another_test_counts_its_own_seven_orders() {
    counts_its_own(7, async |_| {}).await;
}

/// As two tests on two threads, whatever the number of threads that run the tests.
#[test]
fn tests_at_the_same_time_count_their_own() {
    let together = Barrier::new(2);
    std::thread::scope(|scope| {
        for orders in [7, 100] {
            let together = &together;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap();
                // Each of the first seven requests begins with one of the other test.
                runtime.block_on(counts_its_own(orders, async |order| {
                    if order < 7 {
                        together.wait().await;
                    }
                }));
            });
        }
    });
}

/// A local recorder is not seen by other threads, so this test passes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorder_that_is_passed_counts_on_every_thread() {
    let prometheus = Prometheus::builder().build().unwrap();
    let errors = Errors::new("sold_out", "shop").recorder(prometheus.clone());
    let layer = HttpMetricsLayer::builder().recorder(prometheus.clone());
    let order = async move || errors.record();
    let shop = Router::new().route("/orders", get(order));
    let shop = shop.layer(layer.build().unwrap());
    let orders = (0..50).map(|_| {
        let request = Request::get("/orders").body(axum::body::Body::empty());
        tokio::spawn(shop.clone().oneshot(request.unwrap()))
    });
    for order in orders.collect::<Vec<_>>() {
        drop(order.await.unwrap().unwrap());
    }
    let snapshot = prometheus.snapshot();
    assert_eq!(snapshot.sum("errors_total", &[]), Some(50.0));
    assert_eq!(snapshot.sum("http_requests_total", &[]), Some(50.0));
}

#[test]
fn a_static_instrument_records_to_each_local_recorder_in_turn() {
    static RETRIES: LazyLock<Errors> = LazyLock::new(|| Errors::new("retry", "shop"));
    static CALLS: LazyLock<ServiceCalls> = LazyLock::new(|| ServiceCalls::new("retries"));
    for round in 1..=3 {
        let prometheus = Prometheus::builder().build().unwrap();
        with_local_recorder(&prometheus, || {
            for _ in 0..round {
                RETRIES.record();
            }
            CALLS.record(true, std::time::Duration::ZERO);
        });
        let snapshot = prometheus.snapshot();
        let expected = Some(f64::from(round));
        assert_eq!(snapshot.sum("errors_total", &[]), expected, "{round}");
        let failures = [("status", "failure")];
        assert_eq!(snapshot.sum("service_calls_total", &failures), Some(0.0));
        assert_eq!(snapshot.sum("service_calls_total", &[]), Some(1.0));
    }
}

#[test]
fn a_connection_ends_where_it_began() {
    let connections = Connections::new();
    let [one, other] = [(); 2].map(|()| Prometheus::builder().build().unwrap());
    let open = |prometheus| with_local_recorder(prometheus, || connections.open());
    let active = |prometheus: &Prometheus| prometheus.snapshot().sum("active_connections", &[]);
    let (first, second) = (open(&one), open(&other));
    assert_eq!((active(&one), active(&other)), (Some(1.0), Some(1.0)));
    with_local_recorder(&other, || drop(first));
    assert_eq!((active(&one), active(&other)), (Some(0.0), Some(1.0)));
    drop(second);
    assert_eq!((active(&one), active(&other)), (Some(0.0), Some(0.0)));
}
