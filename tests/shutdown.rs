//! Signals end a real process, even while a client reads an event stream that never ends: this binary starts itself as a
//! service.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "tests panic on failure and compare exact values"
)]

mod support;

use std::convert::Infallible;
use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use futures_util::{StreamExt, stream};
use tower_vitals::{Health, Prometheus, Routes};

/// How the service ends: `run` of the shutdown signal, or the signal as a future for axum.
const SHAPE: &str = "SHUTDOWN_TEST_SHAPE";
/// The delay, the grace, the time to exit and the time that the end of the runtime takes, in milliseconds.
const TIMES: &str = "SHUTDOWN_TEST_TIMES";

/// The service, in a process of its own. A run without the variables, as one of the tests, does nothing.
#[test]
fn service() {
    let Ok(shape) = env::var(SHAPE) else { return };
    let times = env::var(TIMES).unwrap();
    let times: Vec<_> = times
        .split(' ')
        .map(|time| Duration::from_millis(time.parse().unwrap()))
        .collect();
    let [delay, grace, exit, hang] = times[..] else {
        panic!("{times:?}")
    };
    let hang_for_a_minute = || {
        println!("\nhangs");
        std::thread::sleep(Duration::from_mins(1));
    };
    // One thread, so that a handler can block the whole runtime.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let events = || async {
            let first = stream::iter([Ok::<_, Infallible>(Event::default().data("first"))]);
            Sse::new(first.chain(stream::pending()))
        };
        let check = move || async move {
            let hanging = tokio::task::spawn_blocking(hang_for_a_minute);
            hanging.await.is_ok()
        };
        let health = Health::builder().build().unwrap();
        let hanging = Health::builder().check("hanging", check).build().unwrap();
        let prometheus = Prometheus::builder().build().unwrap();
        prometheus.on_gather(hang_for_a_minute);
        let app = Router::new()
            .route("/events", get(events))
            .route(
                "/check",
                get(move || async move { drop(hanging.report().await) }),
            )
            .route("/block", get(move || async move { hang_for_a_minute() }))
            .merge(Routes::new().health(health.clone()).metrics(prometheus));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("\nlistening on {}", listener.local_addr().unwrap());
        let shutdown = health
            .shutdown_signal()
            .delay(delay)
            .force_after(grace)
            .exit_after(exit);
        let serve = axum::serve(listener, app);
        match &*shape {
            "run" => {
                let serve = |stop| {
                    println!("\nserves, and catches SIGTERM: {}", catches_sigterm("self"));
                    serve.with_graceful_shutdown(stop)
                };
                shutdown.run(serve).await
            }
            _ => serve.with_graceful_shutdown(shutdown.into_future()).await,
        }
        .unwrap();
        println!("cleaned up");
        // The runtime waits for it when it is dropped.
        tokio::task::spawn_blocking(move || std::thread::sleep(hang));
    });
}

/// Without a handler, the signal ends the process at once.
fn catches_sigterm(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let mut lines = status.lines();
    let caught = lines.find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    u64::from_str_radix(caught.trim(), 16).unwrap() & (1 << 14) != 0
}

struct Service {
    process: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    address: String,
}

