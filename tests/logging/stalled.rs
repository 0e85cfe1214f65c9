//! A service whose log files take nothing.

use std::fs::File;
use std::io::Read;
use std::process::Command;
use std::sync::mpsc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use serde_json::Value;
use tower::ServiceExt;
use tower_vitals::telemetry::logging::{Console, Logging};
use tower_vitals::{HttpLayer, Prometheus, RequestLogLayer};

use crate::folder::{Folder, TIMEOUT};
use crate::json_log::log_this_thread;

const REQUESTS: usize = 3_000;

fn number(line: &Value) -> Option<usize> {
    let path = line["path"].as_str()?.strip_prefix("/orders/")?;
    Some(path.parse().unwrap())
}

/// The thread of the runtime calls the log, so a log that waited for its files would stop the service.
#[test]
fn requests_are_answered_while_no_file_takes_a_line_and_each_lost_line_is_counted() {
    let folder = Folder::new();
    let pipes = ["alerts.log", "app.jsonl"].map(|name| folder.file(name));
    let made = Command::new("mkfifo").args(&pipes).status();
    assert!(made.unwrap().success());
    let prometheus = Prometheus::builder().build().unwrap();
    let builder = Logging::builder()
        .console(Console::Off)
        .folder(folder.path())
        .json_file(true)
        .files(|file| file.queue_bytes(128 * 1024))
        .recorder(prometheus.clone());
    let (answered, answers) = mpsc::channel();
    let (go_on, waits) = mpsc::channel::<()>();
    let service = std::thread::spawn(move || {
        let (handle, _guard) = log_this_thread(builder);
        let fail = get(|| async { StatusCode::INTERNAL_SERVER_ERROR });
        let app = Router::new()
            .route("/orders/{id}", fail)
            .layer(HttpLayer::new().log(RequestLogLayer::new()));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        for number in 0..REQUESTS {
            let request = Request::get(format!("/orders/{number}"));
            let request = request.body(Body::empty()).unwrap();
            let answer = runtime.block_on(app.clone().oneshot(request)).unwrap();
            answered.send(answer.status()).unwrap();
        }
        waits.recv().unwrap();
        handle.shutdown(TIMEOUT).unwrap();
    });
    for number in 0..REQUESTS {
        let status = answers.recv_timeout(TIMEOUT);
        assert_eq!(status, Ok(StatusCode::INTERNAL_SERVER_ERROR), "{number}");
    }
    let lost = |sink| {
        let snapshot = prometheus.snapshot();
        snapshot.sum("monitoring_log_lines_dropped_total", &[("sink", sink)])
    };
    // Now they take lines again.
    let readers = pipes.map(|pipe| {
        let mut file = File::open(pipe).unwrap();
        std::thread::spawn(move || {
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            text
        })
    });
    go_on.send(()).unwrap();
    service.join().unwrap();
    let [alerts, json] = readers.map(|reader| reader.join().unwrap());

    let lines: Vec<Value> = json
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let written: Vec<_> = lines.iter().filter_map(number).collect();
    assert!(written.is_sorted() && written.first() == Some(&0));
    let lost_of = |count: usize| Some((REQUESTS - count) as f64);
    assert_eq!(lost("app"), lost_of(written.len()));
    assert_eq!(
        lost("alerts"),
        lost_of(alerts.matches("path=/orders/").count())
    );
    // A pipe holds 64 KiB and a queue 128 KiB, and each line has more than 100 bytes.
    assert!(written.len() < 2_000, "{} lines", written.len());
    let reports: Vec<_> = lines.iter().filter(|line| number(line).is_none()).collect();
    assert!(!reports.is_empty());
    let reported = reports.iter().map(|line| {
        let message = line["message"].as_str().unwrap();
        message
            .split_once(" lines of this log were lost")
            .unwrap()
            .0
            .parse::<usize>()
            .unwrap()
    });
    assert_eq!(reported.sum::<usize>(), REQUESTS - written.len());
}
