//! The same tests for each version of reqwest.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::{get, post};
use futures_util::{StreamExt, stream};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tower_vitals::ClientMetricsLayer;

use crate::support::{Reader, Taken, recorder};

pub(crate) const REQUESTS: &str = "external_api_requests_total";

/// A server, and a layer for its clients.
pub(crate) struct Setup {
    pub(crate) address: SocketAddr,
    pub(crate) layer: ClientMetricsLayer,
    pub(crate) reader: Reader,
    /// Notified when a request begins that never ends.
    pub(crate) hangs: Arc<Notify>,
}

impl Setup {
    pub(crate) async fn new() -> Self {
        let (recorder, reader) = recorder();
        let layer = ClientMetricsLayer::builder("shop")
            .recorder(recorder)
            .endpoint(|parts| {
                let is_user = parts.uri.path().starts_with("/users/");
                let is_tagged = parts.headers.contains_key("x-tag");
                (is_user && is_tagged).then_some("/users/{id}")
            })
            .build()
            .unwrap();
        let hangs = Arc::new(Notify::new());
        let notify = Arc::clone(&hangs);
        let app: Router = Router::new()
            .route("/users/{id}", get(async || "user"))
            .route("/echo", post(async |body: String| body))
            .route("/moved", get(async || Redirect::to("/users/2")))
            .route("/gone", get(async || StatusCode::GONE))
            .route(
                "/stream",
                get(async || {
                    let first = stream::iter([Ok::<_, std::io::Error>("part")]);
                    Body::from_stream(first.chain(stream::pending()))
                }),
            )
            .route(
                "/never",
                get(async move || {
                    notify.notify_one();
                    std::future::pending::<()>().await;
                }),
            );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async { axum::serve(listener, app).await });
        Self {
            address,
            layer,
            reader,
            hangs,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

pub(crate) fn counted(taken: &Taken, endpoint: &str, status: &str) -> u64 {
    let labels = [
        ("service", "shop"),
        ("endpoint", endpoint),
        ("status", status),
    ];
    taken.counter(REQUESTS, &labels)
}

/// A port that nothing listens on.
pub(crate) async fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// The tests for one version.
#[macro_export]
macro_rules! cases {
    ($version:ident, $reqwest:ident) => {
        mod $version {
            use std::time::Duration;

            use tower::{Layer, ServiceExt};

            use tower_vitals::ClientMetricsLayer;
            use tower_vitals::http_metrics::Naming;

            use $crate::cases::{REQUESTS, Setup, closed_port, counted};
            use $crate::support::recorder;

            #[tokio::test]
            async fn responses_are_counted_at_their_end() {
                let setup = Setup::new().await;
                let client = $reqwest::Client::new();
                let shop = setup.layer.layer(client.clone());
                for _ in 0..2 {
                    let request = client.get(setup.url("/users/1?q=1")).header("x-tag", "1");
                    let response = shop.execute(request.build().unwrap()).await.unwrap();
                    assert_eq!(response.status(), 200);
                    assert_eq!(response.content_length(), Some(4));
                    assert_eq!(response.url().as_str(), setup.url("/users/1?q=1"));
                    assert_eq!(response.remote_addr(), Some(setup.address));
                    assert_eq!(response.text().await.unwrap(), "user");
                }
                let request = client.post(setup.url("/echo")).body("echoed").build();
                let response = shop.execute(request.unwrap()).await.unwrap();
                assert_eq!(setup.reader.take().counter(REQUESTS, &[]), 2);
                assert_eq!(response.text().await.unwrap(), "echoed");
                let request = client.get(setup.url("/nowhere")).build().unwrap();
                let response = shop.execute(request).await.unwrap();
                let error = response.error_for_status().unwrap_err();
                assert_eq!(error.status().unwrap(), 404);
                assert_eq!(error.url().unwrap().as_str(), setup.url("/nowhere"));
                // Redirects are followed inside the call.
                let request = client.get(setup.url("/moved")).build().unwrap();
                let response = shop.execute(request).await.unwrap();
                assert_eq!(response.url().path(), "/users/2");
                drop(response);

                let taken = setup.reader.take();
                assert_eq!(counted(&taken, "/users/{id}", "200"), 2);
                assert_eq!(counted(&taken, "unmatched", "200"), 2);
                assert_eq!(counted(&taken, "unmatched", "404"), 1);
                assert_eq!(taken.counter(REQUESTS, &[]), 5);
                let durations = taken.samples("external_api_duration_seconds", &[]);
                assert_eq!(durations.len(), 5);
            }

            #[tokio::test]
            async fn calls_without_a_response_are_errors_and_timeouts() {
                let setup = Setup::new().await;
                let client = $reqwest::Client::new();
                let shop = setup.layer.layer(client.clone());
                // The timeout of one request.
                let request = client.get(setup.url("/never"));
                let request = request.timeout(Duration::from_millis(20)).build().unwrap();
                let error = shop.execute(request).await.unwrap_err();
                assert!(error.is_timeout(), "{error:?}");
                // The client's.
                let hasty = $reqwest::Client::builder().timeout(Duration::from_millis(20));
                let hasty = setup.layer.layer(hasty.build().unwrap());
                let request = client.get(setup.url("/never")).build().unwrap();
                let error = hasty.execute(request).await.unwrap_err();
                assert!(error.is_timeout(), "{error:?}");
                let refused = format!("http://{}/", closed_port().await);
                let request = client.get(refused).build().unwrap();
                let error = shop.execute(request).await.unwrap_err();
                assert!(error.is_connect(), "{error:?}");

                let taken = setup.reader.take();
                assert_eq!(counted(&taken, "unmatched", "timeout"), 2);
                assert_eq!(counted(&taken, "unmatched", "error"), 1);
                assert_eq!(taken.counter(REQUESTS, &[]), 3);
            }

            #[tokio::test]
            async fn calls_and_bodies_that_are_dropped_are_counted_once() {
                let setup = Setup::new().await;
                let client = $reqwest::Client::new();
                let shop = setup.layer.layer(client.clone());
                let request = client.get(setup.url("/never")).build().unwrap();
                tokio::select! {
                    _ = shop.execute(request) => panic!("it never answers"),
                    () = setup.hangs.notified() => {}
                }
                let request = client.get(setup.url("/stream")).build().unwrap();
                let mut response = shop.execute(request).await.unwrap();
                let part = response.chunk().await.unwrap().unwrap();
                assert_eq!(part, "part");
                assert_eq!(setup.reader.take().counter(REQUESTS, &[]), 1);
                drop(response);

                let taken = setup.reader.take();
                assert_eq!(counted(&taken, "unmatched", "cancelled"), 1);
                assert_eq!(counted(&taken, "unmatched", "200"), 1);
                assert_eq!(taken.counter(REQUESTS, &[]), 2);
            }

            #[tokio::test]
            async fn open_telemetry_names_the_server_that_was_called() {
                let setup = Setup::new().await;
                let (recorder, reader) = recorder();
                let layer = ClientMetricsLayer::builder("shop")
                    .naming(Naming::open_telemetry_client())
                    .network_protocol_version()
                    .recorder(recorder)
                    .build()
                    .unwrap();
                let client = $reqwest::Client::new();
                let request = client.get(setup.url("/gone")).build().unwrap();
                drop(layer.layer(client).execute(request).await.unwrap());
                let taken = reader.take();
                let port = setup.address.port().to_string();
                let labels = [
                    ("error_type", "410"),
                    ("http_request_method", "GET"),
                    ("http_response_status_code", "410"),
                    ("network_protocol_version", "1.1"),
                    ("server_address", "127.0.0.1"),
                    ("server_port", &port),
                ];
                let duration = "http_client_request_duration_seconds";
                assert_eq!(taken.samples(duration, &labels).len(), 1);
                assert_eq!(taken.0.len(), 1);
                assert_eq!(taken.0[0].labels.len(), labels.len());
            }

            /// It is a service of reqwest's own types, so other layers go around and inside it.
            #[tokio::test]
            async fn it_is_a_tower_service() {
                let setup = Setup::new().await;
                let client = $reqwest::Client::new();
                let shop = tower::ServiceBuilder::new()
                    .concurrency_limit(1)
                    .layer(setup.layer.clone())
                    .concurrency_limit(1)
                    .service(client.clone());
                let request = client.get(setup.url("/gone")).build().unwrap();
                let response = shop.oneshot(request).await.unwrap();
                assert_eq!(response.status(), 410);
                drop(response);
                assert_eq!(counted(&setup.reader.take(), "unmatched", "410"), 1);
            }
        }
    };
}
