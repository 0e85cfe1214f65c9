//! `/debug/pprof/profile` records CPU profiles of this process, one at a time.

use std::collections::HashMap;
use std::hint::black_box;
use std::io::Read;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use flate2::read::GzDecoder;
use http::header::{
    CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{Mutex, MutexGuard};
use tower::ServiceExt;
use tower_vitals::Routes;
use tower_vitals::routes::Guard;

use crate::support::{env, until};

/// A process has one profiler.
async fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

fn routes() -> Routes {
    Routes::new().profile().guard(Guard::open())
}

fn app() -> Router {
    routes().build().unwrap()
}

async fn send(app: &Router, method: Method, query: &str) -> Response<Vec<u8>> {
    let uri = format!("/debug/pprof/profile{query}");
    let request = Request::builder().method(method).uri(uri);
    let request = request.header("host", "localhost").body(Body::empty());
    let response = app.clone().oneshot(request.unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Response::from_parts(parts, body)
}

async fn get(app: &Router, query: &str) -> Response<Vec<u8>> {
    send(app, Method::GET, query).await
}

fn detail(response: &Response<Vec<u8>>) -> String {
    assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    let problem: Value = serde_json::from_slice(response.body()).unwrap();
    problem["detail"].as_str().unwrap().to_owned()
}

const ABOVE: u32 = line!();

/// Keeps a processor busy with its own instructions: it calls nothing.
#[inline(never)]
fn burn_the_cpu(mut x: u64) -> u64 {
    let mut turns = 0_u64;
    while turns < 1_000_000 {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        turns += 1;
    }
    x
}

const BELOW: u32 = line!();

/// A thread that burns until it is dropped.
struct Burner(Arc<AtomicBool>, Option<JoinHandle<()>>);

impl Burner {
    fn start() -> Self {
        let is_done = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&is_done);
        let burn = move || {
            while !done.load(Ordering::Relaxed) {
                black_box(burn_the_cpu(black_box(7)));
            }
        };
        let thread = thread::Builder::new().name("burner".to_owned()).spawn(burn);
        Self(is_done, Some(thread.unwrap()))
    }
}

impl Drop for Burner {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        self.1.take().unwrap().join().unwrap();
    }
}

/// Whether this process has a handler for SIGPROF.
fn is_profiled() -> bool {
    const SIGPROF: u32 = 27;
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mut lines = status.lines();
    let caught = lines.find_map(|line| line.strip_prefix("SigCgt:\t"));
    let caught = u64::from_str_radix(caught.unwrap(), 16).unwrap();
    caught & 1 << (SIGPROF - 1) != 0
}

/// A message of Protocol Buffers: its fields by their numbers, each a number or bytes.
struct Message<'a>(Vec<(u64, Field<'a>)>);

#[derive(Clone, Copy)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return value;
        }
    }
    panic!("the number is too long");
}

impl<'a> Message<'a> {
    fn decode(mut bytes: &'a [u8]) -> Self {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes);
            let field = match tag & 7 {
                0 => Field::Number(varint(&mut bytes)),
                2 => {
                    let length = usize::try_from(varint(&mut bytes)).unwrap();
                    let (field, rest) = bytes.split_at(length);
                    bytes = rest;
                    Field::Bytes(field)
                }
                kind => panic!("a field of kind {kind}"),
            };
            fields.push((tag >> 3, field));
        }
        Self(fields)
    }

    fn number(&self, field: u64) -> u64 {
        let found = self.0.iter().find(|(number, _)| *number == field);
        match found {
            None => 0,
            Some((_, Field::Number(value))) => *value,
            Some(_) => panic!("field {field} is no number"),
        }
    }

    fn bytes(&self, field: u64) -> impl Iterator<Item = &'a [u8]> {
        let fields = self.0.iter().filter(move |(number, _)| *number == field);
        fields.map(|(_, field)| match field {
            Field::Bytes(bytes) => *bytes,
            Field::Number(_) => panic!("a number"),
        })
    }

    fn messages(&self, field: u64) -> impl Iterator<Item = Message<'a>> {
        self.bytes(field).map(Message::decode)
    }

    fn packed(&self, field: u64) -> Vec<u64> {
        let mut numbers = Vec::new();
        for mut bytes in self.bytes(field) {
            while !bytes.is_empty() {
                numbers.push(varint(&mut bytes));
            }
        }
        numbers
    }
}

struct Sample {
    thread: String,
    /// Function, file and line, the innermost first.
    frames: Vec<(String, String, u64)>,
    count: u64,
    nanoseconds: u64,
}

