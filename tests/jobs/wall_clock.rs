//! The wall clock of a real process is set ahead and back by an hour, by libfaketime: this binary starts itself as a service.

use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tower_vitals::jobs::{Job, Jobs, RunQuery, RunRecord};

use crate::history::File;
use crate::support::{env, until};

const INTERVAL: Job = Job::named("interval")
    .every(Duration::from_mins(10))
    .grace(Duration::from_secs(1));
const CRON: Job = Job::named("cron")
    .cron("0 * * * *", "UTC")
    .grace(Duration::from_secs(1));
/// Runs during all steps.
const LONG: Job = Job::named("long");

/// The file of the history.
const DB: &str = "WALL_CLOCK_TEST_DB";

/// The service, in a process of its own, which answers each line of its input with one line. A run without the variable, as
/// one of the tests, does nothing.
#[tokio::test]
async fn service() {
    let Ok(db) = std::env::var(DB) else { return };
    let builder = Jobs::builder().job(INTERVAL).job(CRON).job(LONG);
    let builder = builder.history(File(db.into()).history());
    let jobs = builder.lease(Duration::from_secs(1)).run().unwrap();
    let mut changes = jobs.subscribe();
    let mut seen: Vec<String> = Vec::new();
    let mut long = None;
    println!("\nready");
    let read = || tokio::task::spawn_blocking(|| std::io::stdin().lines().next());
    while let Some(line) = read().await.unwrap() {
        let line = line.unwrap();
        let answer = match &*line {
            "now" => seconds(SystemTime::now()).to_string(),
            "begin" => {
                long = Some(jobs.start(LONG));
                String::new()
            }
            "end" => {
                long.take().unwrap().finish();
                String::new()
            }
            "problems" => {
                judged_twice(&jobs).await;
                let problems = jobs.problems().into_iter();
                let problems = problems.map(|it| format!("{} is {}", it.job_name, it.kind));
                problems.collect::<Vec<_>>().join(", ")
            }
            "changes" => {
                let next = Duration::from_millis(1);
                while let Ok(Some(change)) = tokio::time::timeout(next, changes.next()).await {
                    let end = if change.is_resolved { "end" } else { "begin" };
                    let (job, kind) = (change.problem.job_name, change.problem.kind);
                    seen.push(format!("{end} of {job} is {kind}"));
                }
                seen.join(", ")
            }
            job => {
                let job = if job == "cron" { CRON } else { INTERVAL };
                let work = jobs.monitor(job, async { Ok::<_, String>(()) });
                work.await.unwrap();
                String::new()
            }
        };
        jobs.flush().await;
        println!("\nanswer {answer}");
    }
}

/// Waits for two evaluations, the second of which began after the call.
async fn judged_twice(jobs: &Jobs) {
    for _ in 0..2 {
        let last = jobs.history_status().judged_at;
        until("the jobs are judged", async || {
            let now = jobs.history_status().judged_at;
            now.is_some() && now != last
        })
        .await;
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap().as_secs()
}

struct Service {
    process: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    clock: PathBuf,
    db: File,
}

impl Service {
    /// Starts it at half past an hour.
    fn start() -> (Self, i64) {
        let library = env("VITALS_FAKETIME");
        assert!(
            fs::exists(&library).unwrap(),
            "libfaketime is not available at {library:?}: the Debian package libfaketime has it"
        );
        let db = File::new("wall-clock");
        let clock = db.0.with_extension("clock");
        let past_the_hour = i64::try_from(seconds(SystemTime::now()) % 3600).unwrap();
        let offset = 1800 - past_the_hour;
        set(&clock, offset);
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "wall_clock::service", "--nocapture"])
            .env(DB, &db.0)
            .env("LD_PRELOAD", library)
            .env("FAKETIME_TIMESTAMP_FILE", &clock)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let service = Self {
            stdin: process.stdin.take().unwrap(),
            lines: BufReader::new(process.stdout.take().unwrap()).lines(),
            process,
            clock,
            db,
        };
        (service, offset)
    }

    fn line(&mut self, prefix: &str) -> String {
        let mut lines = (&mut self.lines).map(Result::unwrap);
        let line = lines.find(|line| line.starts_with(prefix));
        line.unwrap()[prefix.len()..].to_owned()
    }

    fn ask(&mut self, question: &str) -> String {
        writeln!(self.stdin, "{question}").unwrap();
        self.line("answer ")
    }

    /// Sets the clock to this many seconds ahead of the machine's.
    fn set_clock(&mut self, offset: i64) {
        set(&self.clock, offset);
        let now = i64::try_from(seconds(SystemTime::now())).unwrap() + offset;
        let faked: i64 = self.ask("now").parse().unwrap();
        assert!((faked - now).abs() < 60, "libfaketime has no effect");
    }
}

/// In one step, because the process reads it at each look at its clock.
fn set(clock: &PathBuf, offset: i64) {
    let next = clock.with_extension("next");
    fs::write(&next, format!("{offset:+}")).unwrap();
    fs::rename(&next, clock).unwrap();
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_file(&self.clock);
        // libfaketime leaves these files behind when its process is killed.
        for kind in ["faketime_shm", "sem.faketime_sem"] {
            let _ = fs::remove_file(format!("/dev/shm/{kind}_{}", self.process.id()));
        }
    }
}

#[tokio::test]
#[ignore = "needs libfaketime: tests/run"]
async fn steps_of_the_clock_make_cron_jobs_late_and_no_interval_job() {
    let began = Instant::now();
    let (mut service, offset) = Service::start();
    service.line("ready");
    service.set_clock(offset);
    service.ask("begin");
    service.ask("interval");
    assert_eq!(service.ask("problems"), "");

    // From half past one hour to half past the next: the full hour is over without a start.
    service.set_clock(offset + 3600);
    assert_eq!(service.ask("problems"), "cron is late");
    service.ask("cron");
    assert_eq!(service.ask("problems"), "");
    service.ask("interval");
    assert_eq!(service.ask("problems"), "");

    // Back before those starts.
    service.set_clock(offset);
    assert_eq!(service.ask("problems"), "");
    for job in ["interval", "cron"] {
        service.ask(job);
        assert_eq!(service.ask("problems"), "");
    }
    service.ask("end");
    assert_eq!(
        service.ask("changes"),
        "begin of cron is late, end of cron is late"
    );
    let took = began.elapsed();

    let history = service.db.history();
    let all = pages(&history, 100).await;
    let order: Vec<_> = all.iter().map(|run| &*run.job_name).collect();
    // By the clock: those of the hour ahead first.
    assert_eq!(
        order,
        ["interval", "cron", "cron", "interval", "interval", "long"]
    );
    assert!(all.is_sorted_by(|a, b| (a.started_at, a.id) > (b.started_at, b.id)));
    assert_eq!(pages(&history, 2).await, all);
    for run in &all {
        assert_eq!(run.status.as_str(), "success", "{run:?}");
        assert!(run.duration.unwrap() <= took, "{run:?}");
        let finished = run.finished_at.unwrap().duration_since(run.started_at);
        assert!(finished.unwrap() <= took, "{run:?}");
    }
}

async fn pages(history: &impl tower_vitals::jobs::store::RunStore, limit: usize) -> Vec<RunRecord> {
    let mut query = RunQuery::new().limit(limit);
    let mut all = Vec::new();
    loop {
        let page = history.runs(&query).await.unwrap();
        let Some(last) = page.last() else { return all };
        query = query.after(last);
        all.extend(page);
    }
}
