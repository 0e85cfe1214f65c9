//! The HTTP check against a server in this process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::health::{assert_says, free_address, result, with};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower_vitals::Health;
use tower_vitals::health::checks::Http;
use tower_vitals::health::{Check, Status};

/// Serves on this address until the sender is dropped, so that a restart keeps the port.
pub(super) async fn http_server(
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
) -> oneshot::Sender<()> {
    let count = move || {
        let requests = Arc::clone(&requests);
        async move {
            requests.fetch_add(1, Ordering::SeqCst);
            "ok"
        }
    };
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(120)).await;
        "done"
    };
    let authorized = |headers: axum::http::HeaderMap| async move {
        match headers.get("authorization") {
            Some(value) if value == "Bearer s3cret" => StatusCode::NO_CONTENT,
            _ => StatusCode::UNAUTHORIZED,
        }
    };
    let app = Router::new()
        .route("/", get(count).post(|| async { StatusCode::ACCEPTED }))
        .route("/slow", get(slow))
        .route(
            "/broken",
            get(|| async { StatusCode::INTERNAL_SERVER_ERROR }),
        )
        .route(
            "/moved",
            get(|| async { axum::response::Redirect::to("/") }),
        )
        .route("/authorized", get(authorized))
        .route(
            "/endless",
            get(|| async {
                axum::body::Body::from_stream(futures_util::stream::repeat_with(|| {
                    Ok::<_, std::convert::Infallible>(bytes::Bytes::from_static(&[b'x'; 8192]))
                }))
            }),
        );
    let mut listener = TcpListener::bind(address).await;
    let deadline = Instant::now() + Duration::from_secs(10);
    while listener.is_err() && Instant::now() < deadline {
        tokio::task::yield_now().await;
        listener = TcpListener::bind(address).await;
    }
    let listener = listener.unwrap();
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(async move {
        axum::serve(listener, app)
            .with_graceful_shutdown(async { drop(stopped.await) })
            .await
            .unwrap();
    });
    stop
}

#[tokio::test]
async fn an_http_endpoint_stops_and_restarts() {
    let address = free_address();
    let requests = Arc::new(AtomicUsize::new(0));
    let health = with(Http::get(&format!("http://{address}/")).unwrap());
    for round in 1..=3 {
        let stop = http_server(address, Arc::clone(&requests)).await;
        let healthy = result(&health).await;
        assert_eq!(healthy.status(), Status::Healthy, "{round}: {healthy:?}");
        assert_eq!(healthy.data()["status_code"], 200);
        assert_eq!(requests.load(Ordering::SeqCst), round);
        drop(stop);
        crate::support::until("the server is gone", async || {
            result(&health).await.status() == Status::Unhealthy
        })
        .await;
        assert_says(
            &result(&health).await,
            Status::Unhealthy,
            &format!("cannot connect to {address}"),
        );
        requests.store(round, Ordering::SeqCst);
    }
}

/// Answers one request per connection, promises to keep it open, and closes it.
async fn forgetful_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let response =
                    b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok";
                let mut buffer = [0; 1024];
                if stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                    stream.write_all(response).await.unwrap();
                    // Closes only when the next request arrives.
                    let _ = stream.read(&mut buffer).await;
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn a_connection_closed_after_its_response_is_no_failure() {
    let health = with(Http::get(&format!("http://{}/", forgetful_server().await)).unwrap());
    for _ in 0..10 {
        assert_eq!(result(&health).await.status(), Status::Healthy);
    }
}

#[tokio::test]
async fn an_http_endpoint_is_judged_by_its_response() {
    let address = free_address();
    let _server = http_server(address, Arc::default()).await;
    let at = |path: &str| Http::get(&format!("http://{address}{path}")).unwrap();
    let check = async |check: Http| result(&with(check)).await;

    let broken = check(at("/broken")).await;
    assert_says(&broken, Status::Unhealthy, "unexpected status 500");
    assert_eq!(broken.data()["status_code"], 500);
    assert_eq!(
        check(at("/broken").expect_statuses([500])).await.status(),
        Status::Healthy
    );
    assert_says(
        &check(at("/").expect_statuses([204])).await,
        Status::Unhealthy,
        "unexpected status 200",
    );
    assert_says(
        &check(at("/moved")).await,
        Status::Unhealthy,
        "unexpected status 303",
    );

    let slow = check(at("/slow").slow_after(Duration::from_millis(50))).await;
    assert_says(&slow, Status::Degraded, "took longer than 50ms");
    assert!(slow.data()["latency_ms"].as_f64().unwrap() >= 120.0);
    assert_eq!(
        check(at("/slow").slow_after(Duration::from_secs(1)))
            .await
            .status(),
        Status::Healthy
    );

    assert_says(
        &check(at("/authorized")).await,
        Status::Unhealthy,
        "unexpected status 401",
    );
    let header = |value| at("/authorized").header("authorization", value);
    assert_eq!(
        check(header("Bearer s3cret")).await.status(),
        Status::Healthy
    );
    assert!(!format!("{:?}", header("Bearer s3cret")).contains("s3cret"));
    let posted = Http::new(http::Method::POST, &format!("http://{address}/")).unwrap();
    assert_eq!(check(posted).await.data()["status_code"], 202);
    // An endless body is cut off.
    assert_eq!(check(at("/endless")).await.status(), Status::Healthy);
}

#[test]
fn an_invalid_url_is_an_error() {
    for (url, problem) in [
        ("ftp://host/", "its scheme is not http or https"),
        ("/path", "its scheme is not http or https"),
        ("http://u:pw@host/", "it holds credentials"),
        ("http://ho st/?token=pw", "invalid uri character"),
    ] {
        let error = Http::get(url).unwrap_err().to_string();
        assert!(
            error.contains(problem) && error.contains("are allowed"),
            "{error}"
        );
        assert!(!error.contains("pw"), "{error}");
    }
    let error = Http::get("http://user:s3cret:host/token").unwrap_err();
    let shown = "the URL \"http://user:[redacted]\" of an HTTP check is invalid (";
    assert!(error.to_string().starts_with(shown), "{error}");
}

#[test]
fn invalid_expected_statuses_are_an_error_at_registration() {
    let expecting = |statuses: &[u16]| {
        let check = Http::get("http://host/").unwrap();
        let check = check.expect_statuses(statuses.iter().copied());
        let built = Health::builder().check("api", check).build();
        built.map_err(|error| error.to_string())
    };
    let error = expecting(&[]).unwrap_err();
    let empty =
        "check \"api\" is misconfigured: expect_statuses is empty: at least one status is required";
    assert_eq!(error, empty);
    let error = expecting(&[99, 200, 1000]).unwrap_err();
    let invalid = "2 mistakes: expected status 99 is invalid: 100 to 999 are allowed, expected status 1000 is invalid";
    assert!(error.contains(invalid), "{error}");
    assert!(expecting(&[100, 999]).is_ok());
}

#[test]
fn invalid_headers_are_one_error_at_registration() {
    let get = || Http::get("http://host/").unwrap();
    let invalid = get()
        .header("bad name", "x")
        .header("x-key", "s3c\nret")
        .optional();
    let error = Health::builder()
        .check("api", invalid)
        .build()
        .unwrap_err()
        .to_string();
    for text in ["\"api\"", "\"bad name\"", "x-key"] {
        assert!(error.contains(text) && !error.contains("s3c"), "{error}");
    }
    let health = Health::builder().build().unwrap();
    assert!(health.add("api", get().header("", "x")).is_err());
}
