use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::entry::CheckEntry;
use super::runtime_heartbeat::RuntimeHeartbeat;
use super::state::State;
use super::{Check, ConfiguredCheck, Health, Probe};
use crate::error::Error;
use crate::redact::Redacted;

/// The longest name in bytes. A name is a label value and part of a path.
const MAX_NAME: usize = 100;

/// Configures a [`Health`].
#[must_use]
pub struct HealthBuilder {
    checks: Vec<(String, ConfiguredCheck)>,
    /// Probes and the names of checks that decide them.
    probes: Vec<(Probe, String)>,
    state: State,
}

impl Health {
    /// Returns a builder without checks.
    pub fn builder() -> HealthBuilder {
        HealthBuilder {
            checks: Vec::new(),
            probes: Vec::new(),
            state: State::new(),
        }
    }
}

impl HealthBuilder {
    /// Adds a check: any [`Check`], or a closure that returns a future of `bool`, `Result<(), E>`,
    /// [`Status`](super::Status) or [`Outcome`](super::Outcome).
    ///
    /// The check decides readiness, and never liveness, unless [`Check::on`] or [`probe`](Self::probe) names another probe.
    /// With [`Check::optional`] a failure only degrades the service.
    ///
    /// The future cannot borrow from the closure, so clone its captures for each run:
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
        self.checks.push((name.into(), check.configured()));
        self
    }

    /// Lets the checks of these names decide a probe, as [`Check::on`] does for one check.
    pub fn probe<N: Into<String>>(
        mut self,
        probe: Probe,
        checks: impl IntoIterator<Item = N>,
    ) -> Self {
        self.probes
            .extend(checks.into_iter().map(|name| (probe, name.into())));
        self
    }

    /// The timeout of checks that set none. Defaults to 2 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.state.defaults.timeout = timeout;
        self
    }

    /// The time for which results are reused by checks that set none. Defaults to 1 s.
    pub fn cache_for(mut self, age: Duration) -> Self {
        self.state.defaults.cache_for = age;
        self
    }

    /// Fails liveness when a task on the runtime gets no turn for this long, because code blocks all of the runtime's
    /// threads. Defaults to none.
    ///
    /// The task beats four times per `limit` on the runtime in which [`Health::run`] is called, so call it on the
    /// runtime that serves requests. A stuck runtime cannot answer probes: serve the routes on another one.
    pub fn runtime_heartbeat(mut self, limit: Duration) -> Self {
        self.state.runtime_heartbeat = Some(RuntimeHeartbeat::new(limit));
        self
    }

    /// Ends startup only when [`Health::mark_started`] is called. By default, startup ends once each check on it has
    /// passed, and at once if there are none.
    pub fn explicit_start(mut self) -> Self {
        self.state.starts_explicitly = true;
        self
    }

    /// The HTTP status of a report that is degraded, for monitors that read nothing else. Defaults to 200.
    ///
    /// It applies to [`Report::status_code`](super::Report::status_code), `/health`, `/healthz`, `/health/detailed`,
    /// `/health/checker/{name}` and `/health/group/{name}`. The probes keep 200, so that an [optional](Check::optional)
    /// check fails none of them. 200 to 299 and 400 to 599 are allowed, except 204 and 205, which have no body.
    pub fn degraded_status(mut self, code: StatusCode) -> Self {
        self.state.degraded_status = code;
        self
    }

    recorder_setter!(state.recorder);

    /// Builds the `Health`. Nothing runs yet. The counts of runs are zero in the metrics from now on, or from
    /// [`Health::run`] on if the recorder is installed later.
    ///
    /// # Errors
    ///
    /// Returns every mistake in one error: a name that is empty, taken, longer than 100 bytes, not one line of text, or
    /// `timestamp` (a key of `/healthz`); more than 1000 checks; a timeout, period, threshold or heartbeat of zero; a probe
    /// that names an unknown check; a check on liveness that cannot answer from memory, or that has a threshold; a status
    /// code that cannot carry a report; the mistakes that [`Check::validate`] returns.
    pub fn build(self) -> Result<Health, Error> {
        let mut problems = Vec::new();
        let heartbeat = self.state.runtime_heartbeat.as_ref();
        problems.extend(heartbeat.and_then(RuntimeHeartbeat::problem));
        problems.extend(self.unknown_checks());
        problems.extend(degraded_status_problem(self.state.degraded_status));
        let state = Arc::new(self.state);
        for (name, check) in self.checks {
            let decided = self.probes.iter().filter(|(_, check)| *check == name);
            let probes = decided.map(|(probe, _)| *probe);
            let entry = state.new_entry(&name, check, probes);
            problems.extend(entry.problems());
            problems.extend(state.insert(entry).err());
        }
        Error::combine(problems.into_iter().map(Error::invalid))?;
        for entry in &*state.entries() {
            state.register(entry);
        }
        Ok(Health { state })
    }

    fn unknown_checks(&self) -> Vec<String> {
        let mut known: Vec<_> = Vec::new();
        for (name, _) in &self.checks {
            if !known.contains(&&**name) {
                known.push(name);
            }
        }
        let listed: Vec<_> = known.iter().map(|name| format!("{name:?}")).collect();
        let listed = match known.len() {
            0 => "none".to_owned(),
            _ => listed.join(", "),
        };
        let unknown = self
            .probes
            .iter()
            .filter(|(_, name)| !known.contains(&&**name));
        let problem = |(probe, name): &(Probe, String)| {
            let probe = probe.as_str();
            format!("probe {probe} names an unknown check {name:?}: the checks are {listed}")
        };
        unknown.map(problem).collect()
    }
}

