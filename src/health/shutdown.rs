//! `GracefulShutdown`: from the signal to the moment to stop accepting.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use tokio::time::timeout;

use super::Health;

/// The moment to stop accepting: a future that waits for SIGTERM, then drains, then waits until balancers have seen it.
///
/// A balancer learns from its next probe that an instance is leaving. Until then it sends requests, so the listener must
/// stay open; only afterwards may it close (Kubernetes, "Pod Lifecycle", termination of pods).
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
///     .with_graceful_shutdown(health.graceful_shutdown().into_future())
///     .await?;
/// # Ok(()) }
/// ```
///
/// SIGINT (Ctrl-C) drains and stops accepting at once, and so does any of the two signals while it waits. On systems
/// without SIGTERM, Ctrl-C is the only signal.
///
/// From the first poll on, neither signal ends the process by itself any more, and a server lets requests under way finish
/// however long they take: a stream of events never does. [`overdue`](Self::overdue) is the moment to leave them:
///
/// ```no_run
/// # use axum::Router;
/// # use std::time::Duration;
/// # async fn serve(health: tower_vitals::Health, listener: tokio::net::TcpListener, app: Router) -> std::io::Result<()> {
/// let shutdown = health.graceful_shutdown();
/// let server = axum::serve(listener, app).with_graceful_shutdown(shutdown.clone().into_future());
/// tokio::select! {
///     served = server => served,
///     () = shutdown.overdue(Duration::from_secs(20)) => Ok(()),
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a future waits for nothing before it is awaited"]
pub struct GracefulShutdown {
    health: Health,
    delay: Duration,
}

impl Health {
    /// The moment to stop accepting, after SIGTERM, a drain and 5 s; see [`GracefulShutdown`].
    pub fn graceful_shutdown(&self) -> GracefulShutdown {
        GracefulShutdown {
            health: self.clone(),
            delay: Duration::from_secs(5),
        }
    }
}

impl GracefulShutdown {
    /// How long the listener stays open after the drain began: longer than a balancer's probes are apart, times the
    /// failures it takes to believe them. Defaults to 5 s.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The moment to leave what is still under way: `grace` after the moment to stop accepting, or at any signal after it.
    pub async fn overdue(self, grace: Duration) {
        let mut signals = self.begun().await;
        if let Ok(signal) = timeout(grace, signals.next()).await {
            tracing::info!(signal, "once more: what is under way is left");
        }
    }

    /// Until the moment to stop accepting.
    async fn begun(self) -> Signals {
        let mut signals = match Signals::listen() {
            Ok(signals) => signals,
            Err(error) => {
                tracing::error!(%error, "cannot listen for SIGTERM: no graceful shutdown");
                return std::future::pending().await;
            }
        };
        let signal = signals.next().await;
        tracing::info!(signal, "shutdown begins");
        self.health.drain();
        if signal == SIGTERM
            && let Ok(signal) = timeout(self.delay, signals.next()).await
        {
            tracing::info!(signal, "again: no more waiting");
        }
        signals
    }
}

impl IntoFuture for GracefulShutdown {
    type Output = ();
    type IntoFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async {
            self.begun().await;
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
    #[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        // An error is that there is no console to be interrupted from.
        match tokio::signal::ctrl_c().await {
            Ok(()) => SIGINT,
            Err(_) => std::future::pending().await,
        }
    }
}
