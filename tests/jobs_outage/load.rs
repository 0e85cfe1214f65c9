//! A load of jobs that run with and without their store.
#![allow(unreachable_pub, reason = "only this test uses it")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{interval, sleep};
use tower_vitals::jobs::{Job, Jobs, RunStatus, Uuid};

use crate::until;

pub const LOAD: Job = Job::named("load");

/// Together they run 500 jobs a second.
const TASKS: usize = 10;
const EVERY: Duration = Duration::from_millis(20);

/// Records how each run ended, in the order of the ends.
pub struct Load {
    ended: Arc<Mutex<Vec<(Uuid, RunStatus)>>>,
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Load {
    pub fn start(jobs: &Jobs) -> Self {
        let (ended, stop) = (Arc::default(), Arc::default());
        let tasks = (0..TASKS).map(|_| {
            let work = work(jobs.clone(), Arc::clone(&ended), Arc::clone(&stop));
            tokio::spawn(work)
        });
        let tasks = tasks.collect();
        Self { ended, stop, tasks }
    }

    pub fn ended(&self) -> usize {
        self.ended.lock().unwrap().len()
    }

    /// Waits until `count` more runs have ended.
    pub async fn wait_for(&self, count: usize) {
        let target = self.ended() + count;
        let what = format!("{count} more runs have ended");
        until(&what, async || self.ended() >= target).await;
    }

    pub async fn stop(self) -> Vec<(Uuid, RunStatus)> {
        self.stop.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.unwrap();
        }
        std::mem::take(&mut self.ended.lock().unwrap())
    }
}

/// One run in ten fails. Each returns its own output in every state of the store.
async fn work(jobs: Jobs, ended: Arc<Mutex<Vec<(Uuid, RunStatus)>>>, stop: Arc<AtomicBool>) {
    let mut times = interval(EVERY);
    for n in 0_usize.. {
        times.tick().await;
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let (expected, status) = match n % 10 {
            0 => (Err(n), RunStatus::Failed),
            _ => (Ok(n), RunStatus::Success),
        };
        let mut id = None;
        let run = jobs.monitor_with(LOAD, |run| {
            id = Some(run.id());
            async move {
                sleep(Duration::from_millis(5)).await;
                expected
            }
        });
        assert_eq!(run.await, expected);
        ended.lock().unwrap().push((id.unwrap(), status));
    }
}
