//! `LogLevel`: the control of the log filter.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use parking_lot::Mutex;
use tracing_subscriber::EnvFilter;

use super::active_filter::{ActiveFilter, CHANGES};
use super::expiry::Expiry;
use super::filter_state::FilterState;
use super::log_level_status::LogLevelStatus;
use crate::error::Error;
use crate::log_filter::{self, LogFilter};

/// The longest time of a filter that ends by itself.
pub(crate) const MAX_TIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Reads and changes the filter of the log while the service runs. Clones control the same filter.
///
/// A filter is a list of levels (`off`, `error`, `warn`, `info`, `debug`, `trace`): one for all targets, and some for targets that
/// begin with a text, such as `info,hyper=warn`. The longest text that fits counts, so `hyper=warn` also holds for `hyper_util`. In
/// a list without a level for all targets, the others are off. `[span]=debug` and `[span{field=value}]=debug` hold for events in
/// spans, as in `tracing_subscriber`'s `EnvFilter` without regular expressions: the value is the field's as `Debug` shows it, so that
/// of a string has its quotes. A field whose value is the beginning of it fits, too.
///
/// Each change is logged at INFO with the target `tower_vitals::log_level`. These lines pass every filter.
///
/// A span that a filter leaves out when it begins stays out of its events' lines, also if a later filter includes it.
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::telemetry::logging::Logging;
/// use tracing_subscriber::prelude::*;
///
/// let (layer, logging) = Logging::builder().filter("info,hyper=warn").layer()?;
/// let subscriber = tracing_subscriber::registry().with(layer);
///
/// let level = logging.level();
/// level.set_target_for("hyper", "debug", Duration::from_secs(600))?;
/// assert_eq!(level.filter(), "info,hyper=debug");
/// level.set("warn")?;
/// assert_eq!(level.filter(), "warn");
///
/// let error = level.set("none").unwrap_err();
/// assert!(error.to_string().contains("\"none\" is no level: write off"), "{error}");
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Clone)]
pub struct LogLevel(Arc<Shared>);

struct Shared {
    filter: ActiveFilter,
    state: Mutex<FilterState>,
    /// The number of changes that were begun. Held during a change, so that filter and state agree, while others can read the state.
    changes: Mutex<u64>,
}

/// A change that is done. The log tells of it.
struct Change {
    from: LogFilter,
    to: LogFilter,
    until: Option<SystemTime>,
}

impl LogLevel {
    pub(super) fn new(filter: LogFilter) -> Result<(Self, ActiveFilter), Error> {
        let active = ActiveFilter::new(env_filter(&filter)?);
        let shared = Shared {
            filter: active.clone(),
            state: Mutex::new(FilterState::new(filter)),
            changes: Mutex::new(0),
        };
        Ok((Self(Arc::new(shared)), active))
    }

    /// The filter in effect.
    #[must_use]
    pub fn filter(&self) -> String {
        self.0.state.lock().in_effect().to_string()
    }

    /// The filter in effect, its end if it has one, and the filters behind it.
    #[must_use]
    pub fn status(&self) -> LogLevelStatus {
        self.0.state.lock().status()
    }

    /// Sets the filter, until it is changed again. Ends a filter that was set for some time.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) if this is no filter. The message names the wrong part and the
    /// allowed ones, and nothing changes.
    pub fn set(&self, filter: &str) -> Result<(), Error> {
        self.change(None, |_| parse(filter))
    }

    /// Sets the filter for some time, at most a week. After it, the filter that was last set without an end returns. A later
    /// change replaces filter and time.
    ///
    /// A thread waits for the end, so this needs no runtime.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set), and for a time of zero or of more than a week.
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if the system cannot start the thread.
    pub fn set_for(&self, filter: &str, time: Duration) -> Result<(), Error> {
        self.change(Some(time), |_| parse(filter))
    }

    /// Sets the level of one target, until it is changed again. Ends a filter that was set for some time: the level becomes part of
    /// the filter that would return.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set), for the target or the level.
    pub fn set_target(&self, target: &str, level: &str) -> Result<(), Error> {
        self.change(None, |state| with_target(state.lasting(), target, level))
    }

    /// Sets the level of one target for some time, as [`set_for`](Self::set_for) does. The level becomes part of the filter in effect,
    /// which as a whole ends after this time.
    ///
    /// # Errors
    ///
    /// As [`set_for`](Self::set_for), for the target or the level.
    pub fn set_target_for(&self, target: &str, level: &str, time: Duration) -> Result<(), Error> {
        self.change(Some(time), |state| {
            with_target(state.in_effect(), target, level)
        })
    }

    fn change(
        &self,
        time: Option<Duration>,
        make: impl FnOnce(&FilterState) -> Result<LogFilter, Error>,
    ) -> Result<(), Error> {
        check_time(time)?;
        let mut changes = self.0.changes.lock();
        let to = make(&self.0.state.lock())?;
        let filter = env_filter(&to)?;
        let id = *changes + 1;
        let shared = Arc::downgrade(&self.0);
        let expiry = time.map(|time| Expiry::after(time, move || expire(&shared, id)));
        let expiry = expiry.transpose()?;
        *changes = id;
        let until = time.and_then(|time| SystemTime::now().checked_add(time));
        let from = self.0.replace(id, &to, filter, until, expiry);
        drop(changes);
        Change { from, to, until }.log("the log filter was changed");
        Ok(())
    }
}