impl CheckEntry {
    /// Returns every mistake in the check's name and options.
    pub(super) fn problems(&self) -> Vec<String> {
        let name = &self.name;
        let mut problems = Vec::new();
        problems.extend(name_problem(name).map(|it| format!("check name {name:?} {it}")));
        let mut reject = |problem: &str| problems.push(format!("check {name:?} {problem}"));
        if let Err(error) = self.check.validate() {
            // A semicolon separates mistakes.
            let error = error.to_string().replace("; ", ", ");
            reject(&format!("is misconfigured: {error}"));
        }
        if self.timeout.is_zero() {
            reject("has a timeout of zero: it must be longer than zero");
        }
        if self.every == Some(Duration::ZERO) {
            reject("has a period of zero: it must be longer than zero");
        }
        let options = &self.options;
        if options.failing_after == Some(0) {
            reject("fails after zero results: one or more are allowed");
        }
        if options.passing_after == Some(0) {
            reject("passes after zero results: one or more are allowed");
        }
        let has_threshold = options.failing_after.max(options.passing_after) > Some(1);
        if self.decides(Probe::Liveness) && has_threshold {
            reject(
                "is on liveness, which reads memory and counts no results: failing_after and passing_after need runs, so \
                 set the thresholds of the orchestrator's probe",
            );
        }
        if self.decides(Probe::Liveness) && self.result_from_memory().is_none() {
            reject(
                "is on liveness but does not answer from memory: only checks with Check::from_memory, such as Heartbeat, \
                 are allowed, so put it on readiness",
            );
        }
        problems
    }
}

fn degraded_status_problem(code: StatusCode) -> Option<String> {
    let is_allowed = match code.as_u16() {
        204 | 205 => false,
        code => matches!(code, 200..=299 | 400..=599),
    };
    (!is_allowed).then(|| {
        let code = code.as_u16();
        format!(
            "the degraded status {code} cannot carry a report: 200 to 299 and 400 to 599 are allowed, except 204 and 205"
        )
    })
}

fn name_problem(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("is empty: each check needs a name")
    } else if name.len() > MAX_NAME {
        Some("is too long: at most 100 bytes are allowed")
    } else if name.chars().any(char::is_control) {
        Some("contains control characters: one line of text is allowed")
    } else if name == "timestamp" {
        Some("is a key of /healthz: any other name is allowed")
    } else {
        None
    }
}

impl fmt::Debug for HealthBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.checks.iter().map(|(name, _)| name);
        f.debug_struct("HealthBuilder")
            .field("checks", &Redacted(names.collect::<Vec<_>>()))
            .field("timeout", &self.state.defaults.timeout)
            .field("cache_for", &self.state.defaults.cache_for)
            .finish_non_exhaustive()
    }
}
