#!/usr/bin/env bash
# tracing 0.1.44, tracing-core 0.1.36, tracing-subscriber 0.3.23.
#
# A subscriber is set for one thread (`tracing::subscriber::set_default`). Another thread, which has no subscriber, is the
# first to reach a `warn!`. The thread with the subscriber then reaches the same `warn!`, and its event is lost too: while a
# process has one subscriber, the interest in a call site is asked of the thread that reaches it first, and "never" is kept
# for all threads. If a second subscriber exists anywhere, even one that discards everything, the event is recorded.
#
# This matters for tests that capture logs per thread, and for `with_default` around work that shares code with other threads.
#
# Seen: "1 subscriber: 0 lines" and "2 subscribers: 1 lines".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"

[dependencies]
tracing = "=0.1.44"
tracing-core = "=0.1.36"
tracing-subscriber = { version = "=0.3.23", default-features = false, features = ["fmt"] }
TOML
cat >src/main.rs <<'RUST'
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn shared_code() {
    tracing::warn!("the disk is nearly full");
}

fn main() {
    let has_second = std::env::args().any(|argument| argument == "second");
    let _second = has_second.then(|| {
        let discarding = tracing_subscriber::fmt().with_writer(io::sink).finish();
        tracing::Dispatch::new(discarding)
    });
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let _scope = tracing::subscriber::set_default(subscriber);

    std::thread::spawn(shared_code).join().unwrap();
    shared_code();
    println!("{}", String::from_utf8_lossy(&log.0.lock().unwrap()).lines().count());
}
RUST
cargo build --quiet
one=$(target/debug/finding)
two=$(target/debug/finding second)
echo "1 subscriber: $one lines"
echo "2 subscribers: $two lines"
[ "$one" = 0 ] && [ "$two" = 1 ]
