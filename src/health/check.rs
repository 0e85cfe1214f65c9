//! `Check`, and the combinators that say how it is run and what it decides.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;

use super::Outcome;
use crate::error::Error;

/// The three questions an orchestrator asks (Kubernetes, "Liveness, Readiness, and Startup Probes").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Probe {
    /// Must this process be killed? `/livez`.
    Liveness,
    /// May it get traffic? `/readyz`.
    Readiness,
    /// Has it begun? `/startupz`.
    Startup,
}

impl Probe {
    /// `liveness`, `readiness` or `startup`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Liveness => "liveness",
            Self::Readiness => "readiness",
            Self::Startup => "startup",
        }
    }
}

/// Something to ask for its health.
///
/// Closures that return a future are checks, if the future's output becomes an [`Outcome`]: `bool`, `Result<(), E>`,
/// [`Status`](super::Status) or an `Outcome` itself. A check with state implements the trait:
///
/// ```
/// use tower_vitals::health::{Check, Outcome, Probe};
/// # use std::time::Duration;
/// # use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
///
/// /// The orders that wait to be sent.
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
/// A check may take as long as it likes, hang or panic: it runs on a task of its own, at most once at a time, and whoever
/// asked gets an answer within its timeout. What blocks its thread instead of awaiting holds up a worker of the runtime:
/// send that to [`tokio::task::spawn_blocking`].
pub trait Check: Send + Sync + 'static {
    /// Looks, once.
    fn check(&self) -> impl Future<Output = Outcome> + Send;

    /// The outcome, if it can be told from this process's memory alone, at once and without asking anybody. Only such
    /// checks may decide liveness. Defaults to `None`.
    fn recall(&self) -> Option<Outcome> {
        None
    }

    /// How it is run, unless a combinator says otherwise. Defaults to [`Options::default`].
    fn options(&self) -> Options {
        Options::default()
    }

    /// Returns the mistakes made when this check was configured. [`Builder::build`](super::Builder::build) and
    /// [`Health::add`](super::Health::add) call it, so setters need not return a `Result`. Defaults to `Ok(())`.
    ///
    /// # Errors
    ///
    /// The check cannot run as it is configured.
    fn validate(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Unhealthy after this long. Defaults to the builder's, which is 2 s.
    fn timeout(self, timeout: Duration) -> Configured<Self>
    where
        Self: Sized,
    {
        Configured::new(self).timeout(timeout)
    }

    /// A result this young is answered again instead of asking anew. Defaults to the builder's, which is 1 s; zero asks
    /// every time.
    fn cache_for(self, age: Duration) -> Configured<Self>
    where
        Self: Sized,
    {
        Configured::new(self).cache_for(age)
    }

    /// Runs in the background, this often, from the first question (or [`Health::run`](super::Health::run)) on: probes
    /// then never wait for it, except for the first result.
    fn every(self, period: Duration) -> Configured<Self>
    where
        Self: Sized,
    {
        Configured::new(self).every(period)
    }

    /// Its failure only degrades the whole, and no probe waits for it longer than 100 ms once anything is known of it: a
    /// probe that gives up itself (Kubernetes' does after 1 s) would fail for a dependency that hangs. What the run finds
    /// is for the next.
    fn optional(self) -> Configured<Self>
    where
        Self: Sized,
    {
        Configured::new(self).optional()
    }

    /// Decides this probe, too. Without, a check shows in reports and decides no probe.
    ///
    /// Liveness takes only checks that answer from memory ([`Check::recall`]); another is an error at build.
    fn on(self, probe: Probe) -> Configured<Self>
    where
        Self: Sized,
    {
        Configured::new(self).on(probe)
    }

    /// A word to ask for several checks by: [`Health::tagged`](super::Health::tagged).
    fn tag(self, tag: impl Into<String>) -> Configured<Self>
    where
        Self: Sized,
    {
        Configured::new(self).tag(tag)
    }

    /// A dependency that all instances of the service share: it decides readiness until its first success, and from then
    /// on only degrades. An instance that loses the common database must not leave the load balancer together with all
    /// others: nobody would be left to say so. From then on no probe waits for it longer than for an
    /// [optional](Self::optional) one.
    fn shared(self) -> Configured<Self>
    where
        Self: Sized,
    {
        Configured::new(self).shared()
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

/// How a check is run and what it decides: what [`Check::options`] gives, and the combinators of [`Check`] change.
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::health::{Check, Options, Outcome};
///
/// struct Archive;
///
/// impl Check for Archive {
///     async fn check(&self) -> Outcome {
///         Outcome::healthy()
///     }
///
///     /// Slow, and nothing stands on it.
///     fn options(&self) -> Options {
///         Options::default().timeout(Duration::from_secs(10)).optional()
///     }
/// }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Options {
    pub(super) timeout: Option<Duration>,
    pub(super) cache_for: Option<Duration>,
    pub(super) every: Option<Duration>,
    pub(super) is_optional: bool,
    pub(super) is_shared: bool,
    pub(super) probes: Vec<Probe>,
    pub(super) tags: Vec<String>,
}

/// A check and how it is run; what the combinators of [`Check`] make.
#[derive(Debug, Clone)]
#[must_use]
pub struct Configured<C> {
    check: C,
    options: Options,
}

/// The combinators again, so that a chain of them does not nest.
impl<C: Check> Configured<C> {
    fn new(check: C) -> Self {
        let options = check.options();
        Self { check, options }
    }

    fn with(self, change: impl FnOnce(Options) -> Options) -> Self {
        Self {
            options: change(self.options),
            check: self.check,
        }
    }

    /// See [`Check::timeout`].
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|options| options.timeout(timeout))
    }

    /// See [`Check::cache_for`].
    pub fn cache_for(self, age: Duration) -> Self {
        self.with(|options| options.cache_for(age))
    }

    /// See [`Check::every`].
    pub fn every(self, period: Duration) -> Self {
        self.with(|options| options.every(period))
    }

    /// See [`Check::optional`].
    pub fn optional(self) -> Self {
        self.with(Options::optional)
    }

    /// See [`Check::on`].
    pub fn on(self, probe: Probe) -> Self {
        self.with(|options| options.on(probe))
    }

    /// See [`Check::tag`].
    pub fn tag(self, tag: impl Into<String>) -> Self {
        self.with(|options| options.tag(tag))
    }

    /// See [`Check::shared`].
    pub fn shared(self) -> Self {
        self.with(Options::shared)
    }
}

