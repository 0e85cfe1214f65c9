#!/usr/bin/env bash
# tracing 0.1.44, tracing-core 0.1.36, tracing-subscriber 0.3.23.
#
# A `Layer` gets its dispatcher from `on_register_dispatch`, for example to ask other layers about the span of an event. A layer that is added
# by itself, boxed or not, gets the call. The same layer in a `Vec<Box<dyn Layer<S>>>`, which the docs recommend for a number of layers
# that is known at run time, never gets it, because `Vec` passes most calls on, but not this one
# (and not `on_id_change`). Nothing says so: `init` succeeds, and events arrive.
#
# Seen: "alone: dispatch true, events 1", "boxed: dispatch true, events 1" and "in a Vec: dispatch false, events 1".
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
tracing-subscriber = { version = "=0.3.23", default-features = false, features = ["registry"] }
TOML
cat >src/main.rs <<'RUST'
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tracing::{Dispatch, Event};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry;

#[derive(Clone, Default)]
struct Seen(Arc<(AtomicBool, AtomicUsize)>);

impl<S: tracing::Subscriber> Layer<S> for Seen {
    fn on_register_dispatch(&self, _: &Dispatch) {
        self.0.0.store(true, Ordering::Relaxed);
    }

    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        self.0.1.fetch_add(1, Ordering::Relaxed);
    }
}

fn show(name: &str, seen: &Seen, dispatch: Dispatch) {
    tracing::dispatcher::with_default(&dispatch, || tracing::warn!("the disk is nearly full"));
    let (dispatch, events) = &*seen.0;
    println!("{name}: dispatch {}, events {}", dispatch.load(Ordering::Relaxed), events.load(Ordering::Relaxed));
}

fn main() {
    let seen = Seen::default();
    show("alone", &seen, Dispatch::new(registry().with(seen.clone())));
    let seen = Seen::default();
    let boxed: Box<dyn Layer<_> + Send + Sync> = Box::new(seen.clone());
    show("boxed", &seen, Dispatch::new(registry().with(boxed)));
    let seen = Seen::default();
    let all: Vec<Box<dyn Layer<_> + Send + Sync>> = vec![Box::new(seen.clone())];
    show("in a Vec", &seen, Dispatch::new(registry().with(all)));
}
RUST
cargo build --quiet
seen=$(target/debug/finding)
echo "$seen"
[ "$seen" = "alone: dispatch true, events 1
boxed: dispatch true, events 1
in a Vec: dispatch false, events 1" ]
