//! Lines that tests read, and the log of one thread.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tower_vitals::telemetry::logging::{Console, LineSink, Logging, LoggingBuilder, LoggingHandle};
use tracing::Level;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt;

use crate::support::log::Log;

/// JSON lines, each with the level that the sink was told.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<(Level, String)>>>);

impl LineSink for Lines {
    fn write(&self, level: Level, line: &[u8]) {
        let line = String::from_utf8(line.to_vec()).unwrap();
        self.0.lock().unwrap().push((level, line));
    }
}

impl Lines {
    /// The lines so far, which are taken.
    pub(crate) fn take(&self) -> Vec<Value> {
        let lines = std::mem::take(&mut *self.0.lock().unwrap());
        let parsed = lines.iter().map(|(level, line)| {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line:?}"));
            assert_eq!(value["level"], level.as_str());
            value
        });
        parsed.collect()
    }

    pub(crate) fn messages(&self) -> Vec<String> {
        let lines = self.take().into_iter();
        lines
            .map(|line| line["message"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// A builder without a console, and its JSON lines.
pub(crate) fn builder() -> (LoggingBuilder, Lines) {
    let lines = Lines::default();
    let builder = Logging::builder()
        .console(Console::Off)
        .json_lines_to(lines.clone());
    (builder, lines)
}

/// The log of this thread until the guard is dropped.
pub(crate) fn log_this_thread(builder: LoggingBuilder) -> (LoggingHandle, DefaultGuard) {
    // Lets the threads of other tests have their subscribers beside this one.
    drop(Log::of_this_thread());
    let (layer, handle) = builder.layer().unwrap();
    let subscriber = tracing_subscriber::registry().with(layer);
    (handle, tracing::subscriber::set_default(subscriber))
}
