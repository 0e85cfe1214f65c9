//! `Pushing`: pushes at an interval, and a last one.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::Prometheus;
use super::gateway::Pushgateway;
use crate::error::Error;
use crate::outage::{Outage, Transition};

/// A running [`Pushgateway::push_every`].
///
/// What is recorded after the last interval is only pushed by [`finish`](Self::finish): call it when the job ends.
///
/// ```no_run
/// # async fn import() {}
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// use std::time::Duration;
/// use tower_vitals::{Prometheus, exporter::Pushgateway};
///
/// let prometheus = Prometheus::install()?;
/// let gateway = Pushgateway::new("http://pushgateway:9091", "nightly_import")?;
/// let pushing = gateway.push_every(Duration::from_secs(15), &prometheus)?;
/// import().await;
/// pushing.finish().await?;
/// # Ok(()) }
/// ```
///
/// A service that is told to leave pushes last of all, when its last request is answered:
///
/// ```no_run
/// # #[cfg(feature = "axum")]
/// # async fn serve(
/// #     health: tower_vitals::Health,
/// #     server: tower_vitals::routes::Server,
/// #     pushing: tower_vitals::exporter::Pushing,
/// # ) -> Result<(), tower_vitals::Error> {
/// server.until(health.shutdown_signal()).await;
/// pushing.finish().await?;
/// # Ok(()) }
/// ```
///
/// A push that fails ends nothing: it is logged as a warning once when pushes begin to fail, and once more, as
/// information, when one works again. Dropped, it stops without a last push; one that is under way goes on to its end.
#[derive(Debug)]
#[must_use = "pushes stop when it is dropped, without a last one"]
pub struct Pushing {
    gateway: Pushgateway,
    prometheus: Prometheus,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Pushing {
    pub(super) fn start(
        gateway: Pushgateway,
        prometheus: Prometheus,
        interval: Duration,
    ) -> Result<Self, Error> {
        if interval.is_zero() {
            return Err(Error::invalid(
                "the interval of pushes is zero: anything longer is allowed, 15 s is usual",
            ));
        }
        let runtime = Handle::try_current().map_err(|error| {
            Error::invalid("pushes at an interval need a tokio runtime: start them within one")
                .with_source(error)
        })?;
        let (stop, stopped) = oneshot::channel();
        let task = runtime.spawn(run(gateway.clone(), prometheus.clone(), interval, stopped));
        Ok(Self {
            gateway,
            prometheus,
            stop,
            task,
        })
    }

    /// Stops the task and pushes a last time. A push that is under way ends first, lest it arrive after the last: so this
    /// takes at most twice the [`timeout`](Pushgateway::timeout).
    ///
    /// # Errors
    ///
    /// As of [`Pushgateway::push`], if the last one failed.
    pub async fn finish(self) -> Result<(), Error> {
        drop(self.stop);
        // Whatever ended the task, the last push is due.
        let _ = self.task.await;
        self.gateway.push(&self.prometheus).await
    }
}

/// Until the sender is dropped.
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
                tracing::warn!(%error, "metrics cannot be pushed; retrying");
            }
            (Some(Transition::Ended), _) => {
                tracing::info!(gateway = gateway.shown(), "metrics are pushed again");
            }
            _ => {}
        }
    }
}
