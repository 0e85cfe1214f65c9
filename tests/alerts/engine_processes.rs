//! Three processes whose clocks are ten minutes apart share one PostgreSQL. The one that tells of shared alerts is killed or paused,
//! and comes back. This binary starts itself as the service.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver as Answers, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use metrics::{Key, Metadata, Recorder};
use parking_lot::Mutex;
use tower_vitals::Prometheus;
use tower_vitals::alerts::channels::{Channel, DeliveryError, Notification};
use tower_vitals::alerts::state::AlertId;
use tower_vitals::alerts::stores::{
    AlertStore, DeliveryResult, Event, HistoryQuery, PostgresAlerts,
};
use tower_vitals::alerts::{Alerts, Labels, Receiver, Rule, Rules, Scope, Signal};

use crate::support::env;

const URL: &str = "ENGINE_PROCESSES_URL";
const INSTANCE: &str = "ENGINE_PROCESSES_INSTANCE";
const METRIC: &str = "database_connections";
const LEASE: Duration = Duration::from_secs(15);

/// Prints the alerts that are sent.
struct Printed;

impl Channel for Printed {
    fn kind(&self) -> &'static str {
        "printed"
    }

    fn send<'a>(&'a self, sent: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        for alert in &sent.alerts {
            let state = if alert.is_firing { "fires" } else { "resolved" };
            println!("\ntold {} {state}", alert.name);
        }
        Box::pin(async { Ok(()) })
    }
}

fn shared() -> AlertId {
    AlertId::of("Everywhere", &Labels::new())
}

/// The service, in a process of its own, which answers each line of its input with one line. A run without the variable, as
/// one of the tests, does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn service() {
    let Ok(url) = std::env::var(URL) else { return };
    let prometheus = Prometheus::builder().build().unwrap();
    let metadata = Metadata::new("test", metrics::Level::INFO, None);
    let gauge = prometheus.register_gauge(&Key::from_name(METRIC), &metadata);
    gauge.set(20.0);
    let rule = |name: &str| Rule::new(name, Signal::value(METRIC)).gt(10.0);
    let rules = Rules::builder()
        .rule(rule("Everywhere").scope(Scope::Shared))
        .rule(rule("Here").scope(Scope::Instance));
    let receiver = Receiver::from(Printed)
        .group_wait(Duration::ZERO)
        .group_interval(Duration::from_secs(1))
        .cooldown(Duration::ZERO);
    let alerts = Alerts::builder()
        .metrics(prometheus.clone())
        .rules(rules)
        .channel(receiver)
        .store(PostgresAlerts::url(&url).unwrap())
        .interval(Duration::from_secs(1))
        .settle(Duration::ZERO)
        .instance(std::env::var(INSTANCE).unwrap());
    let alerts = alerts.run().unwrap();
    let read = || tokio::task::spawn_blocking(|| std::io::stdin().lines().next());
    while let Some(Ok(line)) = read().await.unwrap() {
        let answer = match &*line {
            "now" => seconds(SystemTime::now()).to_string(),
            "holds" => alerts.knows(shared()).to_string(),
            "evaluated" => {
                evaluated_twice(&alerts).await;
                String::new()
            }
            "acknowledge" => match alerts.acknowledge(shared(), "ann", None).await {
                Ok(acted) => format!("{acted:?}"),
                Err(error) => error.to_string(),
            },
            "acknowledged" => {
                let mut views = alerts.alerts().into_iter();
                let view = views.find(|view| view.id == shared());
                view.and_then(|view| view.acknowledged)
                    .map_or(String::new(), |act| act.by)
            }
            value => {
                gauge.set(value.parse::<f64>().unwrap());
                String::new()
            }
        };
        println!("\nanswer {answer}");
    }
}

