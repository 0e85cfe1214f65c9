//! The real Prometheus, queried with curl.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::env;

pub fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {text}{errors}");
    text
}

pub fn curl(args: &[&str]) -> String {
    output(
        Command::new("curl")
            .args(["-sS", "--max-time", "30"])
            .args(args),
    )
}

/// A Prometheus that `tests/servers up` started.
#[derive(Clone)]
pub struct Server {
    address: String,
    targets: PathBuf,
}

impl Server {
    /// Debian's own, version 2.
    pub fn installed() -> Self {
        Self::named("prometheus", env("VITALS_PROMETHEUS"))
    }

    /// Version 3. `None` if it could not be downloaded, which `tests/servers` and `tests/run` report.
    pub fn version_3() -> Option<Self> {
        let address = env("VITALS_PROMETHEUS_3");
        (!address.is_empty()).then(|| Self::named("prometheus-3", address))
    }

    fn named(name: &str, address: String) -> Self {
        let targets = PathBuf::from(format!("{}/{name}.targets", env("VITALS_SERVERS")));
        Self::at(address, targets)
    }

    /// It scrapes the targets of a folder.
    pub(super) fn at(address: String, targets: PathBuf) -> Self {
        Self { address, targets }
    }

    pub(super) fn is_ready(&self) -> bool {
        let url = format!("http://{}/-/ready", self.address);
        let answer = Command::new("curl")
            .args(["-fsS", "-m", "5", &url])
            .output();
        answer.is_ok_and(|answer| answer.status.success())
    }

    /// The exemplars of the last minutes, each with its `seriesLabels`.
    pub fn exemplars(&self, query: &str) -> Vec<Value> {
        let url = format!("http://{}/api/v1/query_exemplars", self.address);
        let query = format!("query={query}");
        let now = std::time::SystemTime::now();
        let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let (start, end) = (format!("start={}", now - 600), format!("end={}", now + 60));
        let mut args = vec!["--get", &*url];
        for parameter in [&query, &start, &end] {
            args.extend(["--data-urlencode", &**parameter]);
        }
        let mut response: Value = serde_json::from_str(&curl(&args)).unwrap();
        let found = serde_json::from_value(response["data"].take());
        let found: Vec<Value> = found.unwrap_or_else(|_| panic!("{query}: {response}"));
        let each = found.iter().flat_map(|series| {
            let exemplars = series["exemplars"].as_array().unwrap().iter();
            exemplars.map(|exemplar| {
                let mut exemplar = exemplar.clone();
                exemplar["seriesLabels"] = series["seriesLabels"].clone();
                exemplar
            })
        });
        each.collect()
    }

    /// The samples that a query returns now.
    pub fn query(&self, query: &str) -> Vec<Value> {
        let url = format!("http://{}/api/v1/query", self.address);
        let query = format!("query={query}");
        let response = curl(&["--get", &url, "--data-urlencode", &query]);
        let mut response: Value = serde_json::from_str(&response).unwrap();
        let samples = serde_json::from_value(response["data"]["result"].take());
        samples.unwrap_or_else(|_| panic!("{query}: {response}"))
    }

    /// Repeats `query` until its first sample satisfies `is_expected`, and returns the sample.
    pub fn answers(&self, query: &str, is_expected: impl Fn(f64) -> bool) -> f64 {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let samples = self.query(query);
            let sample = samples
                .first()
                .and_then(|sample| sample["value"][1].as_str());
            if let Some(sample) = sample.map(|sample| sample.parse().unwrap())
                && is_expected(sample)
            {
                return sample;
            }
            assert!(Instant::now() < deadline, "{query}: {samples:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Adds a target, which is scraped with the label `example`.
    pub fn scrape(&self, address: &str, path: &str, name: &str) -> Target {
        let file = self.targets.join(format!("{name}.json"));
        let target = serde_json::json!([{
            "targets": [address],
            "labels": { "example": name, "__metrics_path__": path },
        }]);
        std::fs::write(&file, target.to_string()).unwrap();
        Target(file)
    }
}

/// [`Server::answers`] of the installed Prometheus.
pub fn prometheus_answers(query: &str, is_expected: impl Fn(f64) -> bool) -> f64 {
    Server::installed().answers(query, is_expected)
}

/// A target that Prometheus scrapes until this is dropped.
pub struct Target(PathBuf);

impl Target {
    /// Adds a target to the installed Prometheus and waits until it is up.
    pub fn add(address: &str, name: &str) -> Self {
        let target = Server::installed().scrape(address, "/metrics", name);
        prometheus_answers(&format!("up{{example=\"{name}\"}}"), |up| up == 1.0);
        target
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
