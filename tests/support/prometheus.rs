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

/// Repeats `query` until its first sample satisfies `is_expected`, and returns the sample.
pub fn prometheus_answers(query: &str, is_expected: impl Fn(f64) -> bool) -> f64 {
    let url = format!("http://{}/api/v1/query", env("VITALS_PROMETHEUS"));
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let response = curl(&["--get", &url, "--data-urlencode", &format!("query={query}")]);
        let response: Value = serde_json::from_str(&response).unwrap();
        let sample = response["data"]["result"][0]["value"][1].as_str();
        if let Some(sample) = sample.map(|sample| sample.parse().unwrap())
            && is_expected(sample)
        {
            return sample;
        }
        assert!(Instant::now() < deadline, "{query}: {response}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A target that Prometheus scrapes with the label `example`, until this is dropped.
pub struct Target(PathBuf);

impl Target {
    /// Adds a target and waits until it is up.
    pub fn add(address: &str, name: &str) -> Self {
        let file = PathBuf::from(format!("{}/targets/{name}.json", env("VITALS_SERVERS")));
        let target =
            format!(r#"[{{"targets": ["{address}"], "labels": {{"example": "{name}"}}}}]"#);
        std::fs::write(&file, target).unwrap();
        let target = Self(file);
        prometheus_answers(&format!("up{{example=\"{name}\"}}"), |up| up == 1.0);
        target
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
