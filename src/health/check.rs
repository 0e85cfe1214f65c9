//! `Check`, and the combinators that configure it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio::time::timeout;

use super::{CheckOptions, Outcome, Probe};
use crate::error::Error;
use crate::panics;

/// A health check.
///
/// Closures that return a future are checks if the output converts into an [`Outcome`]: `bool`, `Result<(), E>`,
/// [`Status`](super::Status) or `Outcome` itself. A check with state implements the trait:
///
/// ```
/// use tower_vitals::health::{Check, Outcome, Probe};
/// # use std::time::Duration;
/// # use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
///
/// /// Orders that wait to be sent.
/// struct Backlog(Arc<AtomicUsize>);
///
/// impl Check for Backlog {
///     async fn check(&self) -> Outcome {
///         let waiting = self.0.load(Ordering::Relaxed);
///         let outcome = if waiting < 1000 { Outcome::healthy() } else { Outcome::degraded() };
///         outcome.data("waiting", waiting)
///     }
/// }
///
/// # let orders = Arc::default();
/// let health = tower_vitals::Health::builder()
///     .check("backlog", Backlog(orders).cache_for(Duration::from_secs(10)))
///     .check("licence", (|| async { true }).optional())
///     .check("index", (|| async { Err::<(), _>("not loaded yet") }).on(Probe::Startup))
///     .build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
///
/// A check may be slow, hang or panic. It runs on its own task, at most once at a time, and every caller gets an answer
/// within the timeout. Code that blocks its thread occupies a worker of the runtime: move it to
/// [`tokio::task::spawn_blocking`].
pub trait Check: Sized + Send + Sync + 'static {
    /// Runs the check once.
    fn check(&self) -> impl Future<Output = Outcome> + Send;

    /// Returns the outcome if it is known from this process's memory, without waiting. Only such checks may decide
    /// liveness. Defaults to `None`.
    #[expect(clippy::wrong_self_convention, reason = "the outcome is from memory")]
    fn from_memory(&self) -> Option<Outcome> {
        None
    }

    /// Returns how the check runs before combinators change it. Defaults to [`CheckOptions::default`].
    fn options(&self) -> CheckOptions {
        CheckOptions::default()
    }

    /// Returns the mistakes made when this check was configured. [`HealthBuilder::build`](super::HealthBuilder::build)
    /// and [`Health::add`](super::Health::add) call it, so that setters need not return a `Result`. Defaults to
    /// `Ok(())`.
    ///
    /// # Errors
    ///
    /// The check cannot run as it is configured.
    fn validate(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Returns this check with its options, for the combinators below to change. Implementations keep the default.
    fn configured(self) -> ConfiguredCheck {
        ConfiguredCheck {
            options: self.options(),
            check: Arc::new(self),
        }
    }

    /// Stops a run after this long and reports it as unhealthy. Defaults to the builder's timeout, which is 2 s.
    fn timeout(self, timeout: Duration) -> ConfiguredCheck {
        self.configured()
            .with(|options| options.timeout = Some(timeout))
    }

    /// Reuses a result for this long. Defaults to the builder's setting, which is 1 s. Zero runs the check for every
    /// caller.
    fn cache_for(self, age: Duration) -> ConfiguredCheck {
        self.configured()
            .with(|options| options.cache_for = Some(age))
    }

    /// Runs the check in the background with this period, from the first report or [`Health::run`](super::Health::run)
    /// on. Probes then wait only for the first result.
    fn every(self, period: Duration) -> ConfiguredCheck {
        self.configured()
            .with(|options| options.every = Some(period))
    }

    /// Reports a worse status only after `results` in a row are worse than the reported one, like HAProxy's `fall` and
    /// Kubernetes' `failureThreshold`. Defaults to 1.
    ///
    /// Until then, the result keeps the reported status, and its message says what the check found and how often. So the
    /// gauge, the event and the probe change once. The first result counts at once, because there is no status to keep. If
    /// the results of the row differ, the mildest counts. Zero is an error at build, and so is a threshold on liveness,
    /// which reads memory and counts no results.
    ///
    /// ```
    /// # use std::time::Duration;
    /// use tower_vitals::health::{Check, checks::Tcp};
    ///
    /// // Reported as unhealthy after about 30 s, and as healthy after two successes.
    /// let relay = Tcp::new("127.0.0.1:25").every(Duration::from_secs(10)).failing_after(3).passing_after(2);
    /// ```
    fn failing_after(self, results: u32) -> ConfiguredCheck {
        self.configured()
            .with(|options| options.failing_after = Some(results))
    }

    /// Reports a better status only after `results` in a row are better than the reported one, like HAProxy's `rise` and
    /// Kubernetes' `successThreshold`. Defaults to 1. See [`failing_after`](Self::failing_after).
    fn passing_after(self, results: u32) -> ConfiguredCheck {
        self.configured()
            .with(|options| options.passing_after = Some(results))
    }

    /// Lets a failure only degrade the service.
    ///
    /// A probe waits at most 100 ms for an optional check and then uses the previous result, because the probe has a timeout
    /// of its own (1 s in Kubernetes) and a dependency that hangs would exceed it. Without a previous result, the service
    /// is degraded. The result of the run serves the next probe.
    fn optional(self) -> ConfiguredCheck {
        self.configured().with(|options| options.is_optional = true)
    }

    /// Lets this check decide a probe, in addition to those set before. Without one, it decides readiness.
    ///
    /// Liveness accepts only checks that answer from memory ([`Check::from_memory`]); any other is an error at build.
    fn on(self, probe: Probe) -> ConfiguredCheck {
        self.configured().with(|options| options.add_probe(probe))
    }

    /// Adds a tag, by which [`Health::report_for_tag`](super::Health::report_for_tag) and `/health/group/{name}` select
    /// checks.
    fn tag(self, tag: impl Into<String>) -> ConfiguredCheck {
        self.configured()
            .with(|options| options.tags.push(tag.into()))
    }

    /// Marks a dependency that all instances of the service share. It decides readiness until its first success; after
    /// that, a failure only degrades.
    ///
    /// Otherwise all instances would leave the load balancer together when the common database fails. After the first
    /// success, probes wait no longer for it than for an [optional](Self::optional) check.
    fn shared(self) -> ConfiguredCheck {
        self.configured().with(|options| {
            options.is_shared = true;
            options.add_probe(Probe::Readiness);
        })
    }
}

