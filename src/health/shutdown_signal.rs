//! `ShutdownSignal`: a graceful shutdown that ends.

use std::future::{Future, IntoFuture, pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;

use super::Health;
use super::signal_thread;
use super::signals::Signal;
use crate::error::Error;

/// Shuts a server down on SIGTERM: readiness fails at once, the server stops accepting connections after a delay, and the
/// process ends, at the latest, after a deadline.
///
/// ```no_run
/// use axum::Router;
/// use tower_vitals::{Health, Routes};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let health = Health::builder().build()?;
/// let app: Router = Router::new().merge(Routes::new().health(health.clone()));
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
/// health
///     .shutdown_signal()
///     .run(|stop| axum::serve(listener, app).with_graceful_shutdown(stop))
///     .await?;
/// // Code here runs before the process ends.
/// # Ok(()) }
/// ```
///
/// | time after SIGTERM | |
/// |---|---|
/// | 0 s | readiness fails, and load balancers learn it from their next probe (Kubernetes, "Pod Lifecycle", termination of pods) |
/// | 5 s ([`delay`](Self::delay)) | the server stops accepting connections and finishes requests in flight |
/// | 25 s ([`force_after`](Self::force_after)) | requests that have not ended, such as event streams, are abandoned, and [`run`](Self::run) returns |
/// | 30 s ([`exit_after`](Self::exit_after)) | the process exits, whatever its clients, hooks and checks do |
///
/// Kubernetes kills the process after `terminationGracePeriodSeconds`, 30 s by default: give it more than the last of these.
///
/// SIGINT (Ctrl-C) skips the delay. A second SIGTERM or SIGINT ends the process at once. On systems without SIGTERM, Ctrl-C
/// is the only signal.
///
/// After the first signal, a process normally ends because `main` returns. It may not get there: the end of a tokio runtime
/// waits for [`spawn_blocking`](tokio::task::spawn_blocking), and a handler or check can block the runtime's threads. A thread
/// of its own therefore watches the time and the second signal. It writes a warning and calls [`std::process::exit`] with 128
/// plus the number of the signal: 143 after SIGTERM, 130 after SIGINT.
///
/// From the first poll on, the signals no longer end the process by themselves, also not after this future was dropped or its
/// server ended without a signal: such a process must end itself, or create another `ShutdownSignal`.
///
/// # As a future
///
/// The signal is also a future for servers that take one, which completes when the server should stop accepting. It cannot
/// end a server that still waits for its clients, so such a process exits by the last row of the table, without running the
/// code after the server:
///
/// ```no_run
/// # use axum::Router;
/// # async fn serve(health: tower_vitals::Health, listener: tokio::net::TcpListener, app: Router) -> std::io::Result<()> {
/// axum::serve(listener, app)
///     .with_graceful_shutdown(health.shutdown_signal().into_future())
///     .await
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "futures do nothing unless polled"]
pub struct ShutdownSignal {
    health: Health,
    delay: Duration,
    force_after: Duration,
    exit_after: Duration,
}

impl Health {
    /// Returns a signal that shuts a server down: on SIGTERM, after a drain and 5 s, and within 30 s; see
    /// [`ShutdownSignal`].
    pub fn shutdown_signal(&self) -> ShutdownSignal {
        ShutdownSignal {
            health: self.clone(),
            delay: Duration::from_secs(5),
            force_after: Duration::from_secs(20),
            exit_after: Duration::from_secs(5),
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

    /// The time between the end of accepting and the deadline for requests. Defaults to 20 s, so that the deadline is 25 s
    /// after SIGTERM. [`Duration::MAX`] sets no deadline, also not for the exit.
    pub fn force_after(mut self, grace: Duration) -> Self {
        self.force_after = grace;
        self
    }

    /// The time between the deadline for requests and the exit of the process, for the code after the server and the end of
    /// the runtime. Defaults to 5 s, so that the process ends 30 s after SIGTERM at the latest. [`Duration::MAX`] never exits.
    pub fn exit_after(mut self, grace: Duration) -> Self {
        self.exit_after = grace;
        self
    }

    /// Runs a server until it has shut down, or until the deadline. `serve` gets a future that completes when the server
    /// should stop accepting connections.
    ///
    /// After the deadline for requests the server's future is dropped. Its connections end with the runtime, so return from
    /// `main`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use tower_vitals::Health;
    /// # let health = Health::builder().build()?;
    /// // Any server that takes a future, such as tonic's `serve_with_shutdown`, or a loop of your own.
    /// let served = health.shutdown_signal().run(|stop| async {
    ///     tokio::select! {
    ///         () = stop => Ok(()),
    ///         () = tokio::time::sleep(std::time::Duration::from_millis(1)) => Err("the listener failed"),
    ///     }
    /// });
    /// assert_eq!(served.await, Err("the listener failed"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The error of the server.
    pub async fn run<R, E>(
        self,
        serve: impl FnOnce(Pin<Box<dyn Future<Output = ()> + Send>>) -> R,
    ) -> Result<(), E>
    where
        R: IntoFuture<Output = Result<(), E>>,
    {
        // A signal that arrives with the first request must not end the process.
        let first = self.watch();
        let (stop, stopping) = oneshot::channel::<()>();
        let stopping = Box::pin(async move {
            // An error means that the sender was dropped, which is the signal.
            let _ = stopping.await;
        });
        let mut server = pin!(serve(stopping).into_future());
        let mut deadline = pin!(async {
            self.wait(first).await;
            drop(stop);
            sleep(self.force_after).await;
            tracing::warn!("shutdown deadline: requests in flight are abandoned");
        });
        poll_fn(|cx| match server.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => deadline.as_mut().poll(cx).map(Ok),
        })
        .await
    }

    /// Catches signals from now on. Returns `None` if that is impossible.
    fn watch(&self) -> Option<oneshot::Receiver<Signal>> {
        let delay = self.delay;
        let grace = self.force_after.saturating_add(self.exit_after);
        let watched = signal_thread::watch(move |first| first.delay(delay).saturating_add(grace));
        let log = |error: &Error| {
            tracing::error!(%error, "cannot listen for signals: there is no graceful shutdown");
        };
        watched.inspect_err(log).ok()
    }

    /// Waits until the server should stop accepting.
    async fn wait(&self, first: Option<oneshot::Receiver<Signal>>) {
        let Some(first) = first else {
            return pending().await;
        };
        let Ok(signal) = first.await else {
            // The thread ends only after the signal.
            return pending().await;
        };
        tracing::info!(%signal, "shutdown started: a second signal ends the process at once");
        self.health.drain();
        sleep(signal.delay(self.delay)).await;
    }
}

impl Signal {
    /// Nobody waits for load balancers after Ctrl-C.
    fn delay(self, delay: Duration) -> Duration {
        match self {
            Self::Terminate => delay,
            Self::Interrupt => Duration::ZERO,
        }
    }
}

impl IntoFuture for ShutdownSignal {
    type Output = ();
    type IntoFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.wait(self.watch()).await })
    }
}
