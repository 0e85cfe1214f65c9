#!/usr/bin/env bash
# tracing 0.1.44, tracing-core 0.1.36, tracing-subscriber 0.3.23.
#
# `EnvFilter` reads a field's value in a filter as a regular expression, or literally with `Builder::with_regex(false)`. For values that are recorded with `Debug` or
# `Display`, "literally" also means each beginning of the filter's value: `[order{state=shipped}]=debug` enables DEBUG in orders whose state is
# `ship`, or the empty text, because the comparison stops at the end of the recorded value. With a regular expression, the whole value decides.
#
# Seen: with regex "shipped" alone; without "shipped", "ship" and "".
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
tracing-subscriber = { version = "=0.3.23", default-features = false, features = ["env-filter", "registry"] }
TOML
cat >src/main.rs <<'RUST'
use std::sync::{Arc, Mutex};

use tracing::{Dispatch, Event, Subscriber, debug_span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::{EnvFilter, registry};

#[derive(Clone, Default)]
struct Count(Arc<Mutex<usize>>);

impl<S: Subscriber> Layer<S> for Count {
    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        *self.0.lock().unwrap() += 1;
    }
}

fn main() {
    for regex in [true, false] {
        for state in ["shipped", "ship", "", "shipped late", "lost"] {
            let filter = EnvFilter::builder().with_regex(regex).parse("[order{state=shipped}]=debug").unwrap();
            let count = Count::default();
            let dispatch = Dispatch::new(registry().with(filter).with(count.clone()));
            tracing::dispatcher::with_default(&dispatch, || {
                debug_span!("order", %state).in_scope(|| tracing::debug!("a step"));
            });
            println!("regex {regex}, state {state:?}: {} events", *count.0.lock().unwrap());
        }
    }
}
RUST
cargo build --quiet
seen=$(target/debug/finding)
echo "$seen"
[ "$(grep ': 1 events' <<<"$seen")" = 'regex true, state "shipped": 1 events
regex false, state "shipped": 1 events
regex false, state "ship": 1 events
regex false, state "": 1 events' ]
