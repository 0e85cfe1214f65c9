//! The round trips that calls of the history in PostgreSQL wait for.

use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use sqlx::postgres::PgPoolOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tower_vitals::health::checks::drivers::sqlx;
use tower_vitals::jobs::store::{ProblemStore, Registration, Retention, RunStore};
use tower_vitals::jobs::{PostgresHistory, Problem, ProblemKind, RunQuery, RunStatus, Uuid};

use crate::conformance::fixtures::{LEASE, ended, running};
use crate::history::Schema;
use crate::support::{env, until};

/// Forwards connections to PostgreSQL, and counts the messages that the client waits for: `Query` and `Sync`.
struct Relay {
    address: String,
    round_trips: Arc<AtomicUsize>,
}

impl Relay {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let round_trips = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&round_trips);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                client.set_nodelay(true).unwrap();
                let (read, mut write) = client.into_split();
                let server = TcpStream::connect(&server).await.unwrap();
                let (mut server_read, server_write) = server.into_split();
                tokio::spawn(forward(read, server_write, Arc::clone(&counter)));
                tokio::spawn(async move { copy(&mut server_read, &mut write).await });
            }
        });
        Self {
            address,
            round_trips,
        }
    }

    /// The number since the last call.
    fn take(&self) -> usize {
        self.round_trips.swap(0, Ordering::SeqCst)
    }
}

/// The first message has no type.
async fn forward(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    round_trips: Arc<AtomicUsize>,
) -> std::io::Result<()> {
    server.as_ref().set_nodelay(true)?;
    let mut has_type = false;
    loop {
        let mut message = Vec::new();
        if has_type {
            message.push(client.read_u8().await?);
            round_trips.fetch_add(usize::from(b"QS".contains(&message[0])), Ordering::SeqCst);
        }
        let length = client.read_u32().await?;
        message.extend(length.to_be_bytes());
        let mut body = vec![0; length as usize - 4];
        client.read_exact(&mut body).await?;
        message.extend(body);
        server.write_all(&message).await?;
        has_type = true;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: tests/run"]
async fn calls_take_few_round_trips() {
    let schema = Schema::new("round_trips").await;
    let url = env("VITALS_POSTGRES");
    let server = url.rsplit_once('@').unwrap().1.split_once('/').unwrap().0;
    let relay = Relay::to(server.to_owned()).await;
    let url = schema.0.replace(server, &relay.address);
    let pool = PgPoolOptions::new().max_connections(1);
    let pool = pool
        .connect_lazy(&format!("{url}&sslmode=disable"))
        .unwrap();
    let history = PostgresHistory::pool(pool.clone());
    history.prepare().await.unwrap();
    let jobs: Vec<_> = (0..50)
        .map(|n| ended(&format!("job {n}"), n, RunStatus::Success, Duration::ZERO))
        .collect();
    history.write(&jobs, LEASE).await.unwrap();
    let mut counted = Vec::new();
    let mut count = async |name: &'static str| {
        until("the pool has the connection back", async || {
            pool.num_idle() == 1
        })
        .await;
        counted.push((name, relay.take()));
    };
    count("prepare and fill").await;
    let runs = [
        ended("job 1", 1, RunStatus::Success, Duration::ZERO),
        running("job 1", 2),
    ];
    history.write(&runs, LEASE).await.unwrap();
    count("write").await;
    history
        .renew(slice::from_ref(&runs[1].id), LEASE)
        .await
        .unwrap();
    count("renew").await;
    history.reap(SystemTime::UNIX_EPOCH).await.unwrap();
    count("reap").await;
    history.job_states().await.unwrap();
    count("job_states").await;
    history.problems().await.unwrap();
    count("problems").await;
    history.runs(&RunQuery::new()).await.unwrap();
    count("runs").await;
    history.last_runs().await.unwrap();
    count("last_runs").await;
    history.stats("job 1").await.unwrap();
    count("stats").await;
    history.prune(&Retention::new(), 100).await.unwrap();
    count("prune").await;
    history
        .register(&[Registration::new("job 1", None)])
        .await
        .unwrap();
    count("register").await;
    let problem = Problem::new("job 1", ProblemKind::Late, SystemTime::now(), "late");
    history.report(&problem, SystemTime::now()).await.unwrap();
    count("report").await;
    history.resolve(&problem, Uuid::now_v7()).await.unwrap();
    count("resolve").await;
    // Two of each are the pool's own, before and after it lends a connection.
    let expected = [
        ("write", 10),
        ("renew", 6),
        ("reap", 6),
        ("job_states", 8),
        ("problems", 6),
        ("runs", 6),
        ("last_runs", 8),
        ("stats", 14),
        ("prune", 12),
        ("register", 6),
        ("report", 6),
        ("resolve", 6),
    ];
    assert_eq!(counted[1..], expected);
}
