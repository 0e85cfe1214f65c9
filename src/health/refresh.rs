//! Refreshes results for readers of the metrics.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::timeout;

use super::Health;
use super::gather::gather;

/// How long a reader waits, because it waits for a check that hangs at each reading.
const TIMEOUT: Duration = Duration::from_millis(100);

impl Health {
    /// Runs the checks whose results have expired ([`Check::cache_for`](super::Check::cache_for)), so that the metrics are
    /// current although nobody probes the service. Does nothing outside a tokio runtime.
    ///
    /// Waits for at most 100 ms. A slower run goes on, and the metrics show its result at the next reading. A
    /// [`Routes`](crate::Routes) with both metrics and health calls this before each scrape. A handler of your own does the
    /// same:
    ///
    /// ```
    /// # #[cfg(feature = "prometheus")]
    /// # async fn metrics(health: tower_vitals::Health, prometheus: tower_vitals::Prometheus) -> String {
    /// health.refresh().await;
    /// prometheus.render()
    /// # }
    /// ```
    pub async fn refresh(&self) {
        if Handle::try_current().is_ok() {
            // The wait for a report reports a check that blocks its thread, as `/health` does.
            let entries = self.state.entries();
            let _ = timeout(TIMEOUT, gather(None, false, &entries, |_| true)).await;
        }
    }

    /// Returns [`refresh`](Self::refresh) as a function for `Prometheus::on_gather`: for pushes, and for other readers
    /// without `Routes`.
    ///
    /// The function does not wait, so that no reader is blocked: results are in the next reading. It works on the runtime
    /// in which this is called, or else on that of the reader, and does not keep the `Health`.
    ///
    /// ```
    /// # #[cfg(feature = "prometheus")]
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
    /// use tower_vitals::{Health, Prometheus};
    ///
    /// let prometheus = Prometheus::builder().build()?;
    /// let health = Health::builder().check("queue", || async { true }).build()?;
    /// prometheus.on_gather(health.refresher());
    /// # Ok(()) }
    /// # #[cfg(not(feature = "prometheus"))] fn main() {}
    /// ```
    pub fn refresher(&self) -> impl Fn() + Send + Sync + 'static + use<> {
        let (state, runtime) = (Arc::downgrade(&self.state), Handle::try_current().ok());
        move || {
            let runtime = runtime.clone().or_else(|| Handle::try_current().ok());
            if let (Some(state), Some(runtime)) = (state.upgrade(), runtime) {
                let health = Self { state };
                runtime.spawn(async move { health.refresh().await });
            }
        }
    }
}
