//! The examples, started as a user starts them.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

/// The path of an example that cargo built with this test.
pub fn path(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples").join(name)
}

/// The process of an example, killed on drop.
pub struct Example {
    pub process: Child,
    pub url: String,
    /// What it has printed after the line with its URL.
    pub lines: Arc<Mutex<Vec<String>>>,
}

impl Example {
    /// Starts the example on a free port and reads the URL it prints.
    pub fn start(name: &str) -> Self {
        Self::start_command(&mut Command::new(path(name)))
    }

    /// As [`start`](Self::start), with variables of its own.
    pub fn start_command(command: &mut Command) -> Self {
        let mut process = command
            .env("PORT", "0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url =
            lines.find_map(|line| Some(line.unwrap().strip_prefix("listening on ")?.to_owned()));
        let url = url.unwrap();
        let printed = Arc::<Mutex<Vec<String>>>::default();
        // A full pipe would block the example.
        std::thread::spawn({
            let printed = Arc::clone(&printed);
            move || {
                for line in lines.map_while(Result::ok) {
                    printed.lock().unwrap().push(line);
                }
            }
        });
        Self {
            process,
            url,
            lines: printed,
        }
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