struct Profile {
    types: Vec<(String, String)>,
    samples: Vec<Sample>,
    duration: Duration,
    period: u64,
    executable: String,
}

/// Reads `profile.proto`, gzipped.
fn decode(file: &[u8]) -> Profile {
    let mut bytes = Vec::new();
    GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    let profile = Message::decode(&bytes);
    let texts: Vec<_> = profile
        .bytes(6)
        .map(|text| String::from_utf8(text.to_vec()).unwrap())
        .collect();
    assert_eq!(texts[0], "");
    let text = |message: &Message<'_>, field| {
        texts[usize::try_from(message.number(field)).unwrap()].clone()
    };
    let functions: HashMap<_, _> = profile
        .messages(5)
        .map(|function| (function.number(1), (text(&function, 2), text(&function, 4))))
        .collect();
    let locations: HashMap<_, Vec<_>> = profile
        .messages(4)
        .map(|location| {
            let lines = location.messages(4).map(|line| {
                let (function, file) = functions[&line.number(1)].clone();
                (function, file, line.number(2))
            });
            (location.number(1), lines.collect())
        })
        .collect();
    let samples = profile.messages(2).map(|sample| {
        let label = sample.messages(3).next().unwrap();
        assert_eq!(text(&label, 1), "thread");
        let values = sample.packed(2);
        let frames = sample.packed(1).into_iter();
        Sample {
            thread: text(&label, 2),
            frames: frames.flat_map(|id| locations[&id].clone()).collect(),
            count: values[0],
            nanoseconds: values[1],
        }
    });
    Profile {
        samples: samples.collect(),
        types: profile
            .messages(1)
            .map(|kind| (text(&kind, 1), text(&kind, 2)))
            .collect(),
        duration: Duration::from_nanos(profile.number(10)),
        period: profile.number(12),
        executable: text(&profile.messages(3).next().unwrap(), 5),
    }
}

#[tokio::test]
async fn the_profile_names_the_function_that_burns_cpu() {
    let _turn = turn().await;
    let burner = Burner::start();
    let app = app();
    let (mut all, mut in_the_function, mut with_the_caller) = (0, 0, 0);
    // One is enough, if the thread has a processor for itself.
    for number in 0.. {
        assert!(number < 50, "{all} samples in 20 s");
        let response = get(&app, "?seconds=0.4").await;
        let profile = checked(&response);
        for sample in profile.samples {
            if sample.thread != "burner" {
                continue;
            }
            assert_eq!(sample.nanoseconds, sample.count * profile.period);
            all += sample.count;
            let (function, file, line) = &sample.frames[0];
            if function.ends_with("profile::burn_the_cpu") {
                assert!(file.ends_with("tests/routes/profile.rs"), "{file}");
                assert!(
                    (u64::from(ABOVE)..u64::from(BELOW)).contains(line),
                    "line {line}"
                );
                in_the_function += sample.count;
                let is_caller = |(name, ..): &(String, String, u64)| name.contains("Burner::start");
                if sample.frames.iter().any(is_caller) {
                    with_the_caller += sample.count;
                }
            }
        }
        if all >= 10 {
            break;
        }
    }
    drop(burner);
    assert!(
        in_the_function * 10 >= all * 8,
        "{in_the_function} of {all}"
    );
    assert!(
        with_the_caller > 0,
        "no stack goes down to the thread's closure"
    );
}

/// The profile of a response with the headers of Go's.
fn checked(response: &Response<Vec<u8>>) -> Profile {
    assert_eq!(response.status(), 200);
    let headers = response.headers();
    assert_eq!(headers[CONTENT_TYPE], "application/octet-stream");
    assert_eq!(
        headers[CONTENT_DISPOSITION],
        "attachment; filename=\"profile\""
    );
    assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(headers["cache-control"], "no-store");
    let profile = decode(response.body());
    let named = |kind: &str, unit: &str| (kind.to_owned(), unit.to_owned());
    let types = [named("samples", "count"), named("cpu", "nanoseconds")];
    assert_eq!(profile.types, types);
    assert_eq!(profile.period, 10_101_000, "99 samples per second");
    assert!(profile.duration >= Duration::from_millis(400));
    let executable = std::env::current_exe().unwrap();
    assert_eq!(profile.executable, executable.to_str().unwrap());
    profile
}

