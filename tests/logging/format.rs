//! The format of lines, as `docs/log-format.md` has it.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use serde_json::{Map, Value, json};
use tower_vitals::telemetry::logging::{ConsoleLines, JsonLines};
use tracing::field::Empty;
use tracing::{Level, debug, error, error_span, info, info_span, trace, warn};
use tracing_subscriber::layer::SubscriberExt;

use crate::lines::{self, Lines, console};

/// The fields of the only line: the keys that every line has are checked and left out.
fn fields(log: impl FnOnce()) -> Value {
    let mut lines = lines::json(log);
    assert_eq!(lines.len(), 1, "{lines:?}");
    let mut line = lines.remove(0);
    for key in ["timestamp", "level", "logger", "module", "line"] {
        assert!(line.remove(key).is_some(), "{key}");
    }
    Value::Object(line)
}

#[test]
fn a_line_has_the_keys_of_the_format() {
    let lines = Lines::default();
    let layer = JsonLines::new(lines.clone())
        .service("shop")
        .environment("test \"1\"");
    let subscriber = tracing_subscriber::registry().with(layer);
    let before = jiff::Timestamp::try_from(SystemTime::now()).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        let request = info_span!("request", request_id = "01J", method = "GET");
        let _request = request.enter();
        let _place = info_span!("place", order = 17).entered();
        warn!(target: "shop::orders", price = 12.5, paid = true, "order {} placed", 17);
    });
    let line = lines.take().remove(0);
    let keys = line
        .split("\":")
        .filter_map(|part| part.rsplit_once([',', '{']));
    let keys: Vec<_> = keys.filter_map(|(_, key)| key.strip_prefix('"')).collect();
    assert_eq!(
        keys,
        [
            "timestamp",
            "level",
            "logger",
            "message",
            "module",
            "function",
            "line",
            "service",
            "environment",
            "request_id",
            "price",
            "paid",
            "order",
            "method"
        ]
    );
    let mut object = lines::object(&line);
    let time = object.remove("timestamp").unwrap();
    let time: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
    let micros = |time: jiff::Timestamp| time.as_microsecond();
    let now = jiff::Timestamp::try_from(SystemTime::now()).unwrap();
    assert!(micros(before) <= micros(time) && micros(time) <= micros(now));
    assert!(object.remove("line").unwrap().as_u64() > Some(30));
    assert_eq!(
        Value::Object(object),
        json!({
            "level": "WARN", "logger": "shop::orders", "message": "order 17 placed", "module": "logging::format",
            "function": "place", "service": "shop", "environment": "test \"1\"", "request_id": "01J", "price": 12.5,
            "paid": true, "order": 17, "method": "GET"
        })
    );
}

