//! Metrics pushed to a Pushgateway: what is sent, what is tried again, and what an error says.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::health::hanging_server;
use crate::support::{env, request, until};
use futures_util::FutureExt;
use metrics::{Key, Level, Metadata, Recorder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower_vitals::exporter::Pushgateway;
use tower_vitals::{ErrorKind, Prometheus};

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);
const SECRET: &str = "pl4nted-s3cret";

fn count(prometheus: &Prometheus, by: u64) {
    prometheus
        .register_counter(&Key::from_name("x_total"), &METADATA)
        .increment(by);
}

/// With an `x_total` of 3.
fn counted() -> Prometheus {
    let prometheus = Prometheus::builder().build().unwrap();
    count(&prometheus, 3);
    prometheus
}

/// A server that answers as it is told, the last way again and again, and keeps what it was sent.
struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

#[derive(Debug, Clone)]
struct Seen {
    /// Method and path.
    line: String,
    /// In lower case, with their values as they came.
    headers: Vec<(String, String)>,
    body: String,
}

impl Seen {
    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| &**value)
    }
}

impl Server {
    async fn answering(answers: &[(&'static str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let kept = Arc::clone(&seen);
        let answers: Vec<_> = answers
            .iter()
            .map(|(status, body)| {
                let length = body.len();
                format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}")
            })
            .collect();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = read(&mut stream).await;
                let number = {
                    let mut kept = kept.lock().unwrap();
                    kept.push(request);
                    kept.len() - 1
                };
                let answer = &answers[number.min(answers.len() - 1)];
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { address, seen }
    }

    async fn ok() -> Self {
        Self::answering(&[("200 OK", "")]).await
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn gateway(&self) -> Pushgateway {
        Pushgateway::new(&self.url(), "nightly").unwrap()
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }
}

async fn read(stream: &mut TcpStream) -> Seen {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.unwrap();
        assert_ne!(read, 0, "the request ended early: {text}");
        text.push_str(str::from_utf8(&buffer[..read]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let mut lines = head.lines();
        let line = lines.next().unwrap().strip_suffix(" HTTP/1.1").unwrap();
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let seen = Seen {
            line: line.to_owned(),
            headers,
            body: body.to_owned(),
        };
        let length = seen.header("content-length").unwrap_or("0");
        if body.len() == length.parse::<usize>().unwrap() {
            return seen;
        }
    }
}

/// A port that nothing listens on.
async fn closed() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn a_push_puts_the_text_in_its_group() {
    let server = Server::ok().await;
    let prometheus = counted();
    let gateway = server.gateway().grouping("instance", "eu 1").unwrap();
    gateway.push(&prometheus).await.unwrap();
    gateway.add(&prometheus).await.unwrap();
    gateway.delete().await.unwrap();

    let path = "/metrics/job/nightly/instance/eu%201";
    assert_eq!(
        server.lines(),
        ["PUT", "POST", "DELETE"].map(|method| format!("{method} {path}"))
    );
    let seen = server.seen();
    for push in &seen[..2] {
        assert_eq!(
            push.header("content-type"),
            Some("text/plain; version=0.0.4; charset=utf-8")
        );
        assert_eq!(push.header("authorization"), None);
        assert!(push.body.contains("\nx_total 3\n"), "{}", push.body);
    }
    assert_eq!(seen[2].body, "");
    assert_eq!(seen[2].header("content-type"), None);
}

#[tokio::test]
async fn a_base_path_stays_and_odd_values_go_as_base64() {
    let server = Server::ok().await;
    let gateway = Pushgateway::new(&format!("{}/push/", server.url()), "a/b")
        .and_then(|gateway| gateway.grouping("dir", "/var/tmp"))
        .and_then(|gateway| gateway.grouping("none", ""))
        .unwrap();
    gateway.push(&counted()).await.unwrap();
    assert_eq!(
        server.lines(),
        ["PUT /push/metrics/job@base64/YS9i/dir@base64/L3Zhci90bXA/none@base64/="]
    );
}

#[tokio::test]
async fn credentials_are_a_header() {
    let server = Server::ok().await;
    let host = server.address;
    let in_url = format!("http://us%65r:{SECRET}%2F@{host}");
    let gateways = [
        server.gateway().bearer(SECRET).unwrap(),
        server.gateway().basic("user", SECRET).unwrap(),
        Pushgateway::new(&in_url, "nightly").unwrap(),
        Pushgateway::new(&in_url, "nightly")
            .unwrap()
            .bearer(SECRET)
            .unwrap(),
    ];
    for gateway in &gateways {
        gateway.push(&counted()).await.unwrap();
        let shown = format!("{gateway:?}");
        assert!(shown.contains(&host.to_string()), "{shown}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }
    let sent: Vec<_> = server
        .seen()
        .iter()
        .map(|seen| seen.header("authorization").unwrap().to_owned())
        .collect();
    assert_eq!(
        sent,
        [
            "Bearer pl4nted-s3cret",
            "Basic dXNlcjpwbDRudGVkLXMzY3JldA==",
            "Basic dXNlcjpwbDRudGVkLXMzY3JldC8=",
            "Bearer pl4nted-s3cret",
        ]
    );
    assert!(!server.seen()[2].line.contains("s3cret"));
    assert_eq!(server.seen()[2].header("host"), Some(&*host.to_string()));
}

#[tokio::test]
async fn a_refusal_is_told_at_once() {
    let answer = format!(
        "inconsistent metrics, password={SECRET}, {}",
        "x".repeat(9000)
    );
    let server = Server::answering(&[("400 Bad Request", &answer)]).await;
    let error = server.gateway().push(&counted()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    let message = error.to_string();
    let begins = format!(
        "push to {} for job \"nightly\" failed: 400 Bad Request: inconsistent metrics, password=",
        server.url()
    );
    assert!(message.starts_with(&begins), "{message}");
    assert!(!message.contains("s3cret"), "{message}");
    assert!(message.len() < begins.len() + 200, "{message}");
    assert_eq!(server.lines().len(), 1, "and it is not tried again");
}

#[tokio::test]
async fn an_answer_that_repeats_the_secret_is_masked() {
    let echo = format!("who is {SECRET}? dXNlcjpwbDRudGVkLXMzY3JldA== is nobody");
    let server = Server::answering(&[("401 Unauthorized", &echo)]).await;
    let gateway = server.gateway().basic("user", SECRET).unwrap();
    let error = gateway.delete().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "delete at {} for job \"nightly\" failed: 401 Unauthorized: who is [redacted]? [redacted] is nobody",
            server.url()
        )
    );
}

#[tokio::test]
async fn a_server_error_is_tried_again() {
    let failing = ("500 Internal Server Error", "not now");
    let server = Server::answering(&[failing, failing, ("200 OK", "")]).await;
    let started = Instant::now();
    server.gateway().push(&counted()).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(500));
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(
        seen.iter()
            .all(|each| each.body == seen[0].body && each.line == seen[0].line)
    );

    let server = Server::answering(&[failing]).await;
    let error = server.gateway().push(&counted()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("500 Internal Server Error: not now"),
        "{error}"
    );
    assert_eq!(server.lines().len(), 3);
}

#[tokio::test]
async fn no_connection_names_the_host_and_no_password() {
    let address = closed().await;
    let url = format!("http://user:{SECRET}@{address}/base");
    let gateway = Pushgateway::new(&url, "nightly").unwrap();
    let error = gateway.push(&counted()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    let message = error.to_string();
    let begins = format!(
        "push to http://{address} for job \"nightly\" failed: cannot connect to {address}: "
    );
    assert!(message.starts_with(&begins), "{message}");
    assert!(message.contains("refused"), "{message}");
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
}

#[tokio::test]
async fn a_server_that_returns_is_found() {
    let address = closed().await;
    let gateway = Pushgateway::new(&format!("http://{address}"), "nightly").unwrap();
    let returns = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let listener = TcpListener::bind(address).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        read(&mut stream).await;
        let answer = "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
    };
    let prometheus = counted();
    let (pushed, ()) = tokio::join!(gateway.push(&prometheus), returns);
    pushed.unwrap();
}

#[tokio::test]
async fn no_answer_ends_with_the_timeout() {
    let (address, open) = hanging_server(None).await;
    let gateway = Pushgateway::new(&format!("http://{address}"), "nightly")
        .unwrap()
        .timeout(Duration::from_millis(300));
    let started = Instant::now();
    let error = gateway.push(&counted()).await.unwrap_err();
    let took = started.elapsed();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(
        error.to_string().ends_with("not done within 300ms"),
        "{error}"
    );
    assert!(took >= Duration::from_millis(300), "{took:?}");
    until("the connection is closed", async || {
        open.load(std::sync::atomic::Ordering::SeqCst) == 0
    })
    .await;
}

#[tokio::test]
async fn a_timeout_tells_the_attempt_before() {
    let server = Server::answering(&[("503 Service Unavailable", "full")]).await;
    // Between the second attempt and the third.
    let gateway = server.gateway().timeout(Duration::from_millis(480));
    let error = gateway.push(&counted()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("not done within 480ms; the attempt before: 503 Service Unavailable: full"),
        "{error}"
    );
}

#[tokio::test]
async fn pushes_at_an_interval_and_a_last_one() {
    let server = Server::ok().await;
    let prometheus = counted();
    let pushing = server
        .gateway()
        .push_every(Duration::from_millis(20), &prometheus)
        .unwrap();
    until("three pushes", async || server.seen().len() >= 3).await;
    count(&prometheus, 4);
    pushing.finish().await.unwrap();
    let seen = server.seen();
    let last = &seen[seen.len() - 1].body;
    assert!(last.contains("\nx_total 7\n"), "{last}");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.seen().len(), seen.len(), "it has stopped");
}

#[tokio::test]
async fn a_job_shorter_than_the_interval_still_pushes_once() {
    let server = Server::ok().await;
    let pushing = server
        .gateway()
        .push_every(Duration::from_hours(1), &counted())
        .unwrap();
    assert!(server.seen().is_empty());
    pushing.finish().await.unwrap();
    assert_eq!(server.lines(), ["PUT /metrics/job/nightly"]);
}

#[tokio::test]
async fn dropped_it_stops_without_a_last_push() {
    let server = Server::ok().await;
    let pushing = server
        .gateway()
        .push_every(Duration::from_millis(100), &counted())
        .unwrap();
    drop(pushing);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_last_push_that_fails_is_an_error() {
    let server = Server::answering(&[("400 Bad Request", "no")]).await;
    let pushing = server
        .gateway()
        .push_every(Duration::from_hours(1), &counted())
        .unwrap();
    let error = pushing.finish().await.unwrap_err();
    assert!(
        error.to_string().ends_with("400 Bad Request: no"),
        "{error}"
    );
}

/// What is logged, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn failures_at_an_interval_are_logged_once() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _logged = tracing::subscriber::set_default(subscriber);

    let answers = [[("400 Bad Request", "no"); 3], [("200 OK", ""); 3]].concat();
    let server = Server::answering(&answers).await;
    let gateway = Pushgateway::new(&format!("http://u:{SECRET}@{}", server.address), "nightly");
    let pushing = gateway
        .unwrap()
        .push_every(Duration::from_millis(10), &counted())
        .unwrap();
    until("six pushes", async || server.seen().len() >= 6).await;
    pushing.finish().await.unwrap();

    let text = log.text();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].contains("WARN") && lines[0].contains("400 Bad Request: no"));
    assert!(lines[1].contains("INFO") && lines[1].contains("pushed again"));
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn wrong_settings_are_told() {
    let gateway = || Pushgateway::new("http://h:9091", "nightly").unwrap();
    let refused = [
        (Pushgateway::new("http://h:9091", ""), "job"),
        (Pushgateway::new("h:9091", "nightly"), "http:// or https://"),
        (gateway().grouping("a-b", "x"), "\"a-b\""),
        (gateway().grouping("job", "x"), "\"job\""),
        (gateway().grouping("dir", &"x".repeat(70_000)), "65,534"),
        (gateway().bearer(""), "bearer token"),
        (gateway().bearer("s3cret\n"), "bearer token"),
        (gateway().basic("a:b", "s3cret"), "user"),
    ];
    for (result, names) in refused {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.to_string().contains(names), "{error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
    let prometheus = counted();
    let error = gateway()
        .push_every(Duration::ZERO, &prometheus)
        .unwrap_err();
    assert!(error.to_string().contains("interval"), "{error}");
    let error = gateway()
        .push_every(Duration::from_secs(1), &prometheus)
        .unwrap_err();
    assert!(error.to_string().contains("tokio runtime"), "{error}");
    let error = gateway().push(&prometheus).now_or_never().unwrap();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("needs a tokio runtime"), "{error}");
}

/// A job that lives 50 ms: what it counted is read from the Pushgateway after it is gone, until its group is deleted.
#[tokio::test]
#[ignore = "needs a Pushgateway: tests/run"]
async fn a_job_of_50_ms_is_seen_after_it_is_gone() {
    let url = env("VITALS_PUSHGATEWAY");
    let gateway = Pushgateway::new(&url, "nightly")
        .and_then(|gateway| gateway.grouping("dir", "/var/tmp"))
        .and_then(|gateway| gateway.grouping("dot", "."))
        .and_then(|gateway| gateway.grouping("text", "a \"b\" + é?%"))
        .unwrap();
    {
        let prometheus = Prometheus::builder().build().unwrap();
        let pushing = gateway
            .push_every(Duration::from_secs(15), &prometheus)
            .unwrap();
        count(&prometheus, 1);
        tokio::time::sleep(Duration::from_millis(50)).await;
        count(&prometheus, 2);
        pushing.finish().await.unwrap();
    }
    let address = url.strip_prefix("http://").unwrap();
    let exposed = async || request(address, "/metrics").await.unwrap().1;
    let labels = r#"{dir="/var/tmp",dot=".",instance="",job="nightly",text="a \"b\" + é?%"}"#;
    let text = exposed().await;
    assert!(text.contains(&format!("\nx_total{labels} 3\n")), "{text}");
    let pushed = format!("\npush_time_seconds{labels} ");
    let (_, at) = text.split_once(&pushed).unwrap();
    let at: f64 = at.lines().next().unwrap().parse().unwrap();
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    assert!((now.as_secs_f64() - at).abs() < 60.0, "{at}");

    // Another type for what another group holds is refused.
    let other = Prometheus::builder().build().unwrap();
    let key = Key::from_name("x_total");
    other.register_gauge(&key, &METADATA).set(1.0);
    let odd = Pushgateway::new(&url, "odd").unwrap();
    let error = odd.push(&other).await.unwrap_err().to_string();
    assert!(
        error.contains("400 Bad Request: pushed metrics are invalid"),
        "{error}"
    );

    gateway.delete().await.unwrap();
    odd.delete().await.unwrap();
    assert!(!exposed().await.contains(r#"job="nightly""#));
}