impl Service {
    fn start(shape: &str, times: &str) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "service", "--nocapture"])
            .env(SHAPE, shape)
            .env(TIMES, times)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut service = Self {
            process,
            lines,
            address: String::new(),
        };
        service.address = service.line("listening on ");
        // Before that, a signal has its default effect.
        let pid = service.process.id().to_string();
        while !catches_sigterm(&pid) {}
        service
    }

    /// Waits for a line that begins so, and returns the rest of it.
    fn line(&mut self, prefix: &str) -> String {
        let mut lines = (&mut self.lines).map(Result::unwrap);
        let line = lines.find(|line| line.starts_with(prefix));
        line.unwrap()[prefix.len()..].to_owned()
    }

    fn send(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    /// A client that reads events, from the first one on.
    fn event_stream(&self) -> TcpStream {
        let mut stream = self.send("GET /events HTTP/1.1\r\nhost: x\r\n\r\n");
        let mut read = Vec::new();
        while !read.ends_with(b"data: first\n\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            read.extend(byte);
        }
        stream
    }

    fn is_draining(&self) -> bool {
        let mut stream = self.send("GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response.starts_with("HTTP/1.1 503")
    }

    fn kill(&self, signal: &str) {
        let pid = self.process.id().to_string();
        let killed = Command::new("kill").args([signal, &pid]).status();
        assert!(killed.unwrap().success());
    }

    fn exit_code(&mut self) -> Option<i32> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "the process does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether the service ran its code after the server. Reads to the end of its output.
    fn has_cleaned_up(&mut self) -> bool {
        let lines = (&mut self.lines).map(Result::unwrap);
        lines.filter(|line| line == "cleaned up").count() == 1
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn signals_are_caught_before_the_first_request_is_served() {
    let mut service = Service::start("run", "0 60000 60000 0");
    assert_eq!(service.line("serves, and catches SIGTERM: "), "true");
}

#[test]
fn without_clients_the_process_ends_with_its_server() {
    for shape in ["run", "signal"] {
        let mut service = Service::start(shape, "50 60000 60000 0");
        assert!(!service.is_draining());
        let began = Instant::now();
        service.kill("-TERM");
        assert_eq!(service.exit_code(), Some(0), "{shape}");
        assert!(began.elapsed() >= Duration::from_millis(50), "{shape}");
        assert!(service.has_cleaned_up(), "{shape}");
    }
}

#[test]
fn a_process_with_an_event_stream_ends_at_the_deadline() {
    // Code after the server runs after `run` only. Of a future nobody knows when its server has ended.
    for (shape, times, code, cleans_up) in [
        ("run", "200 800 60000 0", 0, true),
        ("signal", "200 400 400 0", 143, false),
    ] {
        let mut service = Service::start(shape, times);
        let client = service.event_stream();
        let began = Instant::now();
        service.kill("-TERM");
        assert_eq!(service.exit_code(), Some(code), "{shape}");
        let took = began.elapsed();
        assert!(took >= Duration::from_secs(1), "{shape}: {took:?}");
        assert!(took < Duration::from_secs(10), "{shape}: {took:?}");
        assert_eq!(service.has_cleaned_up(), cleans_up, "{shape}");
        drop(client);
    }
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    for shape in ["run", "signal"] {
        for (first, second, code) in [("-TERM", "-TERM", 143), ("-TERM", "-INT", 130)] {
            // During the delay.
            let mut service = Service::start(shape, "60000 60000 0 0");
            let client = service.event_stream();
            service.kill(first);
            while !service.is_draining() {}
            service.kill(second);
            assert_eq!(service.exit_code(), Some(code), "{shape} {second}");
            drop(client);
        }
        for (first, second, code) in [("-TERM", "-TERM", 143), ("-INT", "-INT", 130)] {
            // While the server waits for its client. Ctrl-C skips the delay.
            let delay = if first == "-INT" { 60000 } else { 0 };
            let mut service = Service::start(shape, &format!("{delay} 60000 0 0"));
            let client = service.event_stream();
            service.kill(first);
            while TcpStream::connect(&service.address).is_ok() {}
            service.kill(second);
            assert_eq!(service.exit_code(), Some(code), "{shape} {second}");
            drop(client);
        }
    }
}

#[test]
fn a_second_signal_ends_a_process_whose_runtime_hangs() {
    for shape in ["run", "signal"] {
        let mut service = Service::start(shape, "0 60000 0 60000");
        service.kill("-TERM");
        service.line("cleaned up");
        service.kill("-TERM");
        assert_eq!(service.exit_code(), Some(143), "{shape}");
    }
}

#[test]
fn a_process_ends_whatever_its_clients_hooks_and_checks_do() {
    let held = [
        "GET / HTTP/1.1\r\nhost: x\r\nx-",
        "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET /check HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET /block HTTP/1.1\r\nhost: x\r\n\r\n",
    ];
    for shape in ["run", "signal"] {
        for request in held {
            // Only the client of a half-sent head leaves the runtime able to end.
            let is_blocked = request.ends_with("\r\n\r\n");
            let code = if is_blocked || shape == "signal" {
                143
            } else {
                0
            };
            let mut service = Service::start(shape, "200 400 400 0");
            let client = service.send(request);
            if is_blocked {
                service.line("hangs");
            }
            let began = Instant::now();
            service.kill("-TERM");
            assert_eq!(service.exit_code(), Some(code), "{shape}: {request}");
            let took = began.elapsed();
            assert!(
                took >= Duration::from_millis(600),
                "{shape}: {request}: {took:?}"
            );
            assert!(
                took < Duration::from_secs(5),
                "{shape}: {request}: {took:?}"
            );
            drop(client);

            let mut service = Service::start(shape, "60000 60000 60000 0");
            let client = service.send(request);
            if is_blocked {
                service.line("hangs");
            }
            service.kill("-TERM");
            // The second is another signal, because the kernel merges equal ones that are pending.
            std::thread::sleep(Duration::from_millis(300));
            service.kill("-INT");
            let began = Instant::now();
            assert_eq!(service.exit_code(), Some(130), "{shape}: {request}");
            assert!(
                began.elapsed() < Duration::from_secs(2),
                "{shape}: {request}"
            );
            drop(client);
        }
    }
}

#[test]
fn code_after_the_server_has_a_time_limit() {
    for shape in ["run", "signal"] {
        let mut service = Service::start(shape, "0 300 300 60000");
        let began = Instant::now();
        service.kill("-TERM");
        service.line("cleaned up");
        assert_eq!(service.exit_code(), Some(143), "{shape}");
        assert!(began.elapsed() >= Duration::from_millis(600), "{shape}");
    }
}
