//! `Builder`: what a `Health` is made of.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock, RwLock};
use std::time::Duration;

use metrics::Recorder;
use tokio::sync::broadcast;

use super::beat::RuntimeBeat;

use super::check::AnyCheck;
use super::registry::{Health, Inner};
use super::slot::Slot;
use super::{Check, Probe};
use crate::broadcast::CAPACITY;
use crate::error::Error;
use crate::recorder::RecorderRef;

/// Checks at once: each is a label value of two metrics and a task while it runs.
const MAX_CHECKS: usize = 1000;
/// Bytes of a check's name, which is a label value and part of a path.
const MAX_NAME: usize = 100;

/// Makes a [`Health`].
#[must_use]
pub struct Builder {
    checks: Vec<(String, Box<dyn AnyCheck>)>,
    probes: Vec<(Probe, String)>,
    timeout: Duration,
    cache_for: Duration,
    runtime_beat: Option<Duration>,
    starts_explicitly: bool,
    recorder: RecorderRef,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            checks: Vec::new(),
            probes: Vec::new(),
            timeout: Duration::from_secs(2),
            cache_for: Duration::from_secs(1),
            runtime_beat: None,
            starts_explicitly: false,
            recorder: RecorderRef::default(),
        }
    }

    /// Adds a check: any [`Check`], or a closure returning a future of `bool`, `Result<(), E>`,
    /// [`Status`](super::Status) or [`Outcome`](super::Outcome).
    ///
    /// The future cannot borrow from the closure, so what it needs is cloned for each run:
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # struct Pool; impl Pool { async fn ping(&self) -> Result<(), String> { Ok(()) } }
    /// # let pool = Arc::new(Pool);
    /// let ping = move || {
    ///     let pool = pool.clone();
    ///     async move { pool.ping().await }
    /// };
    /// let health = tower_vitals::Health::builder().check("pool", ping).build()?;
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn check(mut self, name: impl Into<String>, check: impl Check) -> Self {
        self.checks.push((name.into(), Box::new(check)));
        self
    }

    /// Lets these checks, by name, decide a probe; the same as [`Check::on`] at each of them.
    pub fn probe<N: Into<String>>(
        mut self,
        probe: Probe,
        checks: impl IntoIterator<Item = N>,
    ) -> Self {
        self.probes
            .extend(checks.into_iter().map(|name| (probe, name.into())));
        self
    }

    /// The timeout of checks that name none. Defaults to 2 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long results of checks that say nothing else are kept. Defaults to 1 s.
    pub fn cache_for(mut self, age: Duration) -> Self {
        self.cache_for = age;
        self
    }

    /// Fails liveness when a task on the runtime gets no turn for this long: the runtime is stuck, by code that blocks
    /// all of its threads. Defaults to none.
    ///
    /// It beats four times in `limit`, on the runtime in which [`Health::run`] was called, and from then on: call it on the
    /// runtime that serves. That it is stuck can be told only from outside, by routes served on another runtime, say.
    pub fn runtime_heartbeat(mut self, limit: Duration) -> Self {
        self.runtime_beat = Some(limit);
        self
    }

    /// Startup lasts until [`Health::started`] is called, whatever the checks on it say. Defaults to until all of these
    /// have passed once, which is at once if there are none.
    pub fn explicit_start(mut self) -> Self {
        self.starts_explicitly = true;
        self
    }

    /// Records `health_check_status` and `health_check_duration_seconds` to this recorder. Defaults to the facade's.
    pub fn recorder(mut self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        self.recorder = RecorderRef::new(recorder);
        self
    }

    /// Makes it. Nothing runs yet.
    ///
    /// # Errors
    ///
    /// All that is wrong at once: a name that is empty, taken, longer than 100 bytes, not one line of text, or
    /// `timestamp` (a key of `/healthz`); more than 1000 checks; a timeout, period or heartbeat of zero; a probe that
    /// names an unknown check; a check on liveness that cannot answer from memory.
    pub fn build(self) -> Result<Health, Error> {
        let mut problems = Vec::new();
        if self.runtime_beat.is_some_and(|limit| limit.is_zero()) {
            problems
                .push("a runtime heartbeat of zero is always late: it must be longer".to_owned());
        }
        for (probe, name) in &self.probes {
            if !self.checks.iter().any(|(known, _)| known == name) {
                let known: Vec<_> = self.checks.iter().map(|(known, _)| &**known).collect();
                problems.push(format!(
                    "probe {} names an unknown check {name:?}: the checks are {}",
                    probe.as_str(),
                    if known.is_empty() {
                        "none".to_owned()
                    } else {
                        known.join(", ")
                    }
                ));
            }
        }
        let mut slots = Vec::with_capacity(self.checks.len());
        for (name, check) in self.checks {
            let named = |(probe, of): &(Probe, String)| (*of == name).then_some(*probe);
            let probes: Vec<_> = self.probes.iter().filter_map(named).collect();
            let placed = check_place(&name, &slots)
                .and_then(|()| slot(name, check, &probes, (self.timeout, self.cache_for)));
            match placed {
                Ok(slot) => slots.push(Arc::new(slot)),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(Error::invalid(problems.join("; ")));
        }
        Ok(Health::from_inner(Inner {
            checks: RwLock::new(slots.into()),
            defaults: (self.timeout, self.cache_for),
            starts_explicitly: self.starts_explicitly,
            started: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            has_run: AtomicBool::new(false),
            failed: OnceLock::new(),
            runtime_beat: self.runtime_beat.map(RuntimeBeat::new),
            changes: broadcast::Sender::new(CAPACITY),
            recorder: self.recorder,
        }))
    }
}

