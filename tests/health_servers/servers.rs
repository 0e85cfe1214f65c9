//! The checks of dependencies, against real servers that stop, restart, refuse and hang.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::health::{assert_says, free_address, hanging_server, result, threads, with};
use crate::support::{env, with_password};
use sqlx::postgres::PgPoolOptions;
use tokio::net::TcpListener;
use tower_vitals::Health;
use tower_vitals::health::checks::{Http, Postgres, RabbitMq, Redis, Sqlite, Tcp};
use tower_vitals::health::{Check, Status};

/// Serializes the tests that stop or freeze servers.
pub(super) static SERVERS: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn server(command: &str, name: &str) {
    let servers = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers");
    let status = Command::new(servers)
        .args([command, name])
        .status()
        .unwrap();
    assert!(status.success(), "tests/servers {command} {name}");
}

/// Stops and starts the server. Each check is healthy before, unhealthy with `cannot connect` meanwhile, and healthy
/// after, without a restart of its `Health`.
pub(super) async fn survives_restarts<const N: usize>(name: &'static str, checks: [Health; N]) {
    let command = async |command: &'static str| {
        tokio::task::spawn_blocking(move || server(command, name))
            .await
            .unwrap();
    };
    for round in 0..2 {
        for health in &checks {
            let result = result(health).await;
            assert_eq!(
                result.status(),
                Status::Healthy,
                "{name} {round}: {result:?}"
            );
            assert!(result.data()["latency_ms"].as_f64().unwrap() > 0.0);
        }
        command("stop").await;
        for health in &checks {
            assert_says(&result(health).await, Status::Unhealthy, "cannot connect");
            assert_says(&result(health).await, Status::Unhealthy, "refused");
        }
        command("start").await;
    }
    for health in &checks {
        crate::support::until("healthy again", async || {
            result(health).await.status() == Status::Healthy
        })
        .await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: tests/run"]
async fn postgres_stops_and_restarts() {
    let _alone = SERVERS.lock().await;
    let url = env("VITALS_POSTGRES");
    let pool = PgPoolOptions::new().connect(&url).await.unwrap();
    let checks = [
        with(Postgres::url(&url).unwrap()),
        with(Postgres::pool(pool.clone())),
    ];
    survives_restarts("postgres", checks).await;
    // A pool without connections yet behaves the same.
    let lazy = with(Postgres::pool(
        PgPoolOptions::new().connect_lazy(&url).unwrap(),
    ));
    assert_eq!(result(&lazy).await.status(), Status::Healthy);
    let open = result(&with(Postgres::pool(pool.clone()))).await;
    assert_eq!(open.data()["pool_max"], 10);
    assert_eq!(open.data()["pool_size"], pool.size());
    pool.close().await;
    assert_says(
        &result(&with(Postgres::pool(pool))).await,
        Status::Unhealthy,
        "the pool is closed",
    );

    let small = PgPoolOptions::new()
        .max_connections(2)
        .connect(&url)
        .await
        .unwrap();
    let busy = [
        small.acquire().await.unwrap(),
        small.acquire().await.unwrap(),
    ];
    let health = with(Postgres::pool(small));
    assert_says(
        &result(&health).await,
        Status::Degraded,
        "all 2 connections of the pool are in use",
    );
    drop(busy);
    crate::support::until("a connection is free", async || {
        result(&health).await.status() == Status::Healthy
    })
    .await;
}

/// Forwards connections to a server. When its generation changes, open connections fall silent; new ones are forwarded.
struct Relay {
    address: SocketAddr,
    generation: Arc<AtomicUsize>,
}

impl Relay {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let generation = Arc::new(AtomicUsize::new(0));
        let current = Arc::clone(&generation);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (current, server) = (Arc::clone(&current), server.clone());
                tokio::spawn(async move {
                    let generation = current.load(Ordering::SeqCst);
                    let mut upstream = tokio::net::TcpStream::connect(server).await.unwrap();
                    let forward = tokio::io::copy_bidirectional(&mut client, &mut upstream);
                    tokio::pin!(forward);
                    loop {
                        tokio::select! {
                            _ = &mut forward => return,
                            () = tokio::time::sleep(Duration::from_millis(5)) => {}
                        }
                        if current.load(Ordering::SeqCst) != generation {
                            std::future::pending::<()>().await;
                        }
                    }
                });
            }
        });
        Self {
            address,
            generation,
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: tests/run"]
async fn checks_that_time_out_do_not_exhaust_a_pool() {
    let _alone = SERVERS.lock().await;
    let url = env("VITALS_POSTGRES");
    let host = url.rsplit_once('@').unwrap().1.split_once('/').unwrap().0;
    let relay = Relay::to(host.to_owned()).await;
    let pool = PgPoolOptions::new()
        .max_connections(3)
        .min_connections(3)
        .acquire_timeout(Duration::from_secs(5))
        .connect(&url.replace(host, &relay.address.to_string()))
        .await
        .unwrap();
    let health = with(Postgres::pool(pool.clone()).timeout(Duration::from_millis(200)));
    crate::support::until("the pool is full", async || pool.num_idle() == 3).await;
    assert_eq!(result(&health).await.status(), Status::Healthy);
    crate::support::until("the pool is full", async || pool.num_idle() == 3).await;
    relay.generation.fetch_add(1, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(50)).await;
    // Each check discards one of the silent connections.
    for _ in 0..3 {
        assert_says(
            &result(&health).await,
            Status::Unhealthy,
            "timed out after 200ms",
        );
    }
    assert_eq!(result(&health).await.status(), Status::Healthy);
    let mut connection = pool.acquire().await.unwrap();
    sqlx::query("SELECT 1")
        .execute(&mut *connection)
        .await
        .unwrap();
}

#[tokio::test]
#[ignore = "needs Redis: tests/run"]
async fn redis_stops_and_restarts() {
    let _alone = SERVERS.lock().await;
    let url = env("VITALS_REDIS");
    let client = redis::Client::open(&*url).unwrap();
    let checks = [with(Redis::url(&url).unwrap()), with(Redis::client(client))];
    survives_restarts("redis", checks).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn rabbitmq_stops_and_restarts() {
    let _alone = SERVERS.lock().await;
    let url = env("VITALS_RABBITMQ");
    let connection = lapin::Connection::connect(&url, lapin::ConnectionProperties::default());
    let connection = Arc::new(connection.await.unwrap());
    let application = with(RabbitMq::connection(Arc::clone(&connection)));
    assert_eq!(result(&application).await.status(), Status::Healthy);
    survives_restarts("rabbitmq", [with(RabbitMq::url(&url).unwrap())]).await;
    // The application's connection closed with the server, and the check does not reconnect it.
    assert_eq!(result(&application).await.status(), Status::Unhealthy);
}

#[tokio::test]
#[ignore = "needs PostgreSQL, Redis, RabbitMQ: tests/run"]
async fn a_wrong_password_differs_from_a_refused_connection() {
    let _alone = SERVERS.lock().await;
    let wrong = |name| with_password(&env(name), "wr0ng");
    for health in [
        with(Postgres::url(&wrong("VITALS_POSTGRES")).unwrap()),
        with(Postgres::pool(
            PgPoolOptions::new()
                .connect_lazy(&wrong("VITALS_POSTGRES"))
                .unwrap(),
        )),
        with(Redis::url(&wrong("VITALS_REDIS")).unwrap()),
        with(RabbitMq::url(&wrong("VITALS_RABBITMQ")).unwrap()),
    ] {
        let result = result(&health).await;
        assert_says(&result, Status::Unhealthy, "authentication failed: ");
        assert!(!result.message().unwrap().contains("wr0ng"));
    }
    let no_password = format!("redis://{}", env("VITALS_REDIS").split('@').nth(1).unwrap());
    assert_says(
        &result(&with(Redis::url(&no_password).unwrap())).await,
        Status::Unhealthy,
        "authentication failed: ",
    );
    let closed = |scheme: &str| format!("{scheme}://u:p@{}/x", free_address());
    for health in [
        with(Postgres::url(&closed("postgres")).unwrap()),
        with(Postgres::pool(
            PgPoolOptions::new()
                .connect_lazy(&closed("postgres"))
                .unwrap(),
        )),
        with(Redis::url(&format!("redis://:p@{}", free_address())).unwrap()),
        with(RabbitMq::url(&closed("amqp")).unwrap()),
        with(Http::get(&format!("http://{}/", free_address())).unwrap()),
        with(Tcp::new(free_address().to_string())),
    ] {
        let result = result(&health).await;
        assert_says(&result, Status::Unhealthy, "cannot connect");
        assert_says(&result, Status::Unhealthy, "refused");
    }
    let unknown = with_database(&env("VITALS_POSTGRES"), "nowhere");
    let unknown = result(&with(Postgres::url(&unknown).unwrap())).await;
    assert_says(
        &unknown,
        Status::Unhealthy,
        "the database returned an error: ",
    );
    assert_says(&unknown, Status::Unhealthy, "\"nowhere\" does not exist");
}

/// Sends a signal to the server's process group and to its children, because those of PostgreSQL have their own groups.
fn signal(signal: &str, name: &str) {
    let file = format!("{}/{name}.pid", env("VITALS_SERVERS"));
    let pid = std::fs::read_to_string(file).unwrap().trim().to_owned();
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let kill = |target: &str| {
        Command::new("kill")
            .args([signal, "--", target])
            .status()
            .unwrap()
    };
    assert!(kill(&format!("-{pid}")).success());
    for child in children.split_whitespace() {
        // Fails if the child has just ended.
        kill(child);
    }
}

/// A frozen server. It resumes on drop, even if the test fails.
struct Frozen(&'static str);

impl Drop for Frozen {
    fn drop(&mut self) {
        signal("-CONT", self.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL, Redis, RabbitMQ: tests/run"]
async fn a_server_that_freezes_is_unhealthy_at_the_timeout_and_leaks_nothing() {
    let _alone = SERVERS.lock().await;
    let timeout = Duration::from_millis(300);
    let pool = PgPoolOptions::new()
        .connect(&env("VITALS_POSTGRES"))
        .await
        .unwrap();
    for (name, health) in [
        (
            "postgres",
            with(
                Postgres::url(&env("VITALS_POSTGRES"))
                    .unwrap()
                    .timeout(timeout),
            ),
        ),
        ("postgres", with(Postgres::pool(pool).timeout(timeout))),
        (
            "redis",
            with(Redis::url(&env("VITALS_REDIS")).unwrap().timeout(timeout)),
        ),
        (
            "rabbitmq",
            with(
                RabbitMq::url(&env("VITALS_RABBITMQ"))
                    .unwrap()
                    .timeout(timeout),
            ),
        ),
    ] {
        crate::support::until("healthy", async || {
            result(&health).await.status() == Status::Healthy
        })
        .await;
        let before = threads();
        signal("-STOP", name);
        let frozen = Frozen(name);
        for _ in 0..5 {
            assert_says(
                &result(&health).await,
                Status::Unhealthy,
                "timed out after 300ms",
            );
        }
        assert!(
            threads() <= before + 1,
            "{name}: {before} threads became {}",
            threads()
        );
        drop(frozen);
        crate::support::until("healthy again", async || {
            result(&health).await.status() == Status::Healthy
        })
        .await;
        crate::support::until("no thread is left", async || threads() <= before).await;
    }
}

fn with_database(url: &str, database: &str) -> String {
    let (server, _) = url.rsplit_once('/').unwrap();
    format!("{server}/{database}")
}

#[test]
fn invalid_urls_are_not_quoted() {
    for error in [
        Postgres::url("mysql://u:hunter2@h/d").unwrap_err(),
        Postgres::url("u:hunter2@h:5432/d").unwrap_err(),
        Sqlite::url("postgres://u:hunter2@h/d").unwrap_err(),
        Postgres::url("postgres://u:hunter2@h:port/x").unwrap_err(),
        Redis::url("http://:hunter2@h").unwrap_err(),
        Redis::url("redis://:hunter2@h:port").unwrap_err(),
        RabbitMq::url("http://u:hunter2@h").unwrap_err(),
        RabbitMq::url("amqp://u:hunter2@h:port").unwrap_err(),
        RabbitMq::url("amqp:kit:hunter2@host").unwrap_err(),
        Redis::url("redis:kit:hunter2@host").unwrap_err(),
        Sqlite::url("sqlite://x?mode=hunter3").unwrap_err(),
    ] {
        let text = format!("{error} {error:?}");
        assert!(!text.contains("hunter2"), "{text}");
        assert!(
            text.contains("is invalid") && text.contains("is allowed"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_port_that_accepts_is_healthy() {
    let (address, _) = hanging_server(None).await;
    let accepts = result(&with(Tcp::new(address.to_string()))).await;
    assert_eq!(accepts.status(), Status::Healthy);
    assert!(accepts.data()["connect_ms"].as_f64().unwrap() >= 0.0);
    assert_says(
        &result(&with(Tcp::new("no.such.host.invalid:80"))).await,
        Status::Unhealthy,
        "cannot connect to no.such.host.invalid:80",
    );
    assert_says(
        &result(&with(Tcp::new("no port"))).await,
        Status::Unhealthy,
        "cannot connect to no port",
    );
}