#[tokio::test]
async fn the_flame_graph_is_an_image_without_scripts() {
    let _turn = turn().await;
    let burner = Burner::start();
    let mut image = String::new();
    for _ in 0..50 {
        let response = get(&app(), "?format=svg&seconds=0.3").await;
        assert_eq!(response.status(), 200);
        let headers = response.headers();
        assert_eq!(headers[CONTENT_TYPE], "image/svg+xml");
        assert_eq!(headers[CONTENT_SECURITY_POLICY], "default-src 'none'");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        image = String::from_utf8(response.into_body()).unwrap();
        // On a busy machine, the thread has no processor at times.
        if image.contains("<title>burner (") {
            break;
        }
    }
    drop(burner);
    assert!(image.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" "));
    assert!(image.ends_with("</svg>"));
    assert!(!image.contains("<script"));
    for part in [
        "<title>burner (",
        "profile::burn_the_cpu (",
        "s of CPU time in 0.",
    ] {
        assert!(image.contains(part), "{part}\n{image}");
    }
    // Each bracket of a name is escaped: all others belong to elements.
    let elements = [
        "<svg ", "<g>", "</g>", "<title>", "</title>", "<rect ", "<text ", "</text>", "</svg>",
    ];
    let known: usize = elements.iter().map(|tag| image.matches(tag).count()).sum();
    assert_eq!(image.matches('<').count(), known);
    assert_eq!(image.matches("<g>").count(), image.matches("</g>").count());
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let app = app();
    let seconds = "a number above 0 and at most 60 is needed.";
    for (query, expected) in [
        (
            "?seconds=61",
            format!("Parameter seconds is \"61\": {seconds}"),
        ),
        (
            "?seconds=60.01",
            format!("Parameter seconds is \"60.01\": {seconds}"),
        ),
        (
            "?seconds=0",
            format!("Parameter seconds is \"0\": {seconds}"),
        ),
        (
            "?seconds=-1",
            format!("Parameter seconds is \"-1\": {seconds}"),
        ),
        ("?seconds=", format!("Parameter seconds is \"\": {seconds}")),
        (
            "?seconds=NaN",
            format!("Parameter seconds is \"NaN\": {seconds}"),
        ),
        (
            "?seconds=inf",
            format!("Parameter seconds is \"inf\": {seconds}"),
        ),
        (
            "?seconds=1m",
            format!("Parameter seconds is \"1m\": {seconds}"),
        ),
        (
            "?seconds=1&seconds=2",
            "Parameter seconds is repeated.".to_owned(),
        ),
        (
            "?format=json",
            "Parameter format is \"json\": pprof and svg are allowed.".to_owned(),
        ),
        (
            "?hz=1000",
            "Parameter \"hz\" is unknown: seconds and format are allowed.".to_owned(),
        ),
    ] {
        let response = get(&app, query).await;
        assert_eq!(response.status(), 400, "{query}");
        assert_eq!(detail(&response), expected);
    }
}

#[tokio::test]
async fn a_second_profile_is_refused_until_the_first_is_cancelled() {
    let _turn = turn().await;
    let app = app();
    let first = tokio::spawn({
        let app = app.clone();
        async move { get(&app, "?seconds=60").await }
    });
    until("the first profile is being taken", async || is_profiled()).await;
    // Other routes of the same process share its profiler.
    let others = self::app();
    for app in [&app, &others] {
        let second = get(app, "?seconds=1").await;
        assert_eq!(second.status(), 409);
        assert_eq!(
            detail(&second),
            "Another CPU profile of this process is being taken: one at a time is possible."
        );
    }
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    until("the first profile has ended", async || !is_profiled()).await;
    until("it is the next one's turn", async || {
        get(&app, "?seconds=0.01").await.status() == 200
    })
    .await;
    assert_eq!(get(&others, "?seconds=0.01").await.status(), 200);
}

#[tokio::test]
async fn a_client_that_disconnects_stops_its_profile() {
    let _turn = turn().await;
    let server = routes().spawn("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(server.local_addr()).await.unwrap();
    client
        .write_all(b"GET /debug/pprof/profile?seconds=60 HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    until("the client's profile is being taken", async || {
        is_profiled()
    })
    .await;
    assert_eq!(get(&app(), "?seconds=1").await.status(), 409);
    drop(client);
    until("the client's profile has ended", async || !is_profiled()).await;
    assert_eq!(get(&app(), "?seconds=0.01").await.status(), 200);
    server.shutdown().await;
}

#[tokio::test]
async fn head_takes_no_profile() {
    let _turn = turn().await;
    let app = app();
    let head = send(&app, Method::HEAD, "?seconds=60");
    let head = tokio::time::timeout(Duration::from_secs(10), head).await;
    let head = head.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(head.headers()[CONTENT_TYPE], "application/octet-stream");
    assert!(!is_profiled());
    assert_eq!(send(&app, Method::HEAD, "?seconds=61").await.status(), 400);
}

