//! The connections of a real `sqlx` pool.

use std::time::Duration;

use sqlx::sqlite::SqlitePoolOptions;
use tower_vitals::Prometheus;
use tower_vitals::instrument::DatabaseConnections;

#[tokio::test]
async fn a_pool_is_sampled_until_it_is_closed() {
    let prometheus = Prometheus::builder().build().unwrap();
    let connections = DatabaseConnections::new().recorder(prometheus.clone());
    let read = || {
        let snapshot = prometheus.snapshot();
        let gauge = |name| snapshot.sum(name, &[]);
        (
            gauge("database_connections"),
            gauge("db_connections_active"),
            gauge("database_connections_max"),
        )
    };
    let pool = SqlitePoolOptions::new()
        .min_connections(3)
        .max_connections(4)
        .connect("sqlite::memory:")
        .await
        .unwrap();
    crate::support::until("three are open and idle", async || pool.num_idle() == 3).await;
    connections.sample(&pool);
    assert_eq!(read(), (Some(3.0), Some(0.0), Some(4.0)));

    let polling = tokio::spawn(connections.poll(pool.clone(), Duration::ZERO));
    let busy = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
    crate::support::until("two are in use", async || read().1 == Some(2.0)).await;
    drop(busy);
    crate::support::until("none is in use", async || read().1 == Some(0.0)).await;
    pool.close().await;
    polling.await.unwrap();
    assert_eq!(read(), (Some(0.0), Some(0.0), Some(4.0)));
}
