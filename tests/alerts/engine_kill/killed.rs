//! The process of the service that is killed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::child;

/// The end of a run.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum End {
    /// Killed after this time since it began, as a rule before it has its ledger.
    InStartUp(Duration),
    /// Killed after this time since it has its ledger.
    After(Duration),
    /// Not killed.
    Settled,
}

/// The service with its store and its vendors.
pub(super) struct Killed<'a> {
    pub(super) place: &'a str,
    pub(super) vendors: String,
    pub(super) alertmanager: Option<&'a str>,
    /// The shortest start so far.
    pub(super) start_up: Duration,
}

impl Killed<'_> {
    /// Runs the service until it is killed, or until it ends. Returns its lines.
    pub(super) fn run(&mut self, seed: u64, end: End) -> Vec<String> {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", child::NAME, "--nocapture", "--test-threads=1"])
            .env(child::PLACE, self.place)
            .env(child::SEED, seed.to_string())
            .env(child::VENDORS, &self.vendors)
            .env(
                child::TASK,
                match end {
                    End::InStartUp(_) => "rest",
                    End::After(_) => "act",
                    End::Settled => "settle",
                },
            )
            .stdout(Stdio::piped());
        if let Some(url) = self.alertmanager {
            command.env(child::ALERTMANAGER, url);
        }
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok).filter_map(|line| {
            let (_, told) = line.split_once("@ ")?;
            Some(told.to_owned())
        });
        assert_eq!(lines.next().as_deref(), Some("begins"));
        let began = Instant::now();
        let mut all = Vec::new();
        if !matches!(end, End::InStartUp(_)) {
            for line in lines.by_ref() {
                let is_started = line == "started";
                all.push(line);
                if is_started {
                    break;
                }
            }
            assert!(all.iter().any(|line| line == "started"), "{all:?}");
            self.start_up = self.start_up.min(began.elapsed());
        }
        // Another thread reads, so that the service never waits for its output.
        let rest = std::thread::scope(|scope| {
            let rest = scope.spawn(|| lines.collect::<Vec<_>>());
            if let End::InStartUp(lifetime) | End::After(lifetime) = end {
                std::thread::sleep(lifetime);
                // SIGKILL.
                process.kill().unwrap();
            }
            rest.join().unwrap()
        });
        let status = process.wait().unwrap();
        assert!(end != End::Settled || status.success(), "{rest:?}");
        all.extend(rest);
        all
    }
}
