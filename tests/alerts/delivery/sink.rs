//! Delivery to a real server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::Request;
use http_body_util::Full;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tower_vitals::alerts::channels::{Channel, DeliveryError, Notification, NotificationReason};
use tower_vitals::alerts::delivery::{Delivery, Outlet};
use tower_vitals::alerts::stores::{Lease, Queued, Saved};
use uuid::Uuid;

use super::fakes::Store;
use super::world::epoch;

/// The posts by id.
type Posts = Arc<Mutex<BTreeMap<Uuid, usize>>>;

/// Takes notifications, but refuses each thousandth request.
async fn take(State((posts, seen)): State<(Posts, Arc<Mutex<usize>>)>, body: Bytes) -> StatusCode {
    let notification: Notification = serde_json::from_slice(&body).unwrap();
    let mut seen = seen.lock().unwrap();
    *seen += 1;
    if seen.is_multiple_of(1_000) {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    *posts.lock().unwrap().entry(notification.id).or_default() += 1;
    StatusCode::OK
}

struct Post {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
}

impl Channel for Post {
    fn kind(&self) -> &'static str {
        "post"
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        let body = serde_json::to_vec(notification).unwrap();
        let request = Request::post(&self.url).body(Full::from(body)).unwrap();
        Box::pin(async move {
            let response = self.client.request(request).await;
            let response = response.map_err(|error| DeliveryError::retry(error.to_string()))?;
            match response.status() {
                StatusCode::OK => Ok(()),
                status => Err(DeliveryError::retry_after(
                    status.as_str(),
                    Some(Duration::from_millis(1)),
                )),
            }
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_notifications_reach_a_server_once_each() {
    let posts = Posts::default();
    let state = (Arc::clone(&posts), Arc::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let app = Router::new().route("/", post(take)).with_state(state);
    tokio::spawn(async move { axum::serve(listener, app).await });
    let client = Client::builder(TokioExecutor::new()).build_http();
    let receiver = Outlet::new("post", Arc::new(Post { client, url }));
    let store = Store::new(Instant::now());
    let lease = watch::Sender::new(Lease::endless());
    let worker = Delivery::builder(Arc::<Store>::clone(&store), "main", lease.subscribe())
        .receivers([receiver])
        .start(&Saved::default())
        .unwrap();
    let queued = (0..5_000).map(|n| {
        let group = format!("group {}", n % 100);
        let reason = NotificationReason::First;
        Queued::new("post", Notification::new(reason, group, epoch()))
    });
    let queued: Vec<_> = queued.collect();
    store.queue(&queued);
    worker.enqueue(queued.clone());
    let is_empty = async {
        while !store.ledger.lock().unwrap().outbox.is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(120), is_empty).await.unwrap();
    let posts = posts.lock().unwrap().clone();
    let expected = queued.iter().map(|it| (it.notification.id, 1));
    assert_eq!(posts, expected.collect());
    assert_eq!(store.ledger().events.len(), 5_000);
    assert_eq!(worker.waiting(), 0);
}
