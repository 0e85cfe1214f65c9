//! Jobs as a check of the service's health.

use std::future::{Ready, ready};
use std::sync::Arc;

use super::registry::Jobs;

impl Jobs {
    /// A check for [`Health`](crate::Health): an error that names what is wrong with jobs that are known here, from memory.
    ///
    /// Its failure is unhealthy; jobs that are not what the service is for only degrade it when the check is `optional`.
    ///
    #[cfg_attr(feature = "health", doc = "```")]
    #[cfg_attr(not(feature = "health"), doc = "```ignore")]
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
    /// use tower_vitals::health::Check;
    /// use tower_vitals::{Health, jobs::Jobs};
    ///
    /// let jobs = Jobs::builder().run()?;
    /// let health = Health::builder()
    ///     .check("jobs", jobs.health_check().optional())
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn health_check(
        &self,
    ) -> impl Fn() -> Ready<Result<(), String>> + Clone + Send + Sync + use<> {
        // A check keeps nothing alive.
        let inner = Arc::downgrade(&self.inner);
        move || {
            let Some(inner) = inner.upgrade() else {
                return ready(Ok(()));
            };
            let problems = inner.problems();
            let named: Vec<String> = problems
                .iter()
                .map(|problem| {
                    let kind = problem.kind.as_str().replace('_', " ");
                    format!("{} is {kind} ({})", problem.job_name, problem.message)
                })
                .collect();
            ready(if named.is_empty() {
                Ok(())
            } else {
                Err(named.join("; "))
            })
        }
    }
}
