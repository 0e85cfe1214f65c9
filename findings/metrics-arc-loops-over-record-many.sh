#!/usr/bin/env bash
# metrics 0.24.6 (crates.io).
#
# `HistogramFn::record_many` records one value several times, and a histogram with buckets overrides it with one addition. The
# trait is implemented for `Arc<T>` as well. Expected: `Arc<T>` forwards `record_many` to `T`. Seen: it forwards `record` alone,
# and its `record_many` is the trait's default, a loop of `record`. A call through an `Arc<T>` that is in scope as such takes a
# time that grows with the count, while the same call through `metrics::Histogram` does not.
#
# Output seen:
#   through an Arc:             record 3 times, record_many 0 times
#   through metrics::Histogram: record 0 times, record_many 1 times
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/src"
cat >"$dir/Cargo.toml" <<'TOML'
[package]
name = "record-many"
version = "0.0.0"
edition = "2021"

[dependencies]
metrics = "=0.24.6"
TOML
cat >"$dir/src/main.rs" <<'RUST'
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use metrics::{Histogram, HistogramFn};

#[derive(Default)]
struct Buckets {
    one: AtomicUsize,
    many: AtomicUsize,
}

impl HistogramFn for Buckets {
    fn record(&self, _: f64) {
        self.one.fetch_add(1, Relaxed);
    }

    fn record_many(&self, _: f64, _: usize) {
        self.many.fetch_add(1, Relaxed);
    }
}

fn main() {
    let shown = |buckets: &Buckets| {
        let (one, many) = (buckets.one.load(Relaxed), buckets.many.load(Relaxed));
        format!("record {one} times, record_many {many} times")
    };
    let buckets = Arc::new(Buckets::default());
    buckets.record_many(0.5, 3);
    println!("through an Arc:             {}", shown(&buckets));
    let buckets = Arc::new(Buckets::default());
    Histogram::from_arc(Arc::clone(&buckets)).record_many(0.5, 3);
    println!("through metrics::Histogram: {}", shown(&buckets));
}
RUST
got=$(cargo run --quiet --manifest-path "$dir/Cargo.toml")
want='through an Arc:             record 3 times, record_many 0 times
through metrics::Histogram: record 0 times, record_many 1 times'
echo "$got"
[ "$got" = "$want" ] || { echo "the behaviour has changed" >&2; exit 1; }