impl Shared {
    /// Returns the former filter. The caller holds the number of changes.
    fn replace(
        &self,
        change: u64,
        to: &LogFilter,
        filter: EnvFilter,
        until: Option<SystemTime>,
        expiry: Option<Expiry>,
    ) -> LogFilter {
        let mut state = self.state.lock();
        let from = state.in_effect().clone();
        let former = state.set(change, to.clone(), until, expiry);
        drop(state);
        drop(former);
        self.filter.replace(filter);
        from
    }
}

/// Lets the lasting filter return after this change, unless it did or there was another one.
fn expire(shared: &Weak<Shared>, change: u64) {
    let Some(shared) = shared.upgrade() else {
        return;
    };
    let changes = shared.changes.lock();
    let state = shared.state.lock();
    if !state.ends(change) {
        return;
    }
    let to = state.lasting().clone();
    drop(state);
    // Cannot fail, because it was in effect before.
    let Ok(filter) = env_filter(&to) else { return };
    let from = shared.replace(change, &to, filter, None, None);
    drop(changes);
    let until = None;
    Change { from, to, until }
        .log("the log filter returned, because the time of the other one is over");
}

impl Change {
    fn log(&self, message: &str) {
        let Self { from, to, until } = self;
        let until = until.and_then(|until| Timestamp::try_from(until).ok());
        tracing::info!(
            target: CHANGES,
            %from,
            %to,
            until = until.map(|until| format!("{until:.3}")),
            "{message}"
        );
    }
}

fn check_time(time: Option<Duration>) -> Result<(), Error> {
    if time.is_some_and(|time| time.is_zero() || time > MAX_TIME) {
        return Err(Error::invalid(
            "the time of a log filter is wrong: more than 0 and at most 604800 seconds (7 days) are allowed",
        ));
    }
    Ok(())
}

fn parse(filter: &str) -> Result<LogFilter, Error> {
    LogFilter::parse(filter)
        .map_err(|problem| Error::invalid(format!("the log filter is wrong: {problem}")))
}

fn with_target(filter: &LogFilter, target: &str, level: &str) -> Result<LogFilter, Error> {
    let changed = filter.with_target(target, level);
    changed.map_err(|problem| Error::invalid(format!("the log filter is wrong: {problem}")))
}

fn env_filter(filter: &LogFilter) -> Result<EnvFilter, Error> {
    let text = filter.to_string();
    log_filter::build(&text).map_err(|error| {
        Error::invalid(format!("the log filter {text:?} cannot be read: {error}"))
            .with_source(error)
    })
}

impl fmt::Debug for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogLevel")
            .field(&self.status().filter)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use serde_json::Value;
    use tracing::Level;
    use tracing_subscriber::prelude::*;

    use super::*;
    use crate::telemetry::logging::{Console, LineSink, Logging};

    const MINUTE: Duration = Duration::from_secs(60);

    struct Lines(Mutex<mpsc::Sender<Value>>);

    impl LineSink for Lines {
        fn write(&self, _level: Level, line: &[u8]) {
            let line = serde_json::from_slice(line).unwrap();
            self.0.lock().send(line).unwrap();
        }
    }

    fn level() -> LogLevel {
        LogLevel::new(LogFilter::parse("info").unwrap()).unwrap().0
    }

    /// What the thread of a change does at its end.
    fn end(level: &LogLevel, change: u64) {
        expire(&Arc::downgrade(&level.0), change);
    }

    #[test]
    fn a_later_change_replaces_the_end() {
        let level = level();
        level.set_for("debug", MINUTE).unwrap();
        level.set_for("trace", 10 * MINUTE).unwrap();
        end(&level, 1);
        assert_eq!(level.filter(), "trace");
        end(&level, 2);
        assert_eq!(level.filter(), "info", "not debug, whose time is over");
        let status = level.status();
        assert_eq!((status.until, status.returns_to), (None, None));

        level.set_for("debug", MINUTE).unwrap();
        level.set("warn").unwrap();
        assert_eq!(level.status().until, None);
        end(&level, 3);
        end(&level, 4);
        assert_eq!(level.filter(), "warn");
    }

    #[test]
    fn targets_for_some_time_add_up_and_end_together() {
        let level = level();
        level.set_target_for("hyper", "debug", MINUTE).unwrap();
        level.set_target_for("h2", "trace", 3 * MINUTE).unwrap();
        end(&level, 1);
        assert_eq!(level.filter(), "info,hyper=debug,h2=trace");
        end(&level, 2);
        assert_eq!(level.filter(), "info");
    }

    #[test]
    fn a_return_is_logged_once_whatever_the_filter_is() {
        let (sender, lines) = mpsc::channel();
        let logging = Logging::builder().console(Console::Off);
        let logging = logging.json_lines_to(Lines(Mutex::new(sender)));
        let (layer, handle) = logging.filter("off").layer().unwrap();
        let subscriber = tracing_subscriber::registry().with(layer);
        let _guard = tracing::subscriber::set_default(subscriber);
        handle
            .level()
            .set_target_for("hyper", "warn", MINUTE)
            .unwrap();
        end(&handle.level(), 1);
        end(&handle.level(), 1);
        let [_, line] = lines.try_iter().collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(
            line["message"],
            "the log filter returned, because the time of the other one is over"
        );
        assert_eq!(
            (&line["level"], &line["until"]),
            (&"INFO".into(), &Value::Null)
        );
        assert_eq!(line["logger"], "tower_vitals::log_level");
        assert_eq!(line["from"], "off,hyper=warn");
        assert_eq!(line["to"], "off");
    }
}
