//! The Redis check over TLS, against a real Redis with a certificate of the tests' own authority.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use crate::support::health::{assert_says, free_address, result, with};
use crate::support::prometheus::output;
use crate::support::tls::Certificates;
use tower_vitals::Health;
use tower_vitals::health::Status;
use tower_vitals::health::checks::Redis;

/// A Redis that speaks TLS only, and asks for a password.
struct Server {
    address: SocketAddr,
    process: Child,
}

impl Server {
    async fn start(certificates: &Certificates) -> Self {
        let address = free_address();
        let mut command = Command::new("redis-server");
        command
            .args(["--port", "0", "--tls-port", &address.port().to_string()])
            .args([
                "--bind",
                "127.0.0.1",
                "127.0.0.2",
                "--save",
                "",
                "--appendonly",
                "no",
            ])
            .args(["--dir", &certificates.path("")])
            .args(["--tls-cert-file", &certificates.path("server.pem")])
            .args(["--tls-key-file", &certificates.path("server.key")])
            .args(["--tls-ca-cert-file", &certificates.path("ca.pem")])
            .args(["--tls-auth-clients", "no", "--requirepass", "s3cret"]);
        let process = command.stdout(Stdio::null()).spawn().unwrap();
        crate::support::until("redis accepts connections", async || {
            tokio::net::TcpStream::connect(address).await.is_ok()
        })
        .await;
        Self { address, process }
    }

    fn url(&self, scheme: &str, host: &str) -> String {
        format!("{scheme}://:s3cret@{host}:{}/1", self.address.port())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
#[ignore = "needs Redis: tests/run"]
async fn redis_is_checked_over_tls() {
    let certificates = Certificates::new("redis");
    let server = Server::start(&certificates).await;
    for scheme in ["rediss", "valkeys"] {
        for host in ["localhost", "127.0.0.1"] {
            let check = Redis::url(&server.url(scheme, host)).unwrap();
            let health = with(check.root_certificates(certificates.authority()));
            for _ in 0..3 {
                let healthy = result(&health).await;
                assert_eq!(healthy.status(), Status::Healthy, "{healthy:?}");
                assert!(healthy.data()["latency_ms"].as_f64().unwrap() > 0.0);
            }
        }
    }
    // The connection is kept: the three checks of each made one.
    let info = output(
        Command::new("redis-cli")
            .args(["-p", &server.address.port().to_string(), "-a", "s3cret"])
            .args([
                "--tls",
                "--cacert",
                &certificates.path("ca.pem"),
                "info",
                "stats",
            ]),
    );
    let accepted = "total_connections_received:";
    let accepted = info.lines().find_map(|line| line.strip_prefix(accepted));
    let accepted: u32 = accepted.unwrap().trim().parse().unwrap();
    assert!((4..=4 + 2).contains(&accepted), "{accepted}");
}

#[tokio::test]
#[ignore = "needs Redis: tests/run"]
async fn redis_over_tls_is_unhealthy_with_the_reason() {
    let certificates = Certificates::new("redis-wrong");
    let server = Server::start(&certificates).await;
    let url = server.url("rediss", "localhost");
    let says = async |check: Redis, text: &str| {
        let result = result(&with(check)).await;
        assert_says(&result, Status::Unhealthy, text);
        assert!(!format!("{result:?}").contains("s3cret"), "{result:?}");
    };
    // The authority of the tests is none of the system's.
    let unknown = "cannot connect: invalid peer certificate: UnknownIssuer";
    says(Redis::url(&url).unwrap(), unknown).await;
    let other = Certificates::new("redis-other");
    let check = Redis::url(&url).unwrap();
    says(
        check.root_certificates(other.authority()),
        "cannot connect: invalid peer certificate",
    )
    .await;
    // A name that the certificate lacks.
    let named = Redis::url(&server.url("rediss", "127.0.0.2")).unwrap();
    let text = "cannot connect: invalid peer certificate";
    says(named.root_certificates(certificates.authority()), text).await;
    let password = Redis::url(&url.replace("s3cret", "wr0ng")).unwrap();
    let text = "authentication failed: ";
    says(password.root_certificates(certificates.authority()), text).await;
    // Clear text to a port that speaks TLS.
    says(
        Redis::url(&server.url("redis", "localhost")).unwrap(),
        "cannot connect",
    )
    .await;
    let closed = format!("rediss://:s3cret@{}", free_address());
    says(
        Redis::url(&closed).unwrap(),
        "cannot connect: Connection refused",
    )
    .await;
}

#[test]
fn what_redis_does_not_support_is_an_error_that_says_what_is() {
    let message = |url: &str| {
        let error = Redis::url(url).unwrap_err().to_string();
        assert!(!error.contains("s3cret"), "{error}");
        error
    };
    for url in [
        "rediss://:s3cret@host#insecure",
        "valkeys://:s3cret@host/0#insecure",
    ] {
        assert_eq!(
            message(url),
            "the URL of Redis is invalid: it has a fragment (#): the server's certificate is always verified, and \
             Redis::root_certificates trusts an authority of your own"
        );
    }
    for url in [
        "http://:s3cret@host",
        "rediss://:s3cret@host:port",
        "rediss://",
        "",
    ] {
        assert_eq!(
            message(url),
            "the URL of Redis is invalid: redis://[user][:password@]host[:port][/database] is allowed, with rediss:// for TLS, \
             and so is unix:///path"
        );
    }
    for url in [
        "redis://h",
        "rediss://h",
        "valkey://h",
        "valkeys://h",
        "unix:///run/redis.sock",
    ] {
        assert!(Redis::url(url).is_ok(), "{url}");
    }
}

#[test]
fn wrong_root_certificates_are_an_error_at_registration() {
    let built = |check: Redis| {
        let built = Health::builder().check("redis", check).build();
        built.map(drop).map_err(|error| error.to_string())
    };
    let tls = || Redis::url("rediss://h").unwrap();
    for pem in [
        "",
        "s3cret",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let error = built(tls().root_certificates(pem)).unwrap_err();
        let begin = "check \"redis\" is misconfigured: the root certificates are invalid (";
        assert!(error.starts_with(begin), "{error}");
        assert!(
            error.ends_with("): certificates in PEM are allowed"),
            "{error}"
        );
        assert!(!error.contains("s3cret"), "{error}");
    }
    let plain = Redis::url("redis://h").unwrap().root_certificates("");
    assert_eq!(
        built(plain).unwrap_err(),
        "check \"redis\" is misconfigured: root certificates have no effect without TLS: rediss:// is allowed"
    );
    let client = redis::Client::open("redis://h").unwrap();
    let error = built(Redis::client(client).root_certificates("")).unwrap_err();
    assert!(
        error.contains("root certificates have no effect"),
        "{error}"
    );
    assert_eq!(built(tls()), Ok(()));
}