#[test]
fn each_level_has_its_name() {
    let lines = lines::json(|| {
        error!("a");
        warn!("a");
        info!("a");
        debug!("a");
        trace!("a");
    });
    let levels: Vec<_> = lines
        .iter()
        .map(|line| line["level"].as_str().unwrap())
        .collect();
    assert_eq!(levels, ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"]);
}

#[test]
fn an_event_without_a_message_has_an_empty_one() {
    assert_eq!(fields(|| info!(a = 1)), json!({"message": "", "a": 1}));
    assert_eq!(
        fields(|| info!(message = 5, "five")),
        json!({"message": "five", "message_": 5})
    );
    assert_eq!(fields(|| info!(message = 5)), json!({"message": "5"}));
}

#[test]
fn of_values_with_one_name_the_nearest_wins() {
    let line = fields(|| {
        let _outer = info_span!("outer", a = 1, b = 1, c = 1, d = 1).entered();
        let inner = info_span!("inner", b = 2, c = 2, e = Empty, f = 1, g = Empty);
        inner.record("e", 2);
        inner.record("f", 2);
        inner.record("f", "three");
        let _inner = inner.entered();
        info!(c = 3, h = 3, "x");
    });
    assert_eq!(
        line,
        json!({
            "message": "x", "function": "inner", "a": 1, "b": 2, "c": 3, "d": 1, "e": 2, "f": "three", "h": 3
        })
    );
}

#[test]
fn fields_that_collide_with_keys_get_an_underscore() {
    let line = fields(|| {
        let _span =
            info_span!("span", message = "of the span", level = 1, exception = "e").entered();
        info!(
            level = 2,
            level_ = 3,
            timestamp = 4,
            logger = 5,
            module = 6,
            function = 7,
            line = 8,
            service = 9,
            environment = 10,
            fields_dropped = 11,
            r#type = 12,
            r#fn = 13,
            "x"
        );
    });
    assert_eq!(
        line,
        json!({
            "message": "x", "function": "span", "message_": "of the span", "level_": 2, "exception_": "e",
            "level__": 3, "timestamp_": 4, "logger_": 5, "module_": 6, "function_": 7, "line_": 8, "service_": 9,
            "environment_": 10, "fields_dropped_": 11, "type": 12, "fn": 13
        })
    );
}

#[test]
fn ids_come_from_fields_of_the_right_form() {
    let (trace, span) = ("0af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b7");
    let line = fields(|| {
        let _outer = info_span!("outer", request_id = "outer", trace_id = %trace).entered();
        let _inner = info_span!("inner", request_id = 17, span_id = span).entered();
        info!(trace_flags = "01", "x");
    });
    assert_eq!(
        line,
        json!({
            "message": "x", "function": "inner", "request_id": "17", "trace_id": trace, "span_id": span,
            "trace_flags": "01"
        })
    );
    let line = fields(|| {
        let _outer = info_span!("outer", trace_id = %trace).entered();
        info!(
            trace_id = "0AF7",
            span_id = 5,
            trace_flags = 1,
            request_id = -1,
            "x"
        );
    });
    assert_eq!(
        line,
        json!({
            "message": "x", "function": "outer", "trace_id_": "0AF7", "span_id_": 5, "trace_flags_": 1,
            "request_id_": -1
        })
    );
}

#[test]
fn values_keep_their_types() {
    #[derive(Debug)]
    struct Order {
        #[allow(dead_code, reason = "shown by Debug")]
        name: &'static str,
    }
    let none: Option<i32> = None;
    let line = fields(|| {
        info!(
            a = i64::MIN, b = u64::MAX, c = i128::from(i64::MIN), d = i128::MIN, e = u128::from(u64::MAX),
            f = u128::MAX, g = f64::NAN, h = f64::INFINITY, i = f64::NEG_INFINITY, j = -0.0, k = 1e300,
            l = 0.1_f32, m = "a\u{1b}[31m\n\"\\", n = ?Order { name: "x\ny" }, o = %"plain", p = [0_u8, 255].as_slice(),
            q = none, r = Some(1), s = true, "x"
        );
    });
    assert_eq!(
        line,
        json!({
            "message": "x", "a": i64::MIN, "b": u64::MAX, "c": i64::MIN, "d": "-170141183460469231731687303715884105728",
            "e": u64::MAX, "f": "340282366920938463463374607431768211455", "g": "NaN", "h": "Infinity",
            "i": "-Infinity", "j": -0.0, "k": 1e300, "l": f64::from(0.1_f32), "m": "a\u{1b}[31m\n\"\\",
            "n": "Order { name: \"x\\ny\" }", "o": "plain", "p": "00ff", "r": 1, "s": true
        })
    );
}

#[derive(Debug)]
struct Nested(&'static str, Option<Box<Nested>>);

impl fmt::Display for Nested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Nested {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|source| source as _)
    }
}

#[test]
fn the_first_error_is_the_exception() {
    let disk = Nested("disk full", None);
    let write = Nested("cannot write: disk full", Some(Box::new(disk)));
    let save = Nested("order not saved", Some(Box::new(write)));
    let other = Nested("other", None);
    let line = fields(|| {
        let _span = error_span!("span", cause = &other as &dyn Error).entered();
        error!(
            error = &save as &dyn Error,
            second = &other as &dyn Error,
            "x"
        );
    });
    assert_eq!(
        line,
        json!({
            "message": "x", "function": "span",
            "exception": {"message": "order not saved", "sources": ["cannot write: disk full", "disk full"]},
            "error": "order not saved: cannot write: disk full", "second": "other", "cause": "other"
        })
    );
}

#[test]
fn a_panic_is_the_exception() {
    let line = fields(|| {
        error!(panic.message = "index out of bounds", panic.backtrace = %"0: main\n1: start", panic.location = "a.rs:1", "panicked");
    });
    assert_eq!(
        line,
        json!({
            "message": "panicked",
            "exception": {"message": "index out of bounds", "backtrace": "0: main\n1: start"},
            "panic.message": "index out of bounds", "panic.location": "a.rs:1"
        })
    );
}

/// An error that is its own source.
#[derive(Debug)]
struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("again")
    }
}

impl Error for Endless {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self)
    }
}

#[test]
fn long_values_are_cut_and_the_line_is_bounded() {
    let long = "é".repeat(100_000);
    let line = fields(|| error!(error = &Endless as &dyn Error, long, debug = ?long, "{long}"));
    assert_eq!(line["exception"]["sources"], json!(vec!["again"; 16]));
    assert_eq!(line["error"], "again");
    let shown = "é".repeat(4096);
    assert_eq!(line["message"], format!("{shown} .. (191808 bytes more)"));
    assert_eq!(line["long"], line["message"]);
    let debug = format!("\"{} .. (191811 bytes more)", &shown[2..]);
    assert_eq!(line["debug"], debug);

    let long = "\u{1}".repeat(100_000);
    let line = fields(|| {
        let _a = info_span!("a", a = long, b = long, c = long, d = long).entered();
        let _b = info_span!("b", e = long, f = long, g = long, h = long).entered();
        error!(
            i = long,
            j = long,
            k = long,
            l = long,
            panic.backtrace = long,
            m = 1,
            "x"
        );
    });
    let known = line.as_object().unwrap();
    assert!(known.contains_key("m"), "{:?}", known.keys());
    let shown = known.keys().filter(|key| key.len() == 1).count();
    assert_eq!(line["fields_dropped"].as_u64().unwrap(), 13 - shown as u64);
    assert!(shown >= 4, "{shown}");
}

