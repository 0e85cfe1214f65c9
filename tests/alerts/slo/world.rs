//! A service with one SLO, whose requests are counted, judged and alerted for.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use metrics::{Counter, Key, Level, Metadata, Recorder};
use tower_vitals::Prometheus;
use tower_vitals::alerts::slo::{Slo, SloBook, SloStatus};
use tower_vitals::alerts::state::{AlertState, State};

pub(crate) const MINUTE: u64 = 60;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;

/// A time in seconds after some midnight.
pub(crate) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_057_600 + seconds)
}

pub(crate) fn reread(book: &SloBook) -> SloBook {
    serde_json::from_str(&serde_json::to_string(book).unwrap()).unwrap()
}

/// The process: its counters begin at zero.
pub(crate) struct Process {
    pub(crate) prometheus: Prometheus,
    good: Counter,
    bad: Counter,
}

impl Process {
    pub(crate) fn start() -> Self {
        let prometheus = Prometheus::builder().build().unwrap();
        let counter = |status| {
            let labels = [("method", "GET"), ("endpoint", "/"), ("status", status)];
            let key = Key::from_parts("http_requests_total", &labels);
            prometheus.register_counter(&key, &Metadata::new("test", Level::INFO, None))
        };
        let (good, bad) = (counter("200"), counter("503"));
        Self {
            prometheus,
            good,
            bad,
        }
    }

    pub(crate) fn serve(&self, good: u64, bad: u64) {
        self.good.increment(good);
        self.bad.increment(bad);
    }
}

pub(crate) struct World {
    pub(crate) slo: Slo,
    pub(crate) process: Process,
    pub(crate) book: SloBook,
    state: State,
    /// The last evaluation, in seconds.
    pub(crate) now: u64,
    /// The transitions: the time, `page` or `ticket`, and the new state.
    pub(crate) seen: Vec<(u64, &'static str, AlertState)>,
}

impl World {
    pub(crate) fn new(slo: Slo) -> Self {
        Self {
            slo,
            process: Process::start(),
            book: SloBook::default(),
            state: State::default(),
            now: 0,
            seen: Vec::new(),
        }
    }

    /// Serves requests for some time: in each step those that `requests` gives for its end. Good ones come first.
    pub(crate) fn run(&mut self, time: u64, step: u64, requests: impl Fn(u64) -> (u64, u64)) {
        let end = self.now + time;
        while self.now < end {
            self.now += step;
            let (good, bad) = requests(self.now);
            self.process.serve(good, bad);
            self.evaluate();
        }
    }

    pub(crate) fn evaluate(&mut self) {
        let now = at(self.now);
        let slos = std::slice::from_ref(&self.slo);
        let snapshot = self.process.prometheus.snapshot();
        self.book.observe(slos, &snapshot, now);
        let status = self.book.evaluate(&self.slo, now);
        for alert in self.slo.alerts() {
            let evaluation = alert.evaluate(&status);
            let transitions = self.state.evaluate(&alert.head(), evaluation, now).unwrap();
            for transition in transitions {
                assert_eq!(transition.name, alert.name);
                assert_eq!(transition.labels["slo"], self.slo.name);
                let severity = alert.severity.as_str();
                self.seen.push((self.now, severity, transition.to));
            }
        }
    }

    /// A new process with the saved book and state.
    pub(crate) fn restart(&mut self) {
        self.process = Process::start();
        self.book = reread(&self.book);
        let state = serde_json::to_string(&self.state).unwrap();
        self.state = serde_json::from_str(&state).unwrap();
    }

    pub(crate) fn status(&self) -> SloStatus {
        self.book.evaluate(&self.slo, at(self.now))
    }

    /// When an alert first entered a state, in seconds.
    pub(crate) fn first(&self, severity: &str, state: AlertState) -> Option<u64> {
        let mut seen = self.seen.iter();
        let first = seen.find(|(_, own, to)| *own == severity && *to == state);
        first.map(|(time, ..)| *time)
    }
}
