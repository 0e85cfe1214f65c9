//! Lines that a test logs.

use std::mem;
use std::sync::Arc;
use std::sync::{LazyLock, Mutex};

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Map, Value};
use tower_vitals::telemetry::logging::{ConsoleLines, JsonLines, LineSink};
use tracing::{Level, Subscriber};
use tracing_subscriber::layer::SubscriberExt;

use crate::strict;

/// Keeps lines.
#[derive(Debug, Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<(Level, Vec<u8>)>>>);

impl LineSink for Lines {
    fn write(&self, level: Level, line: &[u8]) {
        self.0.lock().unwrap().push((level, line.to_vec()));
    }
}

impl Lines {
    /// Takes the lines, of which each has one line feed, at its end, and no control character.
    pub fn take(&self) -> Vec<String> {
        let lines = mem::take(&mut *self.0.lock().unwrap());
        lines.into_iter().map(|(_, line)| checked(line)).collect()
    }
}

fn checked(line: Vec<u8>) -> String {
    let mut line = String::from_utf8(line).unwrap();
    assert_eq!(line.pop(), Some('\n'));
    let harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!line.contains(harmful), "{line:?}");
    assert!(line.len() < 64 * 1024, "{} bytes", line.len());
    line
}

static SCHEMA: LazyLock<(Schemas, SchemaIndex)> = LazyLock::new(|| {
    let schema = include_str!("../../docs/log-line.schema.json");
    let schema = serde_json::from_str(schema).unwrap();
    let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
    compiler.add_resource("line.json", schema).unwrap();
    let index = compiler.compile("line.json", &mut schemas).unwrap();
    (schemas, index)
});

/// The line as an object that matches the schema and has no key twice.
pub fn object(line: &str) -> Map<String, Value> {
    let value = strict::parse(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let (schemas, schema) = &*SCHEMA;
    if let Err(error) = schemas.validate(&value, *schema) {
        panic!("{error:#}: {line}");
    }
    match value {
        Value::Object(object) => object,
        _ => panic!("no object: {line}"),
    }
}

/// A subscriber that writes JSON into these lines.
pub fn json_subscriber(lines: &Lines) -> impl Subscriber + Send + Sync + 'static {
    tracing_subscriber::registry().with(JsonLines::new(lines.clone()))
}

/// What is logged, as JSON.
pub fn json(log: impl FnOnce()) -> Vec<Map<String, Value>> {
    let lines = Lines::default();
    tracing::subscriber::with_default(json_subscriber(&lines), log);
    lines.take().iter().map(|line| object(line)).collect()
}

/// What is logged, as JSON and as lines of a console.
pub fn texts(log: impl FnOnce()) -> Vec<String> {
    let (json, console) = (Lines::default(), Lines::default());
    let subscriber = tracing_subscriber::registry()
        .with(JsonLines::new(json.clone()))
        .with(ConsoleLines::new(console.clone()));
    tracing::subscriber::with_default(subscriber, log);
    let json = json.take();
    json.iter().for_each(|line| drop(object(line)));
    json.into_iter().chain(console.take()).collect()
}

/// What is logged, as lines of a console without their times.
pub fn console(log: impl FnOnce()) -> Vec<String> {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(ConsoleLines::new(lines.clone()));
    tracing::subscriber::with_default(subscriber, log);
    let time = "2026-11-29T13:36:05.123456Z ".len();
    let lines = lines.take();
    lines.iter().map(|line| line[time..].to_owned()).collect()
}
