//! A process of its own for tests of what a process has once: the subscriber, the panic hook, the logger, signals. This binary
//! starts itself.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use serde_json::Value;

/// Names the scenario that the process plays.
const SCENARIO: &str = "LOGGING_SCENARIO";

/// The scenario, in the process that plays it. A run as one of the tests has none.
pub(crate) fn scenario() -> Option<String> {
    std::env::var(SCENARIO).ok()
}

/// The test `name` of this binary in a process of its own, as the player of a scenario.
pub(crate) fn command(name: &str, scenario: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(SCENARIO, scenario)
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What a process left behind.
pub(crate) struct Played {
    pub(crate) output: Output,
}

impl Played {
    /// Runs the process to its end, which must be a success.
    pub(crate) fn of(mut command: Command) -> Self {
        let output = command.output().unwrap();
        let played = Self { output };
        let stdout = String::from_utf8_lossy(&played.output.stdout);
        assert!(
            played.output.status.success() && stdout.contains("1 passed"),
            "{stdout}\n{}",
            played.stderr()
        );
        played
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).unwrap()
    }

    /// The JSON lines of standard error.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let stderr = self.stderr();
        let lines = stderr.lines().filter(|line| line.starts_with('{'));
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// A process that runs, and its standard error.
pub(crate) struct Running(pub(crate) Child, pub(crate) BufReader<ChildStderr>);

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self(child, stderr)
    }

    /// Reads on until a line of standard error contains this text.
    pub(crate) fn read_until(&mut self, text: &str) -> String {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            let read = self.1.read_line(&mut line).unwrap();
            assert!(read > 0, "the process ended before {text:?}");
        }
        line
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
