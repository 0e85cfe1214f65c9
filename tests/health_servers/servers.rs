//! The checks of dependencies, against real servers that stop, restart, refuse and hang.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::health::{assert_says, hanging_server, result, threads, with};
use crate::support::{env, with_password};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use sqlx::Connection;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower_vitals::health::checks::{Http, Postgres, RabbitMq, Redis, Sqlite, Tcp};
use tower_vitals::health::{Check, Status};
use tower_vitals::{Health, Routes};

/// Serializes the tests that stop or freeze servers.
static SERVERS: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

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
async fn survives_restarts<const N: usize>(name: &'static str, checks: [Health; N]) {
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

/// An address without a listener.
fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// A directory that is removed after the test.
struct TempDir(PathBuf);

impl TempDir {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("vitals-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn a_sqlite_file_disappears_and_returns() {
    let directory = TempDir::new("sqlite");
    let (file, moved) = (directory.0.join("orders.db"), directory.0.join("away.db"));
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(2)
        .connect_with(options.clone())
        .await
        .unwrap();
    sqlx::query("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
        .execute(&pool)
        .await
        .unwrap();
    let url = format!("sqlite://{}", file.display());
    let checks = [
        with(Sqlite::url(&url).unwrap()),
        with(Sqlite::pool(pool.clone())),
    ];
    for _ in 0..2 {
        for health in &checks {
            assert_eq!(result(health).await.status(), Status::Healthy);
        }
        std::fs::rename(&file, &moved).unwrap();
        assert_says(
            &result(&checks[0]).await,
            Status::Unhealthy,
            "unable to open database file",
        );
        assert_says(
            &result(&checks[1]).await,
            Status::Unhealthy,
            "orders.db: the file does not exist",
        );
        assert!(!file.exists(), "a check does not create the file");
        std::fs::rename(&moved, &file).unwrap();
    }
    // Locked by a writer for longer than the check waits.
    let mut writer = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("BEGIN EXCLUSIVE")
        .execute(&mut writer)
        .await
        .unwrap();
    assert_says(
        &result(&checks[0]).await,
        Status::Unhealthy,
        "database is locked",
    );
    sqlx::raw_sql("COMMIT").execute(&mut writer).await.unwrap();
    for health in &checks {
        assert_eq!(result(health).await.status(), Status::Healthy);
    }
    writer.close().await.unwrap();
    pool.close().await;
    std::fs::write(&file, "not a database, but long enough to have been one").unwrap();
    assert_says(
        &result(&checks[0]).await,
        Status::Unhealthy,
        "file is not a database",
    );
}

/// Serves on this address until the sender is dropped, so that a restart keeps the port.
async fn http_server(address: SocketAddr, requests: Arc<AtomicUsize>) -> oneshot::Sender<()> {
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

    let invalid = at("/")
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
    assert!(health.add("api", at("/").header("", "x")).is_err());
}

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
    let server = Routes::new()
        .health(health)
        .serve("127.0.0.1:0")
        .await
        .unwrap();
    let health = format!("http://{}/health", server.local_addr());
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
    server.shutdown().await;
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
