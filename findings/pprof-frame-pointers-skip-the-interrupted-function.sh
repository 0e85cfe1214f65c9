#!/usr/bin/env bash
# pprof 0.15.0 with the feature `frame-pointer`; rpprof 0.18.3, a fork, with `framehop-unwinder`.
#
# The unwinder of pprof by frame pointers begins with the return address in the frame that the frame pointer shows. The interrupted
# instruction is not among its frames, so the function that burns CPU is in no stack: its caller is shown in its place, for an inlined `async fn`
# the code that polls it. The same holds for pprof's main branch of 2025-11, for pprof-pyroscope-fork 0.1500.4, pprof2 0.13.1, and rpprof
# with `frame-pointer`. The fork's other unwinder begins with the instruction, and needs no frame pointers.
#
# Seen: "pprof: burn in 0 of 1 stacks, checkout in 1" and "rpprof: burn in 1 of 1 stacks, checkout in 1".
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

[features]
fork = ["dep:rpprof"]

[dependencies]
pprof = { version = "=0.15.0", default-features = false, features = ["frame-pointer"] }
rpprof = { version = "=0.18.3", default-features = false, features = ["framehop-unwinder"], optional = true }
TOML
cat >src/main.rs <<'RUST'
#[cfg(not(feature = "fork"))]
use pprof as profiler;
#[cfg(feature = "fork")]
use rpprof as profiler;
use std::hint::black_box;

#[inline(never)]
fn burn(mut x: u64) -> u64 {
    for _ in 0..2_000_000_000_u64 {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    x
}

#[inline(never)]
fn checkout() {
    black_box(burn(black_box(7)));
}

fn main() {
    let guard = profiler::ProfilerGuardBuilder::default().frequency(99).build().unwrap();
    checkout();
    let report = guard.report().build().unwrap();
    let stacks_with = |name: &str| {
        let has = |frames: &profiler::Frames| frames.frames.iter().flatten().any(|symbol| symbol.name().contains(name));
        report.data.keys().filter(|frames| has(frames)).count()
    };
    let crate_name = if cfg!(feature = "fork") { "rpprof" } else { "pprof" };
    let (burn, checkout, all) = (stacks_with("burn"), stacks_with("checkout"), report.data.len());
    println!("{crate_name}: burn in {burn} of {all} stacks, checkout in {checkout}");
}
RUST
export RUSTFLAGS="-C force-frame-pointers=yes"
# Both have a handler of the same name, so they are built one after the other.
of_pprof=$(cargo run --quiet --release)
sed -i 's/^pprof = .*//' Cargo.toml
of_rpprof=$(cargo run --quiet --release --features fork)
printf '%s\n' "$of_pprof" "$of_rpprof"
[[ "$of_pprof" =~ ^"pprof: burn in 0 of "[1-9] ]]
[[ ! "$of_pprof" =~ "checkout in 0" ]]
[[ ! "$of_rpprof" =~ "burn in 0" ]]
