//! `LoggingBuilder`: the log's filter, its sinks, and their start.

use std::sync::Arc;

use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

use super::console::Console;
use super::event_counter::EventCounter;
use super::handle::LoggingHandle;
use super::line_sink::LineSink;
use super::log_level::LogLevel;
use super::stand_in::StandIn;
use super::{log_records, panic_hook};
use crate::error::{Error, ErrorKind};
use crate::log_filter::LogFilter;
use crate::recorder::RecorderRef;

/// The target of the crate's own lines.
const OWN_TARGET: &str = "tower_vitals";

#[derive(Clone)]
#[must_use]
pub struct LoggingBuilder {
    filter: String,
    own_level: Option<String>,
    console: Console,
    json_console: bool,
    sinks: Vec<Arc<dyn LineSink>>,
    recorder: RecorderRef,
    panic_hook: bool,
    log_records: bool,
}

/// A layer of any subscriber that keeps spans, such as `tracing_subscriber`'s registry.
type AnyLayer<S> = Box<dyn Layer<S> + Send + Sync>;

impl LoggingBuilder {
    pub(super) fn new() -> Self {
        Self {
            filter: "info".to_owned(),
            own_level: None,
            console: Console::default(),
            json_console: false,
            sinks: Vec::new(),
            recorder: RecorderRef::default(),
            panic_hook: true,
            log_records: true,
        }
    }

    /// Sets the filter. Defaults to `info`. [`LogLevel`] says what a filter is, and changes it later.
    pub fn filter(mut self, filter: impl Into<String>) -> Self {
        self.filter = filter.into();
        self
    }

    /// Sets the level of the crate's own lines (target `tower_vitals`). Defaults to that of the filter.
    pub fn own_level(mut self, level: impl Into<String>) -> Self {
        self.own_level = Some(level.into());
        self
    }

    /// Sets the console. Defaults to [`Console::Stdout`].
    pub fn console(mut self, console: Console) -> Self {
        self.console = console;
        self
    }

    /// Whether the console shows JSON lines. Defaults to false.
    pub fn json_console(mut self, is_json: bool) -> Self {
        self.json_console = is_json;
        self
    }

    /// Also passes lines in the format of the console, without colours, to this sink.
    pub fn console_lines_to(mut self, sink: impl LineSink) -> Self {
        self.sinks.push(Arc::new(sink));
        self
    }

    /// Also passes JSON lines to this sink.
    pub fn json_lines_to(mut self, sink: impl LineSink) -> Self {
        self.sinks.push(Arc::new(sink));
        self
    }

    recorder_setter!(recorder);

    /// Whether [`init`](Self::init) sets a panic hook. Defaults to true.
    ///
    /// The hook logs each panic as an event of level ERROR and target `panic`, then calls the hook that was set before, such as
    /// the one of the standard library, which prints to standard error.
    pub fn panic_hook(mut self, is_set: bool) -> Self {
        self.panic_hook = is_set;
        self
    }

    /// Whether [`init`](Self::init) turns records of the `log` crate into events. Defaults to true. A logger that the service has set
    /// before is kept.
    pub fn log_records(mut self, are_taken: bool) -> Self {
        self.log_records = are_taken;
        self
    }

    /// Starts the log of the process: sets the global subscriber of `tracing`, the panic hook, and the logger of the `log` crate.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyInstalled`] if the process has a subscriber, and the errors of [`layer`](Self::layer).
    pub fn init(self) -> Result<LoggingHandle, Error> {
        let (panic_hook, log_records) = (self.panic_hook, self.log_records);
        let (layer, handle) = self.layer()?;
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::set_global_default(subscriber).map_err(|error| {
            Error::new(
                ErrorKind::AlreadyInstalled,
                "the process has a tracing subscriber already: call Logging::init once and before others, or add \
                 Logging::layer to your own subscriber",
            )
            .with_source(error)
        })?;
        if log_records {
            log_records::take();
        }
        if panic_hook {
            panic_hook::set(|| {});
        }
        Ok(handle)
    }

    pub fn layer<S>(self) -> Result<(AnyLayer<S>, LoggingHandle), Error>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let (level, filter) = LogLevel::new(self.checked_filter()?)?;
        let mut layers: Vec<AnyLayer<S>> = vec![Box::new(EventCounter::new(&self.recorder))];
        if let Some(sink) = self.console.sink() {
            layers.push(Box::new(StandIn(sink)));
        }
        for sink in self.sinks {
            layers.push(Box::new(StandIn(sink)));
        }
        let layer = layers.with_filter(filter);
        Ok((Box::new(layer), LoggingHandle::new(level)))
    }

    fn checked_filter(&self) -> Result<LogFilter, Error> {
        let wrong = |problem: String| Error::invalid(format!("the log filter is wrong: {problem}"));
        let filter = LogFilter::parse(&self.filter).map_err(wrong)?;
        match &self.own_level {
            None => Ok(filter),
            Some(level) => filter.with_target(OWN_TARGET, level).map_err(wrong),
        }
    }
}
