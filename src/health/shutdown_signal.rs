//! `ShutdownSignal`: a future that completes when the server should stop accepting connections.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use tokio::time::timeout;

use super::Health;

/// Completes when the server should stop accepting connections: waits for SIGTERM, drains, and then waits until load
/// balancers have noticed.
///
/// A load balancer learns from its next probe that an instance is leaving. It sends requests until then, so the listener
/// must stay open that long (Kubernetes, "Pod Lifecycle", termination of pods).
///
/// ```no_run
/// use axum::Router;
/// use tower_vitals::{Health, Routes};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let health = Health::builder().build()?;
/// let app: Router = Router::new().merge(Routes::new().health(health.clone()));
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
/// axum::serve(listener, app)
///     .with_graceful_shutdown(health.shutdown_signal().into_future())
///     .await?;
/// # Ok(()) }
/// ```
///
/// SIGINT (Ctrl-C) skips the wait, and so does a second signal. On systems without SIGTERM, Ctrl-C is the only signal.
///
/// After the first poll, these signals no longer end the process by themselves. The server then waits for requests in
/// flight without a limit, and an event stream never ends. [`force_after`](Self::force_after) limits that wait:
///
/// ```no_run
/// # use axum::Router;
/// # use std::time::Duration;
/// # async fn serve(health: tower_vitals::Health, listener: tokio::net::TcpListener, app: Router) -> std::io::Result<()> {
/// let shutdown = health.shutdown_signal();
/// let server = axum::serve(listener, app).with_graceful_shutdown(shutdown.clone().into_future());
/// tokio::select! {
///     served = server => served,
///     () = shutdown.force_after(Duration::from_secs(20)) => Ok(()),
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "futures do nothing unless polled"]
pub struct ShutdownSignal {
    health: Health,
    delay: Duration,
}

impl Health {
    /// Returns a future that completes after SIGTERM, a drain and 5 s; see [`ShutdownSignal`].
    pub fn shutdown_signal(&self) -> ShutdownSignal {
        ShutdownSignal {
            health: self.clone(),
            delay: Duration::from_secs(5),
        }
    }
}

impl ShutdownSignal {
    /// The time between the drain and the end of accepting. It must exceed the load balancer's probe period times its
    /// failure threshold. Defaults to 5 s.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Completes when requests in flight should be abandoned: `grace` after the end of accepting, or at the next signal.
    pub async fn force_after(self, grace: Duration) {
        let mut signals = self.wait().await;
        if let Ok(signal) = timeout(grace, signals.next()).await {
            tracing::info!(signal, "shutdown forced: requests in flight are abandoned");
        }
    }

    /// Waits until the server should stop accepting, and returns the signals for further waits.
    async fn wait(self) -> Signals {
        let mut signals = match Signals::listen() {
            Ok(signals) => signals,
            Err(error) => {
                tracing::error!(%error, "cannot listen for signals: there is no graceful shutdown");
                return std::future::pending().await;
            }
        };
        let signal = signals.next().await;
        tracing::info!(signal, "shutdown started");
        self.health.drain();
        if signal == SIGTERM
            && let Ok(signal) = timeout(self.delay, signals.next()).await
        {
            tracing::info!(signal, "shutdown delay skipped");
        }
        signals
    }
}

impl IntoFuture for ShutdownSignal {
    type Output = ();
    type IntoFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async {
            self.wait().await;
        })
    }
}

const SIGTERM: &str = "SIGTERM";
const SIGINT: &str = "SIGINT";

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        use std::task::Poll;
        std::future::poll_fn(|cx| {
            if self.terminate.poll_recv(cx).is_ready() {
                return Poll::Ready(SIGTERM);
            }
            self.interrupt.poll_recv(cx).map(|_| SIGINT)
        })
        .await
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "the signature on Unix")]
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        // Fails when there is no console.
        match tokio::signal::ctrl_c().await {
            Ok(()) => SIGINT,
            Err(_) => std::future::pending().await,
        }
    }
}