/// Waits for two evaluations, the second of which began after the call.
async fn evaluated_twice(alerts: &Alerts) {
    for _ in 0..2 {
        let last = alerts.stats().last_evaluation;
        crate::support::until("the rules are evaluated", async || {
            let now = alerts.stats().last_evaluation;
            now.is_some() && now != last
        })
        .await;
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// All that the instances told: `Everywhere fires shop-0`.
type Told = Arc<Mutex<Vec<String>>>;

struct Instance {
    process: Child,
    stdin: ChildStdin,
    answers: Answers<String>,
}

impl Instance {
    /// Its clock is so many times ten minutes ahead. The monotonic clock stays right.
    fn start(number: u64, url: &str, told: &Told) -> Self {
        let library = env("VITALS_FAKETIME");
        assert!(
            std::fs::exists(&library).unwrap(),
            "libfaketime is not available at {library:?}: the Debian package libfaketime has it"
        );
        let name = format!("shop-{number}");
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "engine_processes::service", "--nocapture"])
            .env(URL, url)
            .env(INSTANCE, &name)
            .env("LD_PRELOAD", library)
            .env("FAKETIME", format!("+{}m", 10 * number))
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdout, (sender, answers)) = (process.stdout.take().unwrap(), channel());
        let told = Arc::clone(told);
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(answer) = line.strip_prefix("answer ") {
                    let _ = sender.send(answer.to_owned());
                } else if let Some(alert) = line.strip_prefix("told ") {
                    told.lock().push(format!("{alert} {name}"));
                }
            }
        });
        let mut instance = Self {
            stdin: process.stdin.take().unwrap(),
            process,
            answers,
        };
        let faked: u64 = instance.ask("now").parse().unwrap();
        let expected = seconds(SystemTime::now()) + 600 * number;
        assert!(faked.abs_diff(expected) < 60, "libfaketime has no effect");
        instance
    }

    fn ask(&mut self, question: &str) -> String {
        writeln!(self.stdin, "{question}").unwrap();
        let answer = self.answers.recv_timeout(Duration::from_secs(30));
        answer.unwrap_or_else(|_| panic!("no answer to {question}"))
    }

    fn signal(&self, signal: &str) {
        let id = self.process.id().to_string();
        let status = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(status.success());
    }

    fn holds_shared(&mut self) -> bool {
        self.ask("holds") == "true"
    }
}

impl Drop for Instance {
    /// SIGKILL.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        // libfaketime leaves these files behind when its process is killed.
        for kind in ["faketime_shm", "sem.faketime_sem"] {
            let _ = std::fs::remove_file(format!("/dev/shm/{kind}_{}", self.process.id()));
        }
    }
}

