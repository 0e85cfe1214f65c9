//! An SMTP server in Python (`aiosmtpd`), which parses the mails that it takes.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use super::env;

/// A server on a port of 127.0.0.1, stopped on drop.
pub struct SmtpServer {
    process: Child,
    lines: Receiver<Value>,
    pub port: u16,
}

impl SmtpServer {
    /// Starts a server with the options that `smtp_server.py` lists.
    #[track_caller]
    pub fn start(options: &Value) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/smtp_server.py");
        let mut process = Command::new(env("VITALS_PYTHON"))
            .args([script, &options.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = process.stdout.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        let mut server = Self {
            process,
            lines,
            port: 0,
        };
        let port = server.line()["port"].as_u64().unwrap();
        server.port = u16::try_from(port).unwrap();
        server
    }

    #[track_caller]
    fn line(&self) -> Value {
        self.lines
            .recv_timeout(Duration::from_secs(20))
            .expect("the server prints a line")
    }

    /// The next mail.
    #[track_caller]
    pub fn mail(&self) -> Mail {
        Mail(self.line())
    }

    /// Waits until the server leaves a command without an answer.
    #[track_caller]
    pub fn wait_until_slow(&self) {
        let line = self.line();
        assert!(line.is_string(), "{line}");
    }

    /// Stops the server, and returns the mails that were not read.
    pub fn stop(mut self) -> Vec<Mail> {
        let _ = self.process.kill();
        let _ = self.process.wait();
        // The thread ends with the output.
        let mails = self.lines.iter().filter(Value::is_object);
        mails.map(Mail).collect()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A mail as Python's parsers of mails and HTML read it.
#[derive(Debug)]
pub struct Mail(pub Value);

impl Mail {
    /// All values of a header.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        let headers = self.0["headers"].as_array().unwrap().iter();
        headers
            .filter(|header| header[0].as_str().unwrap().eq_ignore_ascii_case(name))
            .map(|header| header[1].as_str().unwrap())
            .collect()
    }

    /// The only value of a header.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let values = self.headers(name);
        assert_eq!(values.len(), 1, "{name}: {values:?}");
        values[0]
    }

    /// A list of texts: `to`, `parts`, `defects`, `lines`, `elements` or `links`.
    pub fn list(&self, name: &str) -> Vec<&str> {
        let list = self.0[name].as_array().unwrap().iter();
        list.map(|item| item.as_str().unwrap()).collect()
    }

    pub fn text(&self) -> &str {
        self.0["text"].as_str().unwrap()
    }
}
