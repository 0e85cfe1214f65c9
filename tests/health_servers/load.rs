//! Single flight under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::http::http_server;
use super::servers::SERVERS;
use crate::support::env;
use crate::support::health::{free_address, result, with};
use tower_vitals::health::checks::{Http, Redis};
use tower_vitals::health::{Check, Status};
use tower_vitals::{Health, Routes};

/// The number of `PING`s that Redis has answered.
async fn pings(connection: &mut redis::aio::MultiplexedConnection) -> u64 {
    let info: String = redis::cmd("INFO")
        .arg("commandstats")
        .query_async(connection)
        .await
        .unwrap();
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("cmdstat_ping:calls="));
    line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis: tests/run"]
async fn five_hundred_clients_cause_one_check_per_period() {
    let _alone = SERVERS.lock().await;
    let url = env("VITALS_REDIS");
    let mut connection = redis::Client::open(&*url)
        .unwrap()
        .get_multiplexed_async_connection()
        .await
        .unwrap();
    let (address, requests) = (free_address(), Arc::new(AtomicUsize::new(0)));
    let _server = http_server(address, Arc::clone(&requests)).await;
    let period = Duration::from_millis(400);
    let health = Health::builder()
        .cache_for(period)
        .check("redis", Redis::url(&url).unwrap())
        .check("http", Http::get(&format!("http://{address}/")).unwrap())
        .build()
        .unwrap();
    // Not `Routes::spawn`, which holds 128 connections of one address.
    let app = axum::Router::new().merge(Routes::new().health(health));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let health = format!("http://{}/health", listener.local_addr().unwrap());
    let server = tokio::spawn(async { axum::serve(listener, app).await });
    let before = pings(&mut connection).await;

    // For four periods, each client sends the next request as soon as it has a response.
    let started = Instant::now();
    let end = started + 4 * period;
    let clients = (0..500).map(|_| {
        let check = with(Http::get(&health).unwrap().timeout(Duration::from_secs(20)));
        tokio::spawn(async move {
            let mut responses = 0;
            while responses == 0 || Instant::now() < end {
                assert_eq!(result(&check).await.status(), Status::Healthy);
                responses += 1;
            }
            responses
        })
    });
    let mut responses = 0;
    for client in clients.collect::<Vec<_>>() {
        responses += client.await.unwrap();
    }
    let periods = started.elapsed().div_duration_f64(period).ceil();
    let (pings, requests) = (
        pings(&mut connection).await - before,
        requests.load(Ordering::SeqCst),
    );
    println!("{responses} responses, {pings} pings and {requests} requests in {periods} periods");
    assert!(responses >= 500);
    assert!(
        (1.0..=periods).contains(&(pings as f64)),
        "{pings} in {periods}"
    );
    assert!(
        (1.0..=periods).contains(&(requests as f64)),
        "{requests} in {periods}"
    );
    server.abort();
}
