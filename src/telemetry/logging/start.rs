//! The start of the log.

use tracing::{Level, Subscriber};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

use super::builder::LoggingBuilder;
use super::console_lines::ConsoleLines;
use super::event_counter::EventCounter;
use super::handle::LoggingHandle;
use super::json_lines::JsonLines;
use super::layers::{AnyLayer, Layers};
use super::line_sink::LineSink;
use super::log_files::LogFiles;
use super::log_level::LogLevel;
use super::up_to::UpTo;
use super::{hangup, log_records, panic_hook};
use crate::error::{Error, ErrorKind};
use crate::log_filter::LogFilter;

/// The target of the crate's own lines.
const OWN_TARGET: &str = "tower_vitals";

impl LoggingBuilder {
    /// Starts the log of the process: sets the global subscriber of `tracing`, the panic hook, and the logger of the `log` crate.
    ///
    /// With files, SIGHUP opens them again ([`LoggingHandle::reopen`]), as `logrotate` expects. This replaces the system's response to
    /// SIGHUP, which is to end the process.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use tower_vitals::telemetry::logging::Logging;
    ///
    /// let logging = Logging::builder().filter("info,hyper=warn").folder("/var/log/shop").init()?;
    /// tracing::info!(orders = 3, "the shop is open");
    /// // At the end of the service:
    /// logging.shutdown(Duration::from_secs(5))?;
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyInstalled`] if the process has a subscriber already, and the errors of [`layer`](Self::layer).
    pub fn init(self) -> Result<LoggingHandle, Error> {
        // No layer beside the log, also none that does nothing: it would want the events of all levels.
        self.start(false, |layer| tracing_subscriber::registry().with(layer))
    }

    /// Like [`init`](Self::init), with another layer beside the log, such as one that exports traces. The filter of the log does not
    /// hold for it. A panic in that layer is logged as well, by a thread of its own.
    ///
    /// # Errors
    ///
    /// As [`init`](Self::init).
    pub fn init_with<L>(self, other: L) -> Result<LoggingHandle, Error>
    where
        L: Layer<Registry> + Send + Sync,
    {
        self.start(true, |layer| {
            tracing_subscriber::registry().with(other).with(layer)
        })
    }

    fn start<S, T>(
        mut self,
        has_others: bool,
        subscriber: impl FnOnce(AnyLayer<S>) -> T,
    ) -> Result<LoggingHandle, Error>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
        T: Subscriber + Send + Sync,
    {
        let (has_panic_hook, takes_log_records) = (self.has_panic_hook, self.takes_log_records);
        let at_init = self.at_init.take();
        let (layer, handle) = self.build()?;
        tracing::subscriber::set_global_default(subscriber(layer)).map_err(|error| {
            Error::new(
                ErrorKind::AlreadyInstalled,
                "the process has a tracing subscriber already: call Logging::init once and before others, or add \
                 Logging::layer to your own subscriber",
            )
            .with_source(error)
        })?;
        if takes_log_records {
            log_records::take();
        }
        if has_panic_hook {
            panic_hook::set(handle.files().clone(), has_others);
        }
        hangup::reopen_on_hangup(handle.files());
        // It logs what it deletes, and a log that does not start deletes nothing.
        handle.files().start_cleanup()?;
        if let Some(log) = at_init {
            log();
        }
        Ok(handle)
    }

    /// Opens the files and returns the log as a layer, for a service that has a subscriber of its own or other layers. The filter of the
    /// log decides for this layer only.
    ///
    /// The panic hook, the records of the `log` crate and SIGHUP are left to the service.
    ///
    /// ```
    /// use tower_vitals::telemetry::logging::Logging;
    /// use tracing_subscriber::prelude::*;
    ///
    /// let (layer, logging) = Logging::builder().filter("info").layer()?;
    /// let subscriber = tracing_subscriber::registry().with(layer);
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] names all mistakes, [`ErrorKind::Io`] a file that cannot be opened.
    pub fn layer<S>(self) -> Result<(AnyLayer<S>, LoggingHandle), Error>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let (layer, handle) = self.build()?;
        handle.files().start_cleanup()?;
        Ok((layer, handle))
    }

    fn build<S>(self) -> Result<(AnyLayer<S>, LoggingHandle), Error>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        self.check()?;
        let (level, filter) = LogLevel::new(self.parsed_filter()?)?;
        let files = LogFiles::open(&self)?;
        let mut layers: Vec<AnyLayer<S>> = Vec::new();
        if let Some(sink) = self.console.sink(&self.recorder) {
            let text = || ConsoleLines::new(sink.clone()).colors(self.console.has_colours());
            if self.is_json_console {
                layers.push(self.json(sink));
            } else {
                layers.push(Box::new(text()));
            }
        }
        if let Some(alerts) = files.alerts() {
            layers.push(Box::new(warnings(ConsoleLines::new(alerts.clone()))));
        }
        if let Some(json) = files.json() {
            layers.push(self.json(json.clone()));
        }
        for sink in &self.json_sinks {
            layers.push(self.json(sink.clone()));
        }
        if let Some(tail) = &self.tail {
            layers.push(Box::new(warnings(self.json_lines(tail.clone()))));
        }
        for sink in &self.text_sinks {
            layers.push(Box::new(ConsoleLines::new(sink.clone())));
        }
        // The last one, because a recorder may log in turn.
        layers.push(Box::new(EventCounter::new(&self.recorder)));
        let layer = Layers(layers).with_filter(filter);
        Ok((Box::new(layer), LoggingHandle::new(level, files)))
    }

    fn json<S>(&self, sink: impl LineSink) -> AnyLayer<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        Box::new(self.json_lines(sink))
    }

    fn json_lines<L: LineSink>(&self, sink: L) -> JsonLines<L> {
        let lines = JsonLines::new(sink);
        lines
            .service(&*self.service)
            .environment(&*self.environment)
    }

    /// Reports all mistakes.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let filter = self.parsed_filter().err();
        let no_folder = (self.has_json_file && self.folder.is_none()).then(|| {
            Error::invalid("json_file needs a folder: set it with LoggingBuilder::folder")
        });
        let patterns = self.old_files.iter().filter_map(|old| old.check().err());
        Error::combine(filter.into_iter().chain(no_folder).chain(patterns))
    }

    fn parsed_filter(&self) -> Result<LogFilter, Error> {
        let filter = LogFilter::parse(&self.filter);
        let filter = match &self.own_level {
            Some(level) => filter.and_then(|filter| filter.with_target(OWN_TARGET, level)),
            None => filter,
        };
        filter.map_err(|problem| Error::invalid(format!("the log filter is wrong: {problem}")))
    }
}

fn warnings<L>(layer: L) -> UpTo<L> {
    UpTo {
        level: Level::WARN,
        layer,
    }
}
