//! The Pushgateway client: requests, retries and errors.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::health::hanging_server;
use crate::support::log::Log;
use crate::support::{env, request, until};
use futures_util::FutureExt;
use metrics::{Key, Level, Metadata, Recorder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower_vitals::exporter::{ExemplarLabels, Pushgateway, PushgatewayBuilder};
use tower_vitals::{ErrorKind, Prometheus};

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);
const SECRET: &str = "pl4nted-s3cret";

fn count(prometheus: &Prometheus, by: u64) {
    prometheus
        .register_counter(&Key::from_name("x_total"), &METADATA)
        .increment(by);
}

/// A recorder with an `x_total` of 3.
fn recorder() -> Prometheus {
    let prometheus = Prometheus::builder().build().unwrap();
    count(&prometheus, 3);
    prometheus
}

/// A server that sends the given responses, repeats the last one, and stores the requests.
struct Server {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

#[derive(Debug, Clone)]
struct Received {
    /// Method and path.
    line: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    body: String,
}

impl Received {
    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| &**value)
    }
}

impl Server {
    async fn with_responses(responses: &[(&'static str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let requests = Arc::clone(&received);
        let responses: Vec<_> = responses
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
                    let mut requests = requests.lock().unwrap();
                    requests.push(request);
                    requests.len() - 1
                };
                let response = &responses[number.min(responses.len() - 1)];
                stream.write_all(response.as_bytes()).await.unwrap();
            }
        });
        Self { address, received }
    }

    async fn ok() -> Self {
        Self::with_responses(&[("200 OK", "")]).await
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn builder(&self) -> PushgatewayBuilder {
        Pushgateway::builder(&self.url(), "nightly")
    }

    fn gateway(&self) -> Pushgateway {
        Pushgateway::new(&self.url(), "nightly").unwrap()
    }

    fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    fn lines(&self) -> Vec<String> {
        let received = self.received().into_iter();
        received.map(|request| request.line).collect()
    }
}

async fn read(stream: &mut TcpStream) -> Received {
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
        let request = Received {
            line: line.to_owned(),
            headers,
            body: body.to_owned(),
        };
        let length = request.header("content-length").unwrap_or("0");
        if body.len() == length.parse::<usize>().unwrap() {
            return request;
        }
    }
}

/// An address without a listener.
async fn closed_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn push_add_and_delete_address_the_group() {
    let server = Server::ok().await;
    let prometheus = recorder();
    let gateway = server
        .builder()
        .grouping("instance", "eu 1")
        .build()
        .unwrap();
    gateway.push(&prometheus).await.unwrap();
    gateway.add(&prometheus).await.unwrap();
    gateway.delete().await.unwrap();

    let path = "/metrics/job/nightly/instance/eu%201";
    assert_eq!(
        server.lines(),
        ["PUT", "POST", "DELETE"].map(|method| format!("{method} {path}"))
    );
    let received = server.received();
    for push in &received[..2] {
        assert_eq!(
            push.header("content-type"),
            Some("text/plain; version=0.0.4; charset=utf-8")
        );
        assert_eq!(push.header("authorization"), None);
        assert!(push.body.contains("\nx_total 3\n"), "{}", push.body);
    }
    assert_eq!(received[2].body, "");
    assert_eq!(received[2].header("content-type"), None);
}

/// A push is text 0.0.4, which has neither.
#[tokio::test]
async fn a_push_has_neither_exemplars_nor_creation_times() {
    let server = Server::ok().await;
    let prometheus = Prometheus::builder()
        .exemplars(|| Some(ExemplarLabels::trace([1; 16], [2; 8])))
        .created_timestamps(true)
        .build()
        .unwrap();
    count(&prometheus, 3);
    assert!(
        prometheus
            .render_openmetrics()
            .contains("x_total 3 # {trace_id=")
    );
    server.gateway().push(&prometheus).await.unwrap();
    let received = server.received();
    let body = &received[0].body;
    assert!(body.contains("x_total 3\n"), "{body}");
    assert!(
        !body.contains("trace_id") && !body.contains("_created"),
        "{body}"
    );
}

#[tokio::test]
async fn a_base_path_is_kept_and_special_values_are_base64() {
    let server = Server::ok().await;
    let gateway = Pushgateway::builder(&format!("{}/push/", server.url()), "a/b")
        .grouping("dir", "/var/tmp")
        .grouping("none", "")
        .build()
        .unwrap();
    gateway.push(&recorder()).await.unwrap();
    assert_eq!(
        server.lines(),
        ["PUT /push/metrics/job@base64/YS9i/dir@base64/L3Zhci90bXA/none@base64/="]
    );
}

