//! A real collector that is down for a real minute.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::{JoinHandle, JoinSet, block_in_place};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::collector::until_each;
use crate::own_rotel::OwnRotel;
use crate::rotel::{READING, logged};
use crate::service::{Caller, Service};
use crate::support::request;

const MINUTE: Duration = Duration::from_secs(60);
const MIB: u64 = 1024 * 1024;

/// A request that was answered: when it began, its duration and its trace.
type Answered = (Instant, Duration, String);

/// Asks a service a hundred times a second until the flag is set. Each request must be answered.
async fn load(address: String, is_over: Arc<AtomicBool>) -> Vec<Answered> {
    let mut callers = JoinSet::new();
    for _ in 0..4 {
        let (caller, is_over) = (Caller::new(&address), Arc::clone(&is_over));
        callers.spawn(async move {
            let mut ticks = interval(Duration::from_millis(40));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut answered = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                ticks.tick().await;
                let started = Instant::now();
                let trace = timeout(Duration::from_secs(5), caller.ask("/orders")).await;
                let trace = trace.expect("an answer in time").expect("an answer");
                answered.push((started, started.elapsed(), trace));
            }
            answered
        });
    }
    callers.join_all().await.concat()
}

/// The 99th percentile of the requests that began in this time.
fn p99(answered: &[Answered], from: Instant, to: Instant) -> Duration {
    let times = answered.iter().filter(|(at, ..)| (from..to).contains(at));
    let mut times: Vec<_> = times.map(|(_, took, _)| *took).collect();
    times.sort();
    times[times.len() * 99 / 100]
}

/// The value of a series of a service.
async fn metric(service: &Service, series: &str) -> u64 {
    let (_, text) = request(&service.address, "/metrics").await.unwrap();
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value
        .unwrap_or_else(|| panic!("no {series}: {text}"))
        .parse()
        .unwrap()
}

/// A service under load.
struct Loaded {
    protocol: &'static str,
    service: Service,
    load: JoinHandle<Vec<Answered>>,
    is_over: Arc<AtomicBool>,
    /// The memory when the outage begins, and the most until it ends.
    memory: [u64; 2],
}

impl Loaded {
    fn start(protocol: &'static str, endpoint: &str) -> Self {
        let service = Service::start(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ]);
        let is_over = Arc::new(AtomicBool::new(false));
        let load = tokio::spawn(load(service.address.clone(), Arc::clone(&is_over)));
        Self {
            protocol,
            service,
            load,
            is_over,
            memory: [0; 2],
        }
    }

    /// The traces that reached the collector.
    fn in_collector(&self, collector: &OwnRotel) -> BTreeSet<String> {
        let spans = logged(&collector.log(), &self.service.name);
        spans.into_iter().map(|span| span.trace).collect()
    }

    /// Ends the load and the service. `times` are those of the load's begin and of the outage.
    async fn end(mut self, collector: &OwnRotel, times: [Instant; 3]) {
        let protocol = self.protocol;
        self.is_over.store(true, Ordering::Relaxed);
        let answered = (&mut self.load).await.unwrap();
        let [calm, outage] = [0, 1].map(|at| p99(&answered, times[at], times[at + 1]));
        let dropped = ["queue_full", "export_failed", "rejected", "shutdown"];
        let mut dropped = dropped
            .map(|it| format!("monitoring_spans_dropped_total{{reason=\"{it}\"}}"))
            .into_iter();
        let mut next = async || metric(&self.service, &dropped.next().unwrap()).await;
        let dropped = [next().await, next().await, next().await, next().await];
        let failures = metric(&self.service, "monitoring_span_export_failures_total").await;
        self.service.terminate();
        let (exported, lost) = block_in_place(|| self.service.end());
        let grown = self.memory[1] - self.memory[0];
        println!(
            "{protocol}: {} requests, p99 {calm:?} before and {outage:?} in the outage, memory grew by {grown} bytes, \
             {exported} spans exported, dropped {dropped:?}, {failures} failed attempts",
            answered.len()
        );
        assert!(grown <= 32 * MIB, "{protocol}: {grown} bytes more");
        // A batch of 512 is given up each 30 s, 2048 spans wait, and there is no room for others.
        let [queue_full, export_failed, 0, 0] = dropped else {
            panic!("{protocol}: {dropped:?}")
        };
        assert!(queue_full > 0 && export_failed >= 512 && failures > 1);
        assert_eq!(lost, queue_full + export_failed, "{protocol}");
        let requests = self.service.requests();
        assert_eq!(exported + lost, requests.len() as u64, "{protocol}");
        let in_collector = self.in_collector(collector);
        assert!(in_collector.is_subset(&requests), "{protocol}");
        // The collector may have ended before it answered.
        let known = exported..=exported + 512;
        assert!(known.contains(&(in_collector.len() as u64)), "{protocol}");
        for message in [
            "spans cannot be exported and are lost",
            "spans are exported again",
        ] {
            assert_eq!(
                self.service.logged(message).len(),
                1,
                "{protocol}: {message}"
            );
        }
    }
}

/// Takes a minute of the wall clock, and hardly any time of a processor.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs rotel and a minute: tests/run"]
async fn a_collector_that_is_down_for_a_minute() {
    let mut collector = OwnRotel::start(&[]);
    let started = Instant::now();
    let mut services = [
        Loaded::start("grpc", &collector.grpc()),
        Loaded::start("http/protobuf", &collector.http()),
    ];
    let wait = |what: &str, is_true: &dyn Fn() -> bool| {
        block_in_place(|| until_each(4 * READING, what, is_true));
    };
    for it in &services {
        wait("spans", &|| it.in_collector(&collector).len() >= 200);
    }

    let down = Instant::now();
    block_in_place(|| collector.stop());
    let known = services
        .each_ref()
        .map(|it| it.in_collector(&collector).len());
    for it in &mut services {
        it.memory = [it.service.memory(); 2];
    }
    let mut seconds = interval(Duration::from_secs(1));
    while down.elapsed() < MINUTE {
        seconds.tick().await;
        for it in &mut services {
            it.memory[1] = it.service.memory().max(it.memory[1]);
        }
    }
    let up = Instant::now();
    block_in_place(|| collector.restart());
    // Until the queue has room again, new spans are lost.
    for (it, known) in services.iter().zip(known) {
        wait("spans again", &|| it.in_collector(&collector).len() > known);
        println!("{}: spans again after {:?}", it.protocol, up.elapsed());
    }
    for it in services {
        let sent = Caller::new(&it.service.address)
            .ask("/orders")
            .await
            .unwrap();
        wait("a new span", &|| {
            it.in_collector(&collector).contains(&sent)
        });
        it.end(&collector, [started, down, up]).await;
    }
}
