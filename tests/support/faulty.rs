//! A history in memory that yields to other tasks, and fails on demand.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use tower_vitals::jobs::MemoryHistory;
use tower_vitals::jobs::store::{
    BoxFuture, Error, JobStates, JobStats, Problem, ProblemStore, Registration, Retention,
    RunQuery, RunRecord, RunStore, Uuid,
};

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It succeeds.
    None,
    /// It fails and changes nothing.
    Down,
    /// It is done, but its response is lost.
    LosesAnswer,
    /// It panics before it returns a future.
    Panics,
    /// Its future panics with a value whose drop panics.
    PanicsWithBomb,
    /// Its future never ends, and panics when it is dropped.
    PanicsInDrop,
    /// Its error's text panics.
    PanicsInText,
    /// It waits until this time.
    Until(Instant),
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "in a drop");
    }
}

/// An error whose text panics.
#[derive(Debug)]
struct Unprintable;

impl fmt::Display for Unprintable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("in a text")
    }
}

impl std::error::Error for Unprintable {}

type Choose = dyn Fn(&'static str) -> Fault + Send;

/// Clones share their runs and their faults.
#[derive(Clone)]
pub struct Faulty {
    pub memory: MemoryHistory,
    choose: Arc<Mutex<Box<Choose>>>,
    asked: Arc<AtomicUsize>,
}

impl Faulty {
    /// Fails nothing at first.
    pub fn new(memory: &MemoryHistory) -> Self {
        Self {
            memory: memory.clone(),
            choose: Arc::new(Mutex::new(Box::new(|_| Fault::None))),
            asked: Arc::default(),
        }
    }

    /// Chooses the fault of each call from now on, by the method's name.
    pub fn fail(&self, choose: impl Fn(&'static str) -> Fault + Send + 'static) {
        *self.choose.lock().unwrap() = Box::new(choose);
    }

    /// The number of calls.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn call<'a, T, F>(
        &'a self,
        name: &'static str,
        call: impl FnOnce() -> F + Send + 'a,
    ) -> BoxFuture<'a, Result<T, Error>>
    where
        T: Send + 'a,
        F: Future<Output = Result<T, Error>> + Send + 'a,
    {
        let fault = (self.choose.lock().unwrap())(name);
        assert_ne!(fault, Fault::Panics, "on demand");
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            if let Fault::Until(then) = fault {
                tokio::time::sleep_until(then).await;
            }
            match fault {
                Fault::PanicsWithBomb => std::panic::panic_any(Bomb),
                Fault::PanicsInDrop => {
                    let _bomb = Bomb;
                    let () = std::future::pending().await;
                }
                Fault::PanicsInText => return Err(Error::external("text", Unprintable)),
                _ => {}
            }
            if fault == Fault::Down {
                return Err(Error::external(
                    "down",
                    io::Error::other("no route to redis://:planted@host"),
                ));
            }
            tokio::task::yield_now().await;
            let response = call().await;
            tokio::task::yield_now().await;
            if fault == Fault::LosesAnswer {
                return Err(Error::external(
                    "no answer",
                    io::Error::other("the connection is gone"),
                ));
            }
            response
        })
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faulty").finish_non_exhaustive()
    }
}

impl RunStore for Faulty {
    fn prepare(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.call("prepare", || self.memory.prepare())
    }
    fn register<'a>(&'a self, jobs: &'a [Registration]) -> BoxFuture<'a, Result<(), Error>> {
        self.call("register", || self.memory.register(jobs))
    }
    fn write<'a>(
        &'a self,
        runs: &'a [RunRecord],
        lease: Duration,
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.call("write", move || self.memory.write(runs, lease))
    }
    fn renew<'a>(
        &'a self,
        runs: &'a [Uuid],
        lease: Duration,
    ) -> BoxFuture<'a, Result<SystemTime, Error>> {
        self.call("renew", move || self.memory.renew(runs, lease))
    }
    fn reap(&self, by: SystemTime) -> BoxFuture<'_, Result<Vec<RunRecord>, Error>> {
        self.call("reap", move || self.memory.reap(by))
    }
    fn runs<'a>(&'a self, query: &'a RunQuery) -> BoxFuture<'a, Result<Vec<RunRecord>, Error>> {
        self.call("runs", || self.memory.runs(query))
    }
    fn stats<'a>(&'a self, job_name: &'a str) -> BoxFuture<'a, Result<Option<JobStats>, Error>> {
        self.call("stats", || self.memory.stats(job_name))
    }
    fn last_runs(&self) -> BoxFuture<'_, Result<Vec<RunRecord>, Error>> {
        self.call("last_runs", || self.memory.last_runs())
    }
    fn job_states(&self) -> BoxFuture<'_, Result<JobStates, Error>> {
        self.call("job_states", || self.memory.job_states())
    }
    fn prune<'a>(
        &'a self,
        retention: &'a Retention,
        most: usize,
    ) -> BoxFuture<'a, Result<usize, Error>> {
        self.call("prune", move || self.memory.prune(retention, most))
    }
}

impl ProblemStore for Faulty {
    fn problems(&self) -> BoxFuture<'_, Result<Vec<Problem>, Error>> {
        self.call("problems", || self.memory.problems())
    }
    fn report<'a>(
        &'a self,
        problem: &'a Problem,
        seen: SystemTime,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        self.call("report", move || self.memory.report(problem, seen))
    }
    fn resolve<'a>(
        &'a self,
        problem: &'a Problem,
        caller: Uuid,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        self.call("resolve", move || self.memory.resolve(problem, caller))
    }
}
