//! An Alertmanager that `tests/servers up` started.

use std::process::Command;

use serde_json::Value;

use super::sink;
use crate::support::env;
use crate::support::prometheus::{curl, output};

#[derive(Debug)]
pub(super) struct Server {
    name: &'static str,
    pub(super) url: String,
    amtool: String,
}

impl Server {
    /// Debian's own, version 0.25.
    pub(super) fn installed() -> Self {
        Self::named(
            "alertmanager",
            env("VITALS_ALERTMANAGER"),
            "amtool".to_owned(),
        )
    }

    /// A current version. `None` if it could not be downloaded, which `tests/servers` and `tests/run` report.
    pub(super) fn current() -> Option<Self> {
        let url = env("VITALS_ALERTMANAGER_CURRENT");
        let amtool = env("VITALS_AMTOOL_CURRENT");
        (!url.is_empty()).then(|| Self::named("alertmanager-current", url, amtool))
    }

    /// Two current instances that know each other.
    pub(super) fn cluster() -> Option<[Self; 2]> {
        let urls = env("VITALS_ALERTMANAGER_CLUSTER");
        let (first, second) = urls.split_once(' ')?;
        let amtool = env("VITALS_AMTOOL_CURRENT");
        Some([
            Self::named("alertmanager-a", first.to_owned(), amtool.clone()),
            Self::named("alertmanager-b", second.to_owned(), amtool),
        ])
    }

    fn named(name: &'static str, url: String, amtool: String) -> Self {
        sink::listen();
        Self { name, url, amtool }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn version(&self) -> String {
        let status: Value = self.get("/api/v2/status");
        status["versionInfo"]["version"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn get(&self, path: &str) -> Value {
        serde_json::from_str(&curl(&["-f", &format!("{}{path}", self.url)])).unwrap()
    }

    pub(super) fn amtool(&self, args: &[&str]) -> String {
        let url = format!("--alertmanager.url={}", self.url);
        output(Command::new(&self.amtool).arg(url).args(args))
    }

    /// The alerts that match and are not silenced, as amtool shows them.
    pub(super) fn alerts(&self, matcher: &str) -> Vec<Value> {
        serde_json::from_str(&self.amtool(&["alert", "query", "--output=json", matcher])).unwrap()
    }

    /// The values of one label of these alerts, sorted.
    pub(super) fn members(&self, matcher: &str, label: &str) -> Vec<String> {
        let alerts = self.alerts(matcher);
        let values = alerts
            .iter()
            .map(|alert| alert["labels"][label].as_str().unwrap().to_owned());
        let mut values: Vec<_> = values.collect();
        values.sort();
        values
    }

    pub(super) fn notifications(&self, alertname: &str) -> Vec<Value> {
        sink::notifications(&[self.name], alertname)
    }

    /// How often the server looked up what it had sent before, which it does before each notification that it might send.
    pub(super) fn lookups(&self) -> f64 {
        self.metric("alertmanager_nflog_queries_total")
    }

    /// Whether it waits for the notification of the other instance.
    pub(super) fn is_second(&self) -> bool {
        self.metric("alertmanager_peer_position") == 1.0
    }

    fn metric(&self, name: &str) -> f64 {
        let metrics = curl(&["-f", &format!("{}/metrics", self.url)]);
        let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok();
        metrics
            .lines()
            .find_map(value)
            .unwrap_or_else(|| panic!("no {name}"))
    }

    pub(super) fn stop(&self) {
        self.command("stop");
    }

    pub(super) fn start(&self) {
        self.command("start");
    }

    fn command(&self, command: &str) {
        let servers = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers");
        output(Command::new(servers).args([command, self.name]));
    }
}