impl<F, R> Check for F
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output: Into<Outcome>> + Send,
{
    async fn check(&self) -> Outcome {
        self().await.into()
    }
}

/// Any check, with options that the combinators of [`Check`] have changed. Clones share the check.
#[derive(Clone)]
#[must_use]
pub struct ConfiguredCheck {
    pub(super) check: Arc<dyn AnyCheck>,
    pub(super) options: CheckOptions,
}

impl ConfiguredCheck {
    fn with(mut self, change: impl FnOnce(&mut CheckOptions)) -> Self {
        change(&mut self.options);
        self
    }
}

impl Check for ConfiguredCheck {
    fn check(&self) -> impl Future<Output = Outcome> + Send {
        self.check.check()
    }

    fn from_memory(&self) -> Option<Outcome> {
        self.check.outcome_from_memory()
    }

    fn options(&self) -> CheckOptions {
        self.options.clone()
    }

    fn validate(&self) -> Result<(), Error> {
        self.check.validate()
    }

    fn configured(self) -> ConfiguredCheck {
        self
    }
}

debug_fields!(ConfiguredCheck { options });

impl dyn AnyCheck {
    /// Runs the check once, for at most `limit`. A panic is an outcome, too.
    pub(super) async fn run(&self, limit: Duration) -> Outcome {
        let mut check = Box::pin(panics::caught(async { self.check().await }));
        let ended = timeout(limit, check.as_mut()).await;
        // A future that timed out may panic when it is dropped.
        let dropped = panics::caught_here(|| drop(check));
        match (ended, dropped) {
            (_, Err(panic)) | (Ok(Err(panic)), _) => Outcome::panicked(&*panic),
            (Ok(Ok(outcome)), _) => outcome,
            (Err(_), _) => Outcome::unhealthy().message(format!("timed out after {limit:?}")),
        }
    }
}

/// `Check` as a trait object.
pub(super) trait AnyCheck: Send + Sync {
    fn check(&self) -> BoxFuture<'_, Outcome>;
    fn outcome_from_memory(&self) -> Option<Outcome>;
    fn validate(&self) -> Result<(), Error>;
}

impl<C: Check> AnyCheck for C {
    fn check(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(Check::check(self))
    }

    fn outcome_from_memory(&self) -> Option<Outcome> {
        Check::from_memory(self)
    }

    fn validate(&self) -> Result<(), Error> {
        Check::validate(self)
    }
}