#[tokio::test]
async fn credentials_are_sent_as_a_header() {
    let server = Server::ok().await;
    let host = server.address;
    let in_url = format!("http://us%65r:{SECRET}%2F@{host}");
    let builders = [
        server.builder().bearer(SECRET),
        server.builder().basic("user", SECRET),
        Pushgateway::builder(&in_url, "nightly"),
        Pushgateway::builder(&in_url, "nightly").bearer(SECRET),
    ];
    for builder in builders {
        assert!(!format!("{builder:?}").contains("s3cret"), "{builder:?}");
        let gateway = builder.build().unwrap();
        gateway.push(&recorder()).await.unwrap();
        let shown = format!("{gateway:?}");
        assert!(shown.contains(&host.to_string()), "{shown}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }
    let sent: Vec<_> = server
        .received()
        .iter()
        .map(|received| received.header("authorization").unwrap().to_owned())
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
    assert!(!server.received()[2].line.contains("s3cret"));
    assert_eq!(
        server.received()[2].header("host"),
        Some(&*host.to_string())
    );
}

#[tokio::test]
async fn a_client_error_is_not_retried() {
    let body = format!(
        "inconsistent metrics, password={SECRET}, {}",
        "x".repeat(9000)
    );
    let server = Server::with_responses(&[("400 Bad Request", &body)]).await;
    let error = server.gateway().push(&recorder()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    let message = error.to_string();
    let prefix = format!(
        "push to {} for job \"nightly\" failed: 400 Bad Request: inconsistent metrics, password=",
        server.url()
    );
    assert!(message.starts_with(&prefix), "{message}");
    assert!(!message.contains("s3cret"), "{message}");
    assert!(message.len() < prefix.len() + 400, "{message}");
    assert_eq!(server.lines().len(), 1, "one attempt");
}

#[tokio::test]
async fn secrets_in_a_response_are_masked() {
    let echo = format!("who is {SECRET}? dXNlcjpwbDRudGVkLXMzY3JldA== is nobody");
    let server = Server::with_responses(&[("401 Unauthorized", &echo)]).await;
    let gateway = server.builder().basic("user", SECRET).build().unwrap();
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
async fn a_server_error_is_retried() {
    let failing = ("500 Internal Server Error", "not now");
    let server = Server::with_responses(&[failing, failing, ("200 OK", "")]).await;
    let started = Instant::now();
    server.gateway().push(&recorder()).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(500));
    let received = server.received();
    assert_eq!(received.len(), 3);
    assert!(
        received
            .iter()
            .all(|each| each.body == received[0].body && each.line == received[0].line)
    );

    let server = Server::with_responses(&[failing]).await;
    let error = server.gateway().push(&recorder()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("500 Internal Server Error: not now"),
        "{error}"
    );
    assert_eq!(server.lines().len(), 3);
}

#[tokio::test]
async fn a_connection_error_names_the_host_and_no_password() {
    let address = closed_address().await;
    let url = format!("http://user:{SECRET}@{address}/base");
    let gateway = Pushgateway::new(&url, "nightly").unwrap();
    let error = gateway.push(&recorder()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    let message = error.to_string();
    let prefix = format!(
        "push to http://{address} for job \"nightly\" failed: cannot connect to {address}: "
    );
    assert!(message.starts_with(&prefix), "{message}");
    assert!(message.contains("refused"), "{message}");
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
}

#[tokio::test]
async fn a_server_that_comes_back_is_reached_by_a_retry() {
    let address = closed_address().await;
    let gateway = Pushgateway::new(&format!("http://{address}"), "nightly").unwrap();
    let restarted = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let listener = TcpListener::bind(address).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        read(&mut stream).await;
        let response = "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(response.as_bytes()).await.unwrap();
    };
    let prometheus = recorder();
    let (pushed, ()) = tokio::join!(gateway.push(&prometheus), restarted);
    pushed.unwrap();
}

#[tokio::test]
async fn a_push_without_a_response_times_out() {
    let (address, open) = hanging_server(None).await;
    let gateway = Pushgateway::builder(&format!("http://{address}"), "nightly")
        .timeout(Duration::from_millis(300))
        .build()
        .unwrap();
    let started = Instant::now();
    let error = gateway.push(&recorder()).await.unwrap_err();
    let took = started.elapsed();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(
        error.to_string().ends_with("timed out after 300ms"),
        "{error}"
    );
    assert!(took >= Duration::from_millis(300), "{took:?}");
    until("the connection is closed", async || {
        open.load(std::sync::atomic::Ordering::SeqCst) == 0
    })
    .await;
}

#[tokio::test]
async fn a_timeout_names_the_previous_failure() {
    let server = Server::with_responses(&[("503 Service Unavailable", "full")]).await;
    // Between the second and the third attempt.
    let timeout = Duration::from_millis(480);
    let gateway = server.builder().timeout(timeout).build().unwrap();
    let error = gateway.push(&recorder()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("timed out after 480ms; previous attempt: 503 Service Unavailable: full"),
        "{error}"
    );
}

#[tokio::test]
async fn a_task_pushes_at_the_interval_and_at_the_end() {
    let server = Server::ok().await;
    let prometheus = recorder();
    let pushes = server
        .gateway()
        .push_every(Duration::from_millis(20), &prometheus)
        .unwrap();
    until("three pushes", async || server.received().len() >= 3).await;
    count(&prometheus, 4);
    pushes.finish().await.unwrap();
    let received = server.received();
    let last = &received[received.len() - 1].body;
    assert!(last.contains("\nx_total 7\n"), "{last}");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.received().len(), received.len(), "it has stopped");
}

#[tokio::test]
async fn a_job_shorter_than_the_interval_pushes_once() {
    let server = Server::ok().await;
    let pushes = server
        .gateway()
        .push_every(Duration::from_hours(1), &recorder())
        .unwrap();
    assert!(server.received().is_empty());
    pushes.finish().await.unwrap();
    assert_eq!(server.lines(), ["PUT /metrics/job/nightly"]);
}

#[tokio::test]
async fn a_dropped_task_stops_without_a_final_push() {
    let server = Server::ok().await;
    let pushes = server
        .gateway()
        .push_every(Duration::from_millis(100), &recorder())
        .unwrap();
    drop(pushes);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_failed_final_push_is_an_error() {
    let server = Server::with_responses(&[("400 Bad Request", "no")]).await;
    let pushes = server
        .gateway()
        .push_every(Duration::from_hours(1), &recorder())
        .unwrap();
    let error = pushes.finish().await.unwrap_err();
    assert!(
        error.to_string().ends_with("400 Bad Request: no"),
        "{error}"
    );
}

#[tokio::test]
async fn an_outage_is_logged_once_when_it_starts_and_once_when_it_ends() {
    let (log, _logging) = Log::of_this_thread();
    let responses = [[("400 Bad Request", "no"); 3], [("200 OK", ""); 3]].concat();
    let server = Server::with_responses(&responses).await;
    let gateway = Pushgateway::new(&format!("http://u:{SECRET}@{}", server.address), "nightly");
    let pushes = gateway
        .unwrap()
        .push_every(Duration::from_millis(10), &recorder())
        .unwrap();
    until("six pushes", async || server.received().len() >= 6).await;
    pushes.finish().await.unwrap();

    let text = log.text();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].contains("WARN") && lines[0].contains("400 Bad Request: no"));
    assert!(lines[1].contains("INFO") && lines[1].contains("pushed again"));
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn invalid_settings_are_errors() {
    let builder = || Pushgateway::builder("http://h:9091", "nightly");
    let refused = [
        (Pushgateway::builder("http://h:9091", ""), "job"),
        (
            Pushgateway::builder("h:9091", "nightly"),
            "http:// or https://",
        ),
        (builder().grouping("a-b", "x"), "\"a-b\""),
        (builder().grouping("job", "x"), "\"job\""),
        (builder().grouping("dir", &"x".repeat(70_000)), "65,534"),
        (builder().bearer(""), "bearer token"),
        (builder().bearer("s3cret\n"), "bearer token"),
        (builder().basic("a:b", "s3cret"), "user"),
        (
            Pushgateway::builder("http://u%3A:s3cret@h", "nightly"),
            "user",
        ),
        (
            Pushgateway::builder("ftp://u:s3cret@h", "").grouping("job", "x"),
            "3 mistakes: ",
        ),
    ];
    for (builder, part) in refused {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.to_string().contains(part), "{error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
    let gateway = || builder().build().unwrap();
    let prometheus = recorder();
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

/// The Pushgateway exposes the metrics of a finished job until its group is deleted.
#[tokio::test]
#[ignore = "needs a Pushgateway: tests/run"]
async fn metrics_of_a_short_job_remain_after_it_has_ended() {
    let url = env("VITALS_PUSHGATEWAY");
    let gateway = Pushgateway::builder(&url, "nightly")
        .grouping("dir", "/var/tmp")
        .grouping("dot", ".")
        .grouping("text", "a \"b\" + é?%")
        .build()
        .unwrap();
    {
        let prometheus = Prometheus::builder().build().unwrap();
        let pushes = gateway
            .push_every(Duration::from_secs(15), &prometheus)
            .unwrap();
        count(&prometheus, 1);
        tokio::time::sleep(Duration::from_millis(50)).await;
        count(&prometheus, 2);
        pushes.finish().await.unwrap();
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

    // A metric that another group holds with another type is rejected.
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