#[test]
fn events_outside_of_the_current_span_have_the_fields_of_theirs() {
    let lines = lines::json(|| {
        let other = info_span!("other", a = 1);
        let _current = info_span!("current", b = 2).entered();
        info!(parent: &other, "x");
        info!(parent: None, "y");
    });
    let pick = |line: &Map<String, Value>| {
        ["function", "a", "b"].map(|key| line.get(key).cloned().unwrap_or_default())
    };
    assert_eq!(pick(&lines[0]), [json!("other"), json!(1), Value::Null]);
    assert_eq!(pick(&lines[1]), [Value::Null, Value::Null, Value::Null]);
}

#[test]
fn functions_that_return_writers_are_sinks() {
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let shared = Shared::default();
    let writer = shared.clone();
    let subscriber = tracing_subscriber::registry().with(JsonLines::new(move || writer.clone()));
    tracing::subscriber::with_default(subscriber, || info!("x"));
    let line = String::from_utf8(shared.0.lock().unwrap().clone()).unwrap();
    assert_eq!(lines::object(line.trim_end())["message"], "x");
    let _stdout = JsonLines::new(std::io::stdout);
}

#[test]
fn a_line_for_people_has_its_parts_in_order() {
    let lines = console(|| {
        let _request = info_span!("request", method = "GET", path = "/a b").entered();
        let _place = info_span!("place").entered();
        info!(target: "shop", price = 12.5, to = "New York", who = "ann", empty = "", level = 1, "a \"b\" \\ c\nd");
        error!("\u{1b}[31mred\u{9b}\u{202e}");
    });
    assert_eq!(
        lines[0],
        r#" INFO shop: a "b" \ c\nd price=12.5 to="New York" who=ann empty="" level=1 in place in request{method=GET path="/a b"}"#
    );
    assert_eq!(
        lines[1],
        r#"ERROR logging::format: \u001b[31mred\u009b\u202e in place in request{method=GET path="/a b"}"#
    );
}

#[test]
fn a_line_for_people_has_only_the_id_of_a_servers_span() {
    let log = || {
        let request = info_span!(
            target: "tower_vitals::request", "request",
            otel.name = "GET /a", request_id = "r-1", url.path = "/a"
        );
        request.in_scope(|| info!(target: "shop", "open"));
        let excluded = info_span!(
            target: "tower_vitals::excluded_request", "request",
            otel.kind = "server", request_id = "r-2", sampling.excluded = true
        );
        excluded.in_scope(|| info!(target: "shop", "ready"));
    };
    assert_eq!(
        console(log),
        [
            " INFO shop: open in request{request_id=r-1}",
            " INFO shop: ready in request{request_id=r-2}"
        ]
    );
}

#[test]
fn colours_are_optional() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    struct Sink(Arc<Mutex<Vec<String>>>);
    impl tower_vitals::telemetry::logging::LineSink for Sink {
        fn write(&self, level: Level, line: &[u8]) {
            assert_eq!(level, Level::WARN);
            self.0
                .lock()
                .unwrap()
                .push(String::from_utf8(line.to_vec()).unwrap());
        }
    }
    let subscriber =
        tracing_subscriber::registry().with(ConsoleLines::new(Sink(sink)).colors(true));
    tracing::subscriber::with_default(subscriber, || warn!(target: "shop", "\u{1b}[31mx"));
    let line = lines.lock().unwrap().remove(0);
    let (time, rest) = line.split_once(' ').unwrap();
    assert!(
        time.starts_with("\u{1b}[2m2") && time.ends_with("Z\u{1b}[0m"),
        "{time:?}"
    );
    assert_eq!(
        rest,
        "\u{1b}[33m WARN\u{1b}[0m \u{1b}[2mshop:\u{1b}[0m \\u001b[31mx\n"
    );
}

#[test]
fn a_field_that_does_not_fit_counts_once_whatever_the_layers_and_records() {
    let half = "x".repeat(7 * 1024);
    let lines = lines::texts(|| {
        let span = info_span!(
            "span",
            a = half,
            b = half,
            c = half,
            d = half,
            e = half,
            f = Empty
        );
        for _ in 0..3 {
            span.record("f", &*half);
        }
        let _span = span.entered();
        info!("x");
    });
    // Both layers keep the fields of the span.
    assert_eq!(lines.len(), 2);
    assert_eq!(lines::object(&lines[0])["fields_dropped"], 2);
}
