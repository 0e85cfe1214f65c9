#!/usr/bin/env bash
# metrics-exporter-prometheus 0.18.3 with metrics 0.24 (crates.io).
#
# A histogram's count and sum have the suffixes `_count` and `_sum` in Prometheus' text format 0.0.4. Expected: also for the
# histograms `discount` and `checksum`. Seen: a name that ends in the letters of a suffix, without the underscore, gets no
# suffix. The count of `discount` is exposed as `discount`, so `histogram_quantile` works but every average
# (`rate(discount_sum[5m]) / rate(discount_count[5m])`) is empty.
#
# Output seen:
#   discount_bucket{le="+Inf"} 1
#   discount_sum 0.5
#   discount 1
#   checksum_bucket{le="+Inf"} 1
#   checksum 0.5
#   checksum_count 1
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/src"
cat >"$dir/Cargo.toml" <<'TOML'
[package]
name = "suffix"
version = "0.0.0"
edition = "2021"

[dependencies]
metrics = "0.24"
metrics-exporter-prometheus = { version = "=0.18.3", default-features = false }
TOML
cat >"$dir/src/main.rs" <<'RUST'
use metrics::{Key, Level, Metadata, Recorder};
use metrics_exporter_prometheus::PrometheusBuilder;

fn main() {
    for name in ["discount", "checksum"] {
        let builder = PrometheusBuilder::new().set_buckets(&[1.0]).unwrap();
        let recorder = builder.build_recorder();
        let metadata = Metadata::new("suffix", Level::INFO, None);
        recorder.register_histogram(&Key::from_name(name), &metadata).record(0.5);
        let text = recorder.handle().render();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if !line.contains("le=\"1\"") {
                println!("{line}");
            }
        }
    }
}
RUST
got=$(cargo run --quiet --manifest-path "$dir/Cargo.toml")
want='discount_bucket{le="+Inf"} 1
discount_sum 0.5
discount 1
checksum_bucket{le="+Inf"} 1
checksum 0.5
checksum_count 1'
echo "$got"
[ "$got" = "$want" ] || { echo "the behaviour has changed" >&2; exit 1; }
