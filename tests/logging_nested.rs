//! A value that logs while it is formatted. This needs a process of its own, because tracing drops events within events
//! once a thread has a subscriber of its own.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests panic on failure"
)]

use std::fmt;
use std::sync::{Arc, Mutex};

use tower_vitals::telemetry::logging::{ConsoleLines, JsonLines, LineSink};
use tracing::field::{Empty, debug};
use tracing::{Level, info, info_span};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[derive(Clone, Default)]
struct Messages(Arc<Mutex<Vec<serde_json::Value>>>);

impl LineSink for Messages {
    fn write(&self, _level: Level, line: &[u8]) {
        self.0
            .lock()
            .unwrap()
            .push(serde_json::from_slice(line).unwrap());
    }
}

struct Chatty;

impl fmt::Debug for Chatty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        info!("within");
        f.write_str("chatty")
    }
}

#[test]
fn the_lines_of_both_are_whole() {
    let messages = Messages::default();
    tracing_subscriber::registry()
        .with(JsonLines::new(messages.clone()))
        .with(ConsoleLines::new(std::io::sink))
        .init();
    let span = info_span!("span", a = ?Chatty, b = Empty);
    let entered = span.enter();
    span.record("b", debug(Chatty));
    info!(c = ?Chatty, "outer");
    drop(entered);
    let lines = std::mem::take(&mut *messages.0.lock().unwrap());
    let (outer, within): (Vec<_>, Vec<_>) =
        lines.iter().partition(|line| line["message"] == "outer");
    assert_eq!(outer.len(), 1, "{lines:?}");
    for field in ["a", "b", "c"] {
        assert_eq!(outer[0][field], "chatty", "{lines:?}");
    }
    // Each of the layers formats what is recorded later, and the event.
    assert_eq!(within.len(), 5, "{lines:?}");
    let during = |key: &str| within.iter().filter(|line| line.get(key).is_some()).count();
    assert_eq!(
        (during("a"), during("b"), during("c")),
        (4, 3, 0),
        "{lines:?}"
    );
}
