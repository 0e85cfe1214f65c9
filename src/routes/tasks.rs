//! `/debug/tasks`: the tasks and workers of a tokio runtime.

use http::StatusCode;
use serde::Serialize;
use tokio::runtime::{Handle, RuntimeMetrics};

use super::access::Access;
use super::answer::Answer;
use super::operation::Operation;
use super::respond;
use super::routes::Routes;

const PATH: &str = "/debug/tasks";

const TASKS: Operation = Operation::new(
    "Debugging",
    "Tasks and workers of the runtime",
    &[Answer::new(
        200,
        "The figures.",
        &[("application/json", "tasks")],
    )],
);

impl Routes {
    /// Adds `/debug/tasks` (guarded), which shows the tasks and the workers of the tokio runtime of this handle.
    ///
    /// | field | meaning |
    /// |---|---|
    /// | `alive_tasks` | tasks that were spawned and have not ended |
    /// | `global_queue_depth` | tasks that are ready and that no worker has taken yet |
    /// | `workers` | each worker, in the order of its number |
    /// | `workers[].busy_seconds` | the time since the start of the runtime that the worker did not wait for work |
    /// | `workers[].is_parked` | whether the worker waits for work now |
    /// | `workers[].parks` | how often it has begun to wait |
    ///
    /// A worker whose `busy_seconds` stands still while `is_parked` is false is inside one task, which may block it: a worker
    /// counts its time when it parks. These are the figures that tokio gives without `tokio_unstable`. As metrics, summed up
    /// over the workers, they come from [`Collectors::runtime`](crate::instrument::Collectors::runtime). Of a runtime that
    /// has shut down, the last figures are shown.
    ///
    /// ```
    /// use tokio::runtime::Handle;
    /// use tower_vitals::{Routes, routes::Guard};
    ///
    /// # #[tokio::main] async fn main() {
    /// let routes = Routes::new().tasks(&Handle::current()).guard(Guard::bearer("s3cret"));
    /// # }
    /// ```
    pub fn tasks(self, runtime: &Handle) -> Self {
        let metrics = runtime.metrics();
        self.add(PATH, &TASKS, Access::Guarded, move |_| {
            let response = respond::json(StatusCode::OK, &Figures::of(&metrics));
            async { response }
        })
    }
}

#[derive(Serialize)]
struct Figures {
    alive_tasks: usize,
    global_queue_depth: usize,
    workers: Vec<Worker>,
}

#[derive(Serialize)]
struct Worker {
    busy_seconds: f64,
    is_parked: bool,
    parks: u64,
}

impl Figures {
    fn of(metrics: &RuntimeMetrics) -> Self {
        let workers = (0..metrics.num_workers()).map(|worker| Worker {
            busy_seconds: metrics.worker_total_busy_duration(worker).as_secs_f64(),
            // An odd number of parks and unparks ends with a park.
            is_parked: metrics.worker_park_unpark_count(worker) % 2 == 1,
            parks: metrics.worker_park_count(worker),
        });
        Self {
            alive_tasks: metrics.num_alive_tasks(),
            global_queue_depth: metrics.global_queue_depth(),
            workers: workers.collect(),
        }
    }
}
