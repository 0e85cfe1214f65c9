//! The examples as a new user starts them.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The example that cargo built beside this test.
pub fn path(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples").join(name)
}

/// An example's process, ended with the test.
pub struct Example {
    pub process: Child,
    pub url: String,
}

impl Example {
    /// Starts it on a free port, which it prints.
    pub fn start(name: &str) -> Self {
        let mut process = Command::new(path(name))
            .env("PORT", "0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let url = first.strip_prefix("listening on ").unwrap().to_owned();
        // What it goes on to print is read, lest it stop at a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, url }
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
