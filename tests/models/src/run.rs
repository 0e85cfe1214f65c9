use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::cells::{own_cells, thread_slot};

/// Checks all executions of `model`, with at most `preemptions` switches away from a thread that could go on.
pub fn run(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let executions = Arc::new(AtomicU64::new(0));
    let ran = Arc::clone(&executions);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 10_000;
    builder.check(move || {
        ran.fetch_add(1, Relaxed);
        thread_slot::reset();
        own_cells::reset();
        model();
    });
    println!("{} executions", executions.load(Relaxed));
}
