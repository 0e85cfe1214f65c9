//! `PushTask`: pushes at an interval and once at the end.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::gateway::Pushgateway;
use crate::error::Error;
use crate::exporter::prometheus::Prometheus;
use crate::outage::{Outage, Transition};

impl Pushgateway {
    /// Starts a task on the current tokio runtime that [pushes](Self::push) one interval from now, and again one
    /// interval after each push has ended.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for an interval of zero, or outside a tokio runtime.
    pub fn push_every(
        &self,
        interval: Duration,
        prometheus: &Prometheus,
    ) -> Result<PushTask, Error> {
        if interval.is_zero() {
            return Err(Error::invalid(
                "push interval is zero: any longer interval is allowed, 15 s is common",
            ));
        }
        let runtime = Handle::try_current().map_err(|error| {
            Error::invalid("push_every needs a tokio runtime: call it within one")
                .with_source(error)
        })?;
        let (gateway, prometheus) = (self.clone(), prometheus.clone());
        let (stop, stopped) = oneshot::channel();
        let task = runtime.spawn(run(gateway.clone(), prometheus.clone(), interval, stopped));
        Ok(PushTask {
            gateway,
            prometheus,
            stop,
            task,
        })
    }
}

/// The task started by [`Pushgateway::push_every`].
///
/// Call [`finish`](Self::finish) when the job ends, to push what was recorded since the last interval.
///
/// ```no_run
/// # async fn import() {}
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// use std::time::Duration;
/// use tower_vitals::{Prometheus, exporter::Pushgateway};
///
/// let prometheus = Prometheus::install()?;
/// let gateway = Pushgateway::new("http://pushgateway:9091", "nightly_import")?;
/// let pushes = gateway.push_every(Duration::from_secs(15), &prometheus)?;
/// import().await;
/// pushes.finish().await?;
/// # Ok(()) }
/// ```
///
/// A service pushes last, after it has answered its last request:
///
/// ```no_run
/// # #[cfg(feature = "axum")]
/// # async fn serve(
/// #     signal: impl Future<Output = ()>,
/// #     server: tower_vitals::routes::Server,
/// #     pushes: tower_vitals::exporter::PushTask,
/// # ) -> Result<(), tower_vitals::Error> {
/// server.until(signal).await;
/// pushes.finish().await?;
/// # Ok(()) }
/// ```
///
/// A failed push does not end the task. The first failure is logged as a warning, and the next success as information, at
/// most once a minute; `left_out` counts the changes that were not logged.
/// Dropping the `PushTask` stops the task without a final push; a push in progress is completed.
#[derive(Debug)]
#[must_use = "dropping it stops the task without a final push"]
pub struct PushTask {
    gateway: Pushgateway,
    prometheus: Prometheus,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl PushTask {
    /// Stops the task and pushes a final time. Waits for a push in progress first, so that it cannot arrive last, and
    /// takes at most twice the [`timeout`](crate::exporter::PushgatewayBuilder::timeout).
    ///
    /// # Errors
    ///
    /// The errors of [`Pushgateway::push`], if the final push fails.
    pub async fn finish(self) -> Result<(), Error> {
        drop(self.stop);
        // The final push is due even if the task panicked.
        let _ = self.task.await;
        self.gateway.push(&self.prometheus).await
    }
}

/// Runs until the sender of `stopped` is dropped.
async fn run(
    gateway: Pushgateway,
    prometheus: Prometheus,
    interval: Duration,
    mut stopped: oneshot::Receiver<()>,
) {
    let outage = Outage::default();
    while timeout(interval, &mut stopped).await.is_err() {
        let pushed = gateway.push(&prometheus).await;
        match (outage.update(pushed.is_err()), pushed) {
            (Some(Transition::Started), Err(error)) => {
                let left_out = outage.left_out();
                tracing::warn!(%error, left_out, "metrics cannot be pushed; retrying at the next interval");
            }
            (Some(Transition::Ended), _) => {
                tracing::info!(gateway = %gateway.group, "metrics are pushed again");
            }
            _ => {}
        }
    }
}
