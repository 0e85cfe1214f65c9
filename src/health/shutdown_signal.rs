//! `ShutdownSignal`: a graceful shutdown that ends.

use std::future::{Future, IntoFuture, poll_fn};
use std::pin::{Pin, pin};
use std::process;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::Health;
use super::signals::{Signal, Signals};
use crate::thread;

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
/// | 30 s ([`force_after`](Self::force_after)) | requests that have not ended, such as event streams, are abandoned |
///
/// Kubernetes kills the process after `terminationGracePeriodSeconds`, 30 s by default: give it more than the deadline.
///
/// SIGINT (Ctrl-C) skips the delay. A second SIGTERM or SIGINT ends the process at once, by [`std::process::exit`] with 128
/// plus the signal's number: 143 after SIGTERM, 130 after SIGINT. It is watched on a thread of its own, so it also ends a
/// process whose runtime hangs. On systems without SIGTERM, Ctrl-C is the only signal.
///
/// # As a future
///
/// The signal is also a future for servers that take one, which completes when the server should stop accepting. It cannot
/// end a server that still waits for its clients, so the process exits at the deadline, with the code of the first signal
/// and without running the code after the server:
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
}

impl Health {
    /// Returns a signal that shuts a server down: on SIGTERM, after a drain and 5 s, and with a deadline of 30 s; see
    /// [`ShutdownSignal`].
    pub fn shutdown_signal(&self) -> ShutdownSignal {
        ShutdownSignal {
            health: self.clone(),
            delay: Duration::from_secs(5),
            force_after: Duration::from_secs(25),
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

    /// The time between the end of accepting and the deadline. Defaults to 25 s, so that the deadline is 30 s after SIGTERM.
    /// [`Duration::MAX`] sets no deadline.
    pub fn force_after(mut self, grace: Duration) -> Self {
        self.force_after = grace;
        self
    }

    /// Runs a server until it has shut down, or until the deadline. `serve` gets a future that completes when the server
    /// should stop accepting connections.
    ///
    /// After the deadline the server's future is dropped. Its connections end with the runtime, so return from `main`.
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
        let (stop, stopping) = oneshot::channel::<()>();
        let stopping = Box::pin(async move {
            // An error means that the sender was dropped, which is the signal.
            let _ = stopping.await;
        });
        let mut server = pin!(serve(stopping).into_future());
        let mut deadline = pin!(async {
            self.wait(Duration::MAX).await;
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

    /// Waits until the server should stop accepting. The process exits at a second signal, or this long after that.
    async fn wait(&self, exit_after: Duration) {
        let mut signals = match Signals::listen() {
            Ok(signals) => signals,
            Err(error) => {
                tracing::error!(%error, "cannot listen for signals: there is no graceful shutdown");
                return std::future::pending().await;
            }
        };
        let signal = signals.next().await;
        tracing::info!(%signal, "shutdown started: a second signal ends the process at once");
        self.health.drain();
        let delay = match signal {
            Signal::Terminate => self.delay,
            Signal::Interrupt => Duration::ZERO,
        };
        exit_later(signal, signals, delay.saturating_add(exit_after));
        sleep(delay).await;
    }
}

/// Exits at the next signal, or after the deadline. A thread waits for both, because the service's runtime may hang.
fn exit_later(first: Signal, mut signals: Signals, deadline: Duration) {
    let wait = move || {
        let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return tracing::error!(%error, NO_EXIT),
        };
        let second = runtime.block_on(async { timeout(deadline, signals.next()).await });
        if let Ok(signal) = second {
            tracing::warn!(%signal, "shutdown forced: the process exits");
        } else {
            tracing::warn!("shutdown deadline: the process exits");
        }
        process::exit(second.unwrap_or(first).exit_code());
    };
    if let Err(error) = thread::spawn("vitals-shutdown", wait) {
        tracing::error!(%error, NO_EXIT);
    }
}

const NO_EXIT: &str = "a second signal will not end the process";

impl IntoFuture for ShutdownSignal {
    type Output = ();
    type IntoFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.wait(self.force_after).await })
    }
}
