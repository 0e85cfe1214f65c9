#!/usr/bin/env bash
# metrics-exporter-prometheus 0.18.3 with metrics 0.24 (crates.io).
#
# A metric is described twice, by a library and by the service, for example. Expected: one rule, either the first or the last
# description stays. Seen: it depends on the moment of the first scrape. Before it, the last description wins; after it, the one
# that was shown then stays. So the `# HELP` text of a service differs from one start to the next.
#
# Output seen:
#   described twice, then rendered: # HELP before_total second
#   rendered in between:            # HELP between_total first
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/src"
cat >"$dir/Cargo.toml" <<'TOML'
[package]
name = "described"
version = "0.0.0"
edition = "2021"

[dependencies]
metrics = "0.24"
metrics-exporter-prometheus = { version = "=0.18.3", default-features = false }
TOML
cat >"$dir/src/main.rs" <<'RUST'
use metrics::{Key, Level, Metadata, Recorder};
use metrics_exporter_prometheus::PrometheusBuilder;

fn help(name: &'static str, renders_in_between: bool) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let metadata = Metadata::new("described", Level::INFO, None);
    recorder.register_counter(&Key::from_name(name), &metadata).increment(1);
    recorder.describe_counter(name.into(), None, "first".into());
    if renders_in_between {
        handle.render();
    }
    recorder.describe_counter(name.into(), None, "second".into());
    let text = handle.render();
    text.lines().find(|line| line.starts_with("# HELP")).unwrap().to_owned()
}

fn main() {
    println!("described twice, then rendered: {}", help("before_total", false));
    println!("rendered in between:            {}", help("between_total", true));
}
RUST
got=$(cargo run --quiet --manifest-path "$dir/Cargo.toml")
want='described twice, then rendered: # HELP before_total second
rendered in between:            # HELP between_total first'
echo "$got"
[ "$got" = "$want" ] || { echo "the behaviour has changed" >&2; exit 1; }