/// What was told of an alert, sorted.
fn all(told: &Told, alert: &str) -> Vec<String> {
    let told = told.lock();
    let own = told.iter().filter_map(|told| told.strip_prefix(alert));
    let mut own: Vec<_> = own.map(|instance| instance.trim().to_owned()).collect();
    own.sort();
    own
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < deadline, "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The instance of the first number tells of shared alerts, and is killed or paused. Returns what was told.
fn one_is_gone(numbers: [u64; 3], signal: &str, url: &str) -> Told {
    let told = Told::default();
    let gone = format!("shop-{}", numbers[0]);
    let mut instances = Vec::new();
    for number in numbers {
        let mut instance = Instance::start(number, url, &told);
        let is_first = instances.is_empty();
        until("it has its own alerts", || {
            all(&told, "Here fires").contains(&format!("shop-{number}"))
        });
        if is_first {
            until("it holds the shared alerts", || instance.holds_shared());
        }
        instances.push(instance);
    }
    until("the shared alert is told", || {
        !all(&told, "Everywhere fires").is_empty()
    });
    for instance in &mut instances {
        instance.ask("evaluated");
    }
    assert_eq!(all(&told, "Everywhere fires"), [&*gone]);
    assert_eq!(instances[1].ask("acknowledge"), "Forwarded");
    until("the holder acknowledges the alert", || {
        instances[0].ask("acknowledged") == "ann"
    });

    // While it holds the lease.
    assert!(instances[0].holds_shared());
    instances[0].signal(signal);
    let first = instances.remove(0);
    let since = Instant::now();
    until("another instance takes over", || {
        instances.iter_mut().any(Instance::holds_shared)
    });
    let took = since.elapsed();
    // The others ask for the lease at each of their ticks. They see at once that a process of their machine has ended, but only by
    // the end of its lease that one pauses.
    let earliest = if signal == "-STOP" {
        LEASE / 2
    } else {
        Duration::ZERO
    };
    let range = earliest..LEASE + Duration::from_secs(10);
    assert!(range.contains(&took), "{took:?}");
    let heir = instances
        .iter_mut()
        .position(Instance::holds_shared)
        .unwrap();
    // A holder that is killed before its commit leaves the act in the store. The heir does it at its next evaluation.
    until("the heir knows of the acknowledgement", || {
        instances[heir].ask("acknowledged") == "ann"
    });

    // It comes back, with its own alert, which it told before.
    if signal == "-STOP" {
        first.signal("-CONT");
        instances.push(first);
    } else {
        drop(first);
        instances.push(Instance::start(numbers[0], url, &told));
    }
    for instance in &mut instances {
        instance.ask("evaluated");
    }
    let holders = instances.iter_mut().map(Instance::holds_shared);
    let holders: Vec<_> = holders.collect();
    let expected: Vec<_> = (0..3).map(|index| index == heir).collect();
    assert_eq!(holders, expected);
    assert_eq!(all(&told, "Everywhere fires"), [gone]);
    assert_eq!(all(&told, "Here fires"), ["shop-0", "shop-1", "shop-2"]);

    for instance in &mut instances {
        instance.ask("1");
    }
    until("the ends are told", || {
        all(&told, "Here resolved").len() == 3 && !all(&told, "Everywhere resolved").is_empty()
    });
    for instance in &mut instances {
        instance.ask("evaluated");
    }
    told
}

async fn a_shared_alert_is_told_once(name: &str, numbers: [u64; 3], signal: &str) {
    let database = crate::stores::Database::new(name).await;
    let url = database.url();
    let told = tokio::task::block_in_place(|| one_is_gone(numbers, signal, &url));
    assert_eq!(all(&told, "Everywhere resolved").len(), 1);
    assert_eq!(all(&told, "Here resolved"), ["shop-0", "shop-1", "shop-2"]);
    assert_eq!(told.lock().len(), 8, "{told:?}");
    let mut query = HistoryQuery::latest(100);
    query.ledger = Some("shared".to_owned());
    let store = PostgresAlerts::url(&url).unwrap();
    let page = store.history(&query).await.unwrap();
    let events = page.events.iter().rev().filter_map(|event| match event {
        Event::Transition(it) => Some(format!("{} > {}", it.from, it.to)),
        Event::Notification(it) => {
            assert_eq!(it.result, DeliveryResult::Delivered);
            Some("told".to_owned())
        }
        _ => None,
    });
    let mut events: Vec<_> = events.collect();
    // The times of the heir may be before those of the first one.
    events.sort();
    let expected = [
        "firing > firing",
        "firing > resolved",
        "inactive > firing",
        "told",
        "told",
    ];
    assert_eq!(events, expected);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL and libfaketime: tests/run"]
async fn an_instance_that_was_ahead_is_killed() {
    a_shared_alert_is_told_once("engine_ahead", [2, 1, 0], "-KILL").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL and libfaketime: tests/run"]
async fn an_instance_that_was_behind_is_killed() {
    a_shared_alert_is_told_once("engine_behind", [0, 1, 2], "-KILL").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL and libfaketime: tests/run"]
async fn an_instance_that_was_ahead_is_paused() {
    a_shared_alert_is_told_once("engine_paused", [2, 1, 0], "-STOP").await;
}