/// A slot for the check, or what is wrong with it.
pub(super) fn slot(
    name: String,
    check: Box<dyn AnyCheck>,
    probes: &[Probe],
    defaults: (Duration, Duration),
) -> Result<Slot, String> {
    check_name(&name)?;
    check
        .validate()
        .map_err(|error| format!("check {name:?} is misconfigured: {error}"))?;
    let options = probes
        .iter()
        .fold(check.options(), |options, probe| options.on(*probe));
    let slot = Slot::new(name.into(), options, defaults, check);
    let name = &slot.name;
    if slot.timeout.is_zero() {
        return Err(format!(
            "check {name:?} has a timeout of zero, which it cannot keep: it must be longer"
        ));
    }
    if slot.every.is_some_and(|period| period.is_zero()) {
        return Err(format!(
            "check {name:?} runs every zero seconds, which is always: it must be longer"
        ));
    }
    if slot.decides(Probe::Liveness) && slot.recall().is_none() {
        return Err(format!(
            "check {name:?} is on liveness, which answers from memory and asks nobody: only a check with Check::recall \
             can be, as Heartbeat is; put it on readiness"
        ));
    }
    Ok(slot)
}

fn check_name(name: &str) -> Result<(), String> {
    let problem = if name.trim().is_empty() {
        "is empty: each check needs a name"
    } else if name.len() > MAX_NAME {
        "is too long: at most 100 bytes are allowed"
    } else if name.chars().any(char::is_control) {
        "holds control characters: one line of text is allowed"
    } else if name == "timestamp" {
        "is a key of /healthz: any other is allowed"
    } else {
        return Ok(());
    };
    Err(format!("check name {name:?} {problem}"))
}

/// Whether there is a place for a check of this name among the others.
pub(super) fn check_place(name: &str, others: &[Arc<Slot>]) -> Result<(), String> {
    let problem = if others.iter().any(|other| &*other.name == name) {
        "is there twice: each check needs a name of its own"
    } else if others.len() >= MAX_CHECKS {
        "is one too many: at most 1000 checks are allowed"
    } else {
        return Ok(());
    };
    Err(format!("check name {name:?} {problem}"))
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.checks.iter().map(|(name, _)| name);
        f.debug_struct("health::Builder")
            .field("checks", &names.collect::<Vec<_>>())
            .field("timeout", &self.timeout)
            .field("cache_for", &self.cache_for)
            .finish_non_exhaustive()
    }
}
