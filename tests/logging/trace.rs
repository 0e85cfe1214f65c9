//! Lines carry the ids of OpenTelemetry spans.

use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use serde_json::{Map, Value};
use tower_vitals::telemetry::logging::{ConsoleLines, JsonLines};
use tracing::{info, info_span, warn};
use tracing_subscriber::layer::SubscriberExt;

use crate::child::{Played, command, scenario};
use crate::folder::Folder;
use crate::init::json;
use crate::json_log::builder;
use crate::lines::{Lines, object};

/// The ids of a line.
fn ids(line: &Map<String, Value>) -> [Option<&str>; 3] {
    ["trace_id", "span_id", "trace_flags"].map(|key| line.get(key).and_then(Value::as_str))
}

/// Logs within spans of a provider with this sampler. Returns the lines in JSON, and those for people.
fn log(sampler: Sampler, log: impl FnOnce()) -> (Vec<Map<String, Value>>, Vec<String>) {
    let provider = SdkTracerProvider::builder().with_sampler(sampler).build();
    let (json, console) = (Lines::default(), Lines::default());
    let subscriber = tracing_subscriber::registry()
        .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("test")))
        .with(JsonLines::new(json.clone()))
        .with(ConsoleLines::new(console.clone()));
    tracing::subscriber::with_default(subscriber, log);
    let json = json.take();
    (
        json.iter().map(|line| object(line)).collect(),
        console.take(),
    )
}

#[test]
fn a_line_has_the_ids_of_its_span() {
    let (lines, console) = log(Sampler::AlwaysOn, || {
        let other = info_span!("other");
        info!("outside");
        let outer = info_span!("outer").entered();
        info!("in outer");
        let inner = info_span!("inner").entered();
        info!(trace_id = "0af7651916cd43dd8448eb211c80319c", "in inner");
        info!(parent: None, "in no span");
        info!(parent: &*outer, "in outer again");
        info!(parent: &other, "in another trace");
        drop(inner);
    });
    let all: Vec<_> = lines.iter().map(ids).collect();
    assert_eq!((all[0], all[3]), ([None; 3], [None; 3]));
    let [outer_trace, outer_span, flags] = all[1];
    assert_eq!(flags, Some("01"));
    assert!(outer_trace.is_some() && outer_span.is_some());
    assert_eq!(all[2][0], outer_trace);
    assert_ne!(all[2][1], outer_span);
    assert_eq!(lines[2]["trace_id_"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(all[4], all[1]);
    assert!(all[5][0].is_some());
    assert_ne!(all[5][0], outer_trace);
    for (line, trace) in console.iter().zip(all.iter().map(|ids| ids[0])) {
        match trace {
            Some(trace) => assert!(line.ends_with(&format!(" trace_id={trace}")), "{line}"),
            None => assert!(!line.contains("trace_id"), "{line}"),
        }
    }
}

#[test]
fn an_unsampled_span_has_ids_too() {
    let (lines, _) = log(Sampler::AlwaysOff, || {
        let _span = info_span!("span").entered();
        info!("x");
    });
    let [trace, span, flags] = ids(&lines[0]);
    assert!(trace.is_some() && span.is_some());
    assert_eq!(flags, Some("00"));
}

#[test]
fn the_layer_of_the_log_knows_the_trace_of_an_explicit_parent() {
    let folder = Folder::new();
    let (builder, lines) = builder();
    let (layer, handle) = builder.folder(folder.path()).layer().unwrap();
    let provider = SdkTracerProvider::builder().build();
    let subscriber = tracing_subscriber::registry()
        .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("test")))
        .with(layer);
    tracing::subscriber::with_default(subscriber, || {
        let other = info_span!("other");
        warn!(parent: &other, "in another trace");
    });
    let line = lines.take().remove(0);
    let trace = line["trace_id"].as_str().unwrap();
    assert_eq!(trace.len(), 32);
    handle.flush(Duration::from_secs(10)).unwrap();
    let alerts = folder.text("alerts.log");
    assert!(
        alerts.ends_with(&format!(" trace_id={trace}\n")),
        "{alerts}"
    );
}

/// Logs when its thread ends.
struct LogsAtTheEnd;

impl Drop for LogsAtTheEnd {
    fn drop(&mut self) {
        info!("the thread ends");
    }
}

thread_local! {
    static LOGS_AT_THE_END: LogsAtTheEnd = const { LogsAtTheEnd };
}

/// Plays threads that end in a process of its own, which a failure would abort.
#[test]
fn play() {
    if scenario().is_none() {
        return;
    }
    let provider = SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let _logging = json().init_with(layer).unwrap();
    let in_span = || {
        let _span = info_span!("span").entered();
        info!("in a span");
    };
    let threads: [fn(&dyn Fn()); 3] = [
        |in_span| {
            LOGS_AT_THE_END.with(|_| {});
            in_span();
        },
        |in_span| {
            in_span();
            LOGS_AT_THE_END.with(|_| {});
        },
        |_| LOGS_AT_THE_END.with(|_| {}),
    ];
    for thread in threads {
        std::thread::spawn(move || thread(&in_span)).join().unwrap();
    }
}

#[test]
fn a_thread_that_logs_at_its_end_aborts_nothing() {
    let lines = Played::of(command("trace::play", "ending threads")).lines();
    let messages: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line["message"].as_str().unwrap(),
                line.get("trace_id").is_some(),
            )
        })
        .collect();
    let (inside, end) = (("in a span", true), ("the thread ends", false));
    assert_eq!(messages, [inside, end, inside, end, end]);
}