impl Options {
    /// See [`Check::timeout`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// See [`Check::cache_for`].
    pub fn cache_for(mut self, age: Duration) -> Self {
        self.cache_for = Some(age);
        self
    }

    /// See [`Check::every`].
    pub fn every(mut self, period: Duration) -> Self {
        self.every = Some(period);
        self
    }

    /// See [`Check::optional`].
    pub fn optional(mut self) -> Self {
        self.is_optional = true;
        self
    }

    /// See [`Check::on`].
    pub fn on(mut self, probe: Probe) -> Self {
        if !self.probes.contains(&probe) {
            self.probes.push(probe);
        }
        self
    }

    /// See [`Check::tag`].
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// See [`Check::shared`].
    pub fn shared(mut self) -> Self {
        self.is_shared = true;
        self.on(Probe::Readiness)
    }
}

impl<C: Check> Check for Configured<C> {
    fn check(&self) -> impl Future<Output = Outcome> + Send {
        self.check.check()
    }

    fn recall(&self) -> Option<Outcome> {
        self.check.recall()
    }

    fn options(&self) -> Options {
        self.options.clone()
    }

    fn validate(&self) -> Result<(), Error> {
        self.check.validate()
    }
}

/// `Check`, as many different ones in one list need it.
pub(super) trait AnyCheck: Send + Sync {
    fn run(&self) -> Pin<Box<dyn Future<Output = Outcome> + Send + '_>>;
    fn recall(&self) -> Option<Outcome>;
    fn options(&self) -> Options;
    fn validate(&self) -> Result<(), Error>;
}

impl<C: Check> AnyCheck for C {
    fn run(&self) -> Pin<Box<dyn Future<Output = Outcome> + Send + '_>> {
        Box::pin(self.check())
    }

    fn recall(&self) -> Option<Outcome> {
        Check::recall(self)
    }

    fn options(&self) -> Options {
        Check::options(self)
    }

    fn validate(&self) -> Result<(), Error> {
        Check::validate(self)
    }
}
