//! `Monitoring`: all routes on the address of the settings, behind their token, in one call.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tower_vitals::{ErrorKind, Health, Monitoring, Prometheus, Settings};

/// The settings, with any free port.
fn settings<const N: usize>(vars: [(&str, &str); N]) -> Settings {
    let mut settings = Settings::from_vars(vars).unwrap();
    settings.monitoring_port = 0;
    settings
}

fn prometheus() -> Prometheus {
    Prometheus::builder().build().unwrap()
}

/// Returns the status and the body.
async fn get(address: SocketAddr, path: &str, token: Option<&str>) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let token = token.map(|token| format!("authorization: Bearer {token}\r\n"));
    let token = token.unwrap_or_default();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n{token}connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

async fn status(address: SocketAddr, path: &str, token: Option<&str>) -> u16 {
    get(address, path, token).await.0
}

#[tokio::test]
async fn one_call_serves_all_routes_behind_the_token_of_the_settings() {
    let settings = settings([("MONITORING_TOKEN", "correct-horse")]);
    let health = Health::builder().check("queue", async || true);
    let monitoring = Monitoring::from_settings(&settings)
        .metrics(prometheus())
        .health(health.build().unwrap());
    #[cfg(feature = "jobs")]
    let monitoring = monitoring.jobs(tower_vitals::jobs::Jobs::builder().run().unwrap());
    #[cfg(feature = "alerts")]
    let monitoring = monitoring.alerts(tower_vitals::alerts::Alerts::builder().run().unwrap());
    let server = monitoring.spawn().await.unwrap();
    let address = server.local_addr();
    assert!(address.ip().is_loopback(), "{address}");

    for path in ["/metrics", "/livez", "/readyz", "/healthz"] {
        assert_eq!(status(address, path, None).await, 200, "{path}");
    }
    let mut guarded = vec!["/admin/config", "/health/detailed"];
    if cfg!(feature = "jobs") {
        guarded.push("/jobs");
    }
    if cfg!(feature = "alerts") {
        guarded.push("/alerts");
    }
    for path in guarded {
        assert_eq!(status(address, path, None).await, 401, "{path}");
        let wrong = status(address, path, Some("battery-staple")).await;
        assert_eq!(wrong, 401, "{path}");
        let right = status(address, path, Some("correct-horse")).await;
        assert_eq!(right, 200, "{path}");
    }
    let (_, config) = get(address, "/admin/config", Some("correct-horse")).await;
    assert!(config.contains("METRICS_COLLECTION_INTERVAL"), "{config}");
    assert!(!config.contains("correct-horse"), "{config}");

    server.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn without_a_token_guarded_routes_refuse_every_request() {
    let server = Monitoring::from_settings(&settings([]))
        .metrics(prometheus())
        .spawn()
        .await
        .unwrap();
    let address = server.local_addr();
    let (status_code, body) = get(address, "/admin/config", Some("")).await;
    assert_eq!(status_code, 403);
    assert!(body.contains("guard"), "{body}");
    assert_eq!(status(address, "/admin/config", Some("guess")).await, 403);
    assert_eq!(status(address, "/metrics", None).await, 200);
    server.shutdown().await;
}

#[tokio::test]
async fn the_token_may_be_in_a_file() {
    let file = std::env::temp_dir().join(format!("vitals-token-{}", std::process::id()));
    std::fs::write(&file, "correct-horse\n").unwrap();
    let settings = settings([("MONITORING_TOKEN_FILE", file.to_str().unwrap())]);
    std::fs::remove_file(file).unwrap();
    let server = Monitoring::from_settings(&settings).spawn().await.unwrap();
    let address = server.local_addr();
    assert_eq!(status(address, "/admin/config", None).await, 401);
    let right = status(address, "/admin/config", Some("correct-horse")).await;
    assert_eq!(right, 200);
    server.shutdown().await;
}

/// Programs without checks have liveness. Nothing else is there unless it was added.
#[tokio::test]
async fn what_is_not_added_is_not_served() {
    let server = Monitoring::from_settings(&settings([]))
        .spawn()
        .await
        .unwrap();
    let address = server.local_addr();
    let (status_code, body) = get(address, "/livez", None).await;
    assert_eq!((status_code, &*body), (200, r#"{"status":"healthy"}"#));
    for path in [
        "/metrics",
        "/readyz",
        "/health",
        "/jobs",
        "/alerts",
        "/admin/log-level",
        "/",
    ] {
        assert_eq!(status(address, path, None).await, 404, "{path}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn any_setter_of_the_routes_can_change_them() {
    let settings = settings([("MONITORING_TOKEN", "correct-horse")]);
    let server = Monitoring::from_settings(&settings)
        .change(|routes| routes.protect_metrics().rename("/livez", "/alive"))
        .metrics(prometheus())
        .spawn()
        .await
        .unwrap();
    let address = server.local_addr();
    assert_eq!(status(address, "/metrics", None).await, 401);
    assert_eq!(
        status(address, "/metrics", Some("correct-horse")).await,
        200
    );
    assert_eq!(status(address, "/alive", None).await, 200);
    assert_eq!(status(address, "/livez", None).await, 404);
    server.shutdown().await;
}

#[tokio::test]
async fn mistakes_and_a_taken_address_are_errors() {
    let monitoring =
        Monitoring::from_settings(&settings([])).change(|routes| routes.remove("/jobs"));
    let error = monitoring.spawn().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    let message = error.to_string();
    assert!(
        message.starts_with("route \"/jobs\" is not added"),
        "{message}"
    );

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = listener.local_addr().unwrap();
    let port = taken.port().to_string();
    let settings = Settings::from_vars([("MONITORING_PORT", port)]).unwrap();
    let serving = Monitoring::from_settings(&settings).serve();
    let ended = timeout(Duration::from_secs(5), serving).await;
    let error = ended.expect("it listens elsewhere").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains(&taken.to_string()), "{error}");
}
