//! Many readers of `/jobs/status` on one SQLite file keep no run from being written, and no lease from being renewed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use tokio::time::{Instant, interval, timeout};
use tower::ServiceExt;
use tower_vitals::Routes;
use tower_vitals::jobs::{Job, Jobs, RunStatus};
use tower_vitals::routes::Guard;

use crate::history::File;

const READERS: usize = 150;
const BEFORE: usize = 2_000;
const RUNS: usize = 300;
const WORK: Job = Job::named("work");
const LONG: Job = Job::named("long");

#[derive(Default)]
struct Answers {
    pages: AtomicUsize,
    busy: AtomicUsize,
}

/// Reads pages without a pause.
async fn read_on(routes: Router, stop: Arc<AtomicBool>, answers: Arc<Answers>) {
    while !stop.load(Ordering::SeqCst) {
        let request = Request::get("/jobs/status?limit=500").body(Body::empty());
        let response = routes.clone().oneshot(request.unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        match status {
            200 => answers.pages.fetch_add(1, Ordering::SeqCst),
            503 => {
                let body = String::from_utf8_lossy(&body);
                let limit = "At most 3 requests read the history of jobs at once, and this one has waited for 1s.";
                assert!(body.contains(limit), "{body}");
                answers.busy.fetch_add(1, Ordering::SeqCst)
            }
            _ => panic!("{status}"),
        };
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_of_a_file_starve_neither_writes_nor_leases() {
    let file = File::new("readers");
    let jobs = Jobs::builder()
        .history(file.history())
        .lease(Duration::from_secs(1));
    let jobs = jobs.run().unwrap();
    let run_once = async |jobs: &Jobs| {
        let work = jobs.monitor(WORK, async { Ok::<_, String>(()) });
        work.await.unwrap();
    };
    for _ in 0..BEFORE {
        run_once(&jobs).await;
    }
    jobs.flush().await;
    let long_run = jobs.start(LONG);
    let routes = Router::from(Routes::new().jobs(jobs.clone()).guard(Guard::open()));
    let (stop, answers) = (Arc::<AtomicBool>::default(), Arc::<Answers>::default());
    let readers: Vec<_> = (0..READERS)
        .map(|_| tokio::spawn(read_on(routes.clone(), stop.clone(), answers.clone())))
        .collect();

    // Three leases long.
    let mut times = interval(Duration::from_millis(10));
    for _ in 0..RUNS {
        times.tick().await;
        run_once(&jobs).await;
    }
    let began = Instant::now();
    let flushed = timeout(Duration::from_secs(20), jobs.flush()).await;
    let flushed_after = began.elapsed();
    // The last renewal may be a third of a lease ago.
    let status = jobs.history_status();
    let renewed_at = status.last_write_at.unwrap();
    let renewed_ago = renewed_at.elapsed().unwrap();
    stop.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.unwrap();
    }
    println!(
        "{} pages, {} refusals; flushed after {flushed_after:?}, {} events left; last write {renewed_ago:?} ago",
        answers.pages.load(Ordering::SeqCst),
        answers.busy.load(Ordering::SeqCst),
        status.waiting_events,
    );
    assert!(flushed.is_ok(), "{status:?}");
    assert!(flushed_after < Duration::from_secs(2), "{flushed_after:?}");
    assert!(renewed_ago < Duration::from_secs(1), "{renewed_ago:?}");
    let work = jobs.stats("work").await.unwrap().unwrap();
    let lost = work.count(RunStatus::Lost);
    assert_eq!((work.total_runs(), lost), ((BEFORE + RUNS) as u64, 0));
    let long = jobs.stats("long").await.unwrap().unwrap();
    assert_eq!((long.running, long.count(RunStatus::Lost)), (1, 0));
    long_run.finish();
    jobs.flush().await;
    assert!(answers.pages.load(Ordering::SeqCst) > 20);
}
