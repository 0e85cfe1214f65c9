//! Python with `prometheus_client`, the reference parser of both text formats.

use std::io::Write;
use std::process::{Command, Stdio};

use super::env;

/// Runs a script with this standard input and returns its output. Panics if the script fails.
#[track_caller]
pub fn python(script: &str, input: &str) -> String {
    let mut python = Command::new(env("VITALS_PYTHON"))
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = python.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = python.wait_with_output().unwrap();
    // A script that fails before it has read all input reports more than the broken pipe does.
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    writer.join().unwrap().unwrap();
    String::from_utf8(output.stdout).unwrap()
}