/// The handler of SIGPROF interrupts allocations, panics that unwind, locks and system calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_profiles_under_load_harm_nothing() {
    let _turn = turn().await;
    let is_done = Arc::new(AtomicBool::new(false));
    let turns = Arc::new(AtomicU64::new(0));
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload().downcast_ref::<u64>().is_none() {
            quiet(panic);
        }
    }));
    let load: Vec<_> = (0..3)
        .map(|_| {
            let (is_done, turns) = (Arc::clone(&is_done), Arc::clone(&turns));
            thread::spawn(move || {
                while !is_done.load(Ordering::Relaxed) {
                    let turn = turns.fetch_add(1, Ordering::Relaxed);
                    let text: Vec<_> = (0..50).map(|number| format!("{turn} {number}")).collect();
                    assert_eq!(text[49], format!("{turn} 49"));
                    let panicked = catch_unwind(|| std::panic::panic_any(turn));
                    assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&turn));
                    assert!(std::fs::read_to_string("/proc/self/comm").is_ok());
                }
            })
        })
        .collect();
    let app = app();
    let mut samples = 0;
    for number in 0..100 {
        let before = turns.load(Ordering::Relaxed);
        let response = get(&app, "?seconds=0.05").await;
        assert_eq!(response.status(), 200, "profile {number}");
        let profile = decode(response.body());
        samples += profile
            .samples
            .iter()
            .map(|sample| sample.count)
            .sum::<u64>();
        assert!(
            turns.load(Ordering::Relaxed) > before,
            "the load has stopped"
        );
    }
    is_done.store(true, Ordering::Relaxed);
    for thread in load {
        thread.join().unwrap();
    }
    assert!(samples > 0, "nothing was interrupted");
}

#[tokio::test]
async fn profiles_are_guarded_and_mounted_on_demand_only() {
    let status = async |routes: Routes, path: &str| {
        let app: Router = routes.build().unwrap();
        let request = Request::get(path).header("host", "localhost");
        let request = request.body(Body::empty()).unwrap();
        app.oneshot(request).await.unwrap().status().as_u16()
    };
    let path = "/debug/pprof/profile";
    assert_eq!(status(Routes::new().profile(), path).await, 403);
    let bearer = Guard::bearer("s3cret");
    assert_eq!(
        status(Routes::new().profile().guard(bearer), path).await,
        401
    );
    assert_eq!(status(Routes::new().liveness(), path).await, 404);
    let renamed = routes().rename(path, "/profile");
    assert_eq!(status(renamed, "/profile?seconds=61").await, 400);
}

#[tokio::test]
async fn without_a_heap_profile_its_route_says_how_to_get_one() {
    let path = "/debug/pprof/heap";
    let send = async |routes: Routes| {
        let app: Router = routes.build().unwrap();
        let request = Request::get(path).header("host", "localhost");
        let request = request.body(Body::empty()).unwrap();
        let response = app.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    };
    let (status, body) = send(routes()).await;
    assert_eq!(status, 403);
    let start =
        "This service has no heap profiles. A service has heap profiles if it runs jemalloc";
    assert!(body.contains(start), "{body}");

    // In any order, the app's own function counts.
    let heap = || Routes::new().heap_profile(|| Ok(b"heap".to_vec()));
    let expected = (200, "heap".to_owned());
    assert_eq!(send(heap().profile().guard(Guard::open())).await, expected);
    assert_eq!(send(heap().merge(routes())).await, expected);
    assert_eq!(send(routes().merge(heap())).await, expected);
}

/// Go's own pprof fetches the profile and names the function.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Go's pprof: tests/run"]
async fn go_names_the_function_that_burns_cpu() {
    let _turn = turn().await;
    let server = routes().spawn("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/debug/pprof/profile", server.local_addr());
    let burner = Burner::start();
    let pprof = tokio::task::spawn_blocking(move || {
        std::process::Command::new(env("VITALS_PPROF"))
            .args(["-top", "-seconds", "1", &url])
            .env(
                "PPROF_TMPDIR",
                concat!(env!("CARGO_TARGET_TMPDIR"), "/pprof"),
            )
            .output()
            .unwrap()
    });
    let output = pprof.await.unwrap();
    drop(burner);
    let report = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(report.contains("Type: cpu\n"), "{report}");
    // The lines below the head are sorted by the time of the function itself.
    let table = report.split_once("flat%").unwrap().1;
    let first = table.lines().nth(1).unwrap();
    assert!(first.ends_with("profile::burn_the_cpu"), "{report}");
    server.shutdown().await;
}
