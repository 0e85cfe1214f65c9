//! The receiver of the notifications of all Alertmanagers that `tests/servers` starts.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::env;

/// The server's name and its notification.
static RECEIVED: Mutex<Vec<(String, Value)>> = Mutex::new(Vec::new());

static LISTENER: LazyLock<()> = LazyLock::new(|| {
    let address = env("VITALS_ALERTMANAGER_SINK");
    // Another process may have the port for its client for a while.
    let deadline = Instant::now() + Duration::from_secs(10);
    let listener = loop {
        match TcpListener::bind(&address) {
            Ok(listener) => break listener,
            Err(error) => assert!(Instant::now() < deadline, "{address}: {error}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(&stream));
        }
    });
});

/// Starts to listen, at the address that the configuration of the servers names.
pub(super) fn listen() {
    LazyLock::force(&LISTENER);
}

/// The notifications of these servers about alerts with this name.
pub(super) fn notifications(servers: &[&str], alertname: &str) -> Vec<Value> {
    let received = RECEIVED.lock().unwrap();
    let matching = received.iter().filter(|(name, notification)| {
        servers.contains(&name.as_str()) && notification["groupLabels"]["alertname"] == alertname
    });
    matching
        .map(|(_, notification)| notification.clone())
        .collect()
}

/// Serves the requests of one connection until it ends.
fn serve(stream: &TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        let mut line = String::new();
        (reader.read_line(&mut line).ok()? > 0).then_some(())?;
        let server = line.split(['/', ' ']).nth(2)?.to_owned();
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).ok()?;
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let notification = serde_json::from_slice(&body).ok()?;
        RECEIVED.lock().unwrap().push((server, notification));
        let mut stream = stream;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .ok()?;
    }
}
