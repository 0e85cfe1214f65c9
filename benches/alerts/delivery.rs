//! The rate of delivery to a local server, beside that of the bare client with the same messages.
//!
//! Both send one message at a time over one connection. The server runs on a thread of its own. The store is in memory, so the
//! figure is that of the worker and not of a disk.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::watch;
use tower_vitals::alerts::channels::{Channel, DeliveryError, Notification, NotificationReason};
use tower_vitals::alerts::delivery::{Delivery, Outlet};
use tower_vitals::alerts::stores::{
    AlertStore, Commit, HistoryPage, HistoryQuery, Lease, Queued, Saved,
};
use tower_vitals::{Error, Prometheus};

use super::storm;
use crate::support::median;

const MESSAGES: usize = 5_000;
const ROUNDS: usize = 9;

pub(super) struct Post {
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
        Box::pin(async move {
            let body = serde_json::to_vec(notification).unwrap();
            let request = Request::post(&self.url).body(Full::from(body)).unwrap();
            let response = self.client.request(request).await;
            let response = response.map_err(|error| DeliveryError::retry(error.to_string()))?;
            let body = response.into_body().collect().await;
            body.map_err(|error| DeliveryError::retry(error.to_string()))?;
            Ok(())
        })
    }
}

/// Counts what is done.
#[derive(Default)]
struct Store(Mutex<usize>);

impl AlertStore for Store {
    fn kind(&self) -> &'static str {
        "count"
    }

    fn load<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Saved, Error>> {
        Box::pin(async { Ok(Saved::default()) })
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> BoxFuture<'a, Result<(), Error>> {
        assert_eq!(commit.done.len(), commit.events.len());
        *self.0.lock().unwrap() += commit.done.len();
        Box::pin(async { Ok(()) })
    }

    fn history<'a>(&'a self, _: &'a HistoryQuery) -> BoxFuture<'a, Result<HistoryPage, Error>> {
        Box::pin(async { Ok(HistoryPage::default()) })
    }
}

fn messages() -> Vec<Queued> {
    let queued = (0..MESSAGES).map(|n| {
        let reason = NotificationReason::First;
        let mut notification = Notification::new(reason, format!("{n}"), SystemTime::now());
        notification.text = Some("5 % of requests to /orders fail".repeat(10));
        Queued::new("post", notification)
    });
    queued.collect()
}

/// Messages per second.
fn rate(time: Duration) -> f64 {
    MESSAGES as f64 / time.as_secs_f64()
}

async fn bare(post: &Post) -> f64 {
    let messages = messages();
    let began = Instant::now();
    for queued in &messages {
        post.send(&queued.notification).await.unwrap();
    }
    rate(began.elapsed())
}

/// Until the last one is recorded in the store.
async fn delivered(post: &Arc<Post>) -> f64 {
    let store = Arc::new(Store::default());
    let lease = watch::Sender::new(Lease::endless());
    let channel = Arc::<Post>::clone(post);
    let worker = Delivery::builder(Arc::<Store>::clone(&store), "bench", lease.subscribe())
        .receivers([Outlet::new("post", channel)])
        .recorder(Prometheus::builder().build().unwrap())
        .start(&Saved::default())
        .unwrap();
    let messages = messages();
    let began = Instant::now();
    worker.enqueue(messages);
    while *store.0.lock().unwrap() < MESSAGES {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    rate(began.elapsed())
}

pub(crate) fn measure() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let app = Router::new().route("/", post(async |body: Bytes| drop(body)));
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
    });
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let post = Arc::new(Post { client, url });
    let rounds = (0..ROUNDS).map(|_| {
        let bare = runtime.block_on(bare(&post));
        (bare, runtime.block_on(delivered(&post)))
    });
    let (bare, worker): (Vec<f64>, Vec<f64>) = rounds.unzip();
    let ratios: Vec<f64> = bare
        .iter()
        .zip(&worker)
        .map(|(bare, it)| it / bare)
        .collect();
    println!("delivery of {MESSAGES} notifications, per second, median of {ROUNDS} rounds");
    println!("  the bare client  {:>8.0}", median(bare));
    println!("  the worker       {:>8.0}", median(worker));
    println!("  ratio            {:>8.2}", median(ratios));
    storm::measure(&runtime, &post);
}
