//! Histograms with exponential buckets: what the builder allows, and what the text formats and snapshots have of them.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use metrics::{Key, Level, Metadata, Recorder};
use tower::{Layer, Service, service_fn};
use tower_vitals::exporter::{NativeHistograms, PrometheusBuilder, Value};
use tower_vitals::{HttpMetricsLayer, Prometheus};

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

const DURATION: &str = "http_request_duration_seconds";

fn builder() -> PrometheusBuilder {
    Prometheus::builder()
        .buckets("wait_seconds", &[0.1, 1.0])
        .buckets("sizes", &[10.0])
}

fn record(prometheus: &Prometheus, name: &'static str, samples: &[f64]) {
    let key = Key::from_parts(name, &[("shop", "eu")]);
    let histogram = prometheus.register_histogram(&key, &METADATA);
    for sample in samples {
        histogram.record(*sample);
    }
    histogram.record_many(2.0, 3);
}

#[test]
fn classic_buckets_stay_in_text_and_snapshots() {
    let native = NativeHistograms::of(["wait_seconds"]).schema(8);
    let [off, on] = [builder(), builder().native_histograms(native)].map(|builder| {
        let prometheus = builder.build().unwrap();
        for name in ["wait_seconds", "sizes"] {
            record(
                &prometheus,
                name,
                &[0.05, 0.1, 0.5, -1.0, 0.0, 4e300, f64::NAN],
            );
        }
        prometheus
    });
    assert_eq!(on.render(), off.render());
    assert_eq!(on.render_openmetrics(), off.render_openmetrics());
    assert_eq!(on.snapshot().families, off.snapshot().families);
    let text = on.render();
    assert!(
        text.contains("wait_seconds_bucket{shop=\"eu\",le=\"0.1\"} 4\n"),
        "{text}"
    );
    assert!(
        text.contains("wait_seconds_count{shop=\"eu\"} 9\n"),
        "{text}"
    );
}

#[test]
fn without_classic_buckets_only_the_last_one_is_shown() {
    let native = NativeHistograms::all().without_classic_buckets();
    let prometheus = builder().native_histograms(native).build().unwrap();
    record(&prometheus, "wait_seconds", &[0.05, 0.5]);
    let expected = "# TYPE wait_seconds histogram\n\
                    wait_seconds_bucket{shop=\"eu\",le=\"+Inf\"} 5\n\
                    wait_seconds_sum{shop=\"eu\"} 6.55\n\
                    wait_seconds_count{shop=\"eu\"} 5\n";
    let text = prometheus.render();
    assert!(text.contains(expected), "{text}");
    let text = prometheus.render_openmetrics();
    assert_eq!(text.matches("wait_seconds_bucket").count(), 1, "{text}");
    // Rules, JSON and the history need them.
    let snapshot = prometheus.snapshot();
    let Value::Histogram(histogram) = &snapshot.family("wait_seconds").unwrap().series[0].value
    else {
        panic!("a histogram");
    };
    assert_eq!(histogram.buckets, [(0.1, 1), (1.0, 2), (f64::INFINITY, 5)]);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let error = builder()
        .native_histograms(NativeHistograms::all().schema(9).max_buckets(7))
        .native_histograms(
            NativeHistograms::of(["sizes"])
                .schema(-5)
                .zero_threshold(-1.0),
        )
        .native_histograms(
            NativeHistograms::of(["a"])
                .zero_threshold(f64::NAN)
                .max_buckets(4097),
        )
        .native_histograms(NativeHistograms::of(["http_requests_total"]))
        .native_histograms(NativeHistograms::of(["http_request_duration_second"]))
        .native_histograms(NativeHistograms::of(Vec::<String>::new()))
        .build()
        .unwrap_err()
        .to_string();
    for mistake in [
        "native histograms: schema 9 does not exist: -4 to 8 is allowed, 3 is the default",
        "native histograms: a limit of 7 buckets is too low or too high: 8 to 4096 is allowed, 160 is the default",
        "native histograms [\"sizes\"]: schema -5 does not exist",
        "native histograms [\"sizes\"]: zero threshold -1 is negative or not finite: any other is allowed, 2^-128 is the default",
        "native histograms [\"a\"]: zero threshold NaN is negative",
        "native histograms [\"a\"]: a limit of 4097 buckets is too",
        "metric \"http_requests_total\": a counter has no buckets",
        "metric \"http_request_duration_second\": the catalogue has no such histogram to set buckets for: \
         \"http_request_duration_seconds\" is allowed",
        "native histograms have no name: NativeHistograms::all() chooses all",
    ] {
        assert!(error.contains(mistake), "{mistake}\n{error}");
    }
    for (schema, threshold, max) in [(-4, 0.0, 8), (8, 1e9, 4096)] {
        let native = NativeHistograms::all()
            .schema(schema)
            .zero_threshold(threshold)
            .max_buckets(max);
        builder().native_histograms(native).build().unwrap();
    }
}

/// Serves requests, and returns the text without durations, which differ.
async fn served(builder: PrometheusBuilder) -> String {
    let prometheus = builder.build().unwrap();
    let layer = HttpMetricsLayer::builder()
        .recorder(prometheus.clone())
        .endpoint(|_| Some("/users/{id}"))
        .build()
        .unwrap();
    let mut service = layer.layer(service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"hello"))))
    }));
    // Threads get copies of the series, and cells of their own.
    for _ in 0..5_000 {
        let response = service.call(Request::new(())).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    let text = prometheus.render();
    let lines = text.lines().filter(|line| {
        !line.contains("_seconds_sum")
            && (!line.contains("_seconds_bucket") || line.contains("+Inf"))
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[tokio::test]
async fn http_requests_are_exact_with_exponential_buckets() {
    let off = served(Prometheus::builder()).await;
    let on =
        served(Prometheus::builder().native_histograms(NativeHistograms::of([DURATION]))).await;
    assert_eq!(on, off);
    let count =
        "http_request_duration_seconds_count{method=\"GET\",endpoint=\"/users/{id}\"} 5000\n";
    assert!(on.contains(count), "{on}");
}

#[test]
fn recording_allocates_nothing_in_the_steady_state() {
    let prometheus = builder()
        .native_histograms(NativeHistograms::all())
        .build()
        .unwrap();
    let key = Key::from_name("wait_seconds");
    let histogram = prometheus.register_histogram(&key, &METADATA);
    let record = |rounds| {
        for n in 0..rounds * 1_000 {
            histogram.record(f64::from(n % 1_000) / 100.0);
        }
    };
    // All buckets are known then, and the thread has cells of its own.
    record(64);
    let allocations = allocation_counter::measure(|| record(10)).count_total;
    assert_eq!(allocations, 0);
}
