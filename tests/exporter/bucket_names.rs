//! Buckets are set for metrics that exist: a mistyped name is an error, and an unknown one a warning.

use crate::support::log::Log;
use tower_vitals::catalog::{Catalog, Family};
use tower_vitals::exporter::PrometheusBuilder;
use tower_vitals::{ErrorKind, Prometheus};

/// The builder's error and the warnings that it logs.
fn built(builder: PrometheusBuilder) -> (Option<String>, usize) {
    let (log, _guard) = Log::of_this_thread();
    let error = builder.build().err().map(|error| {
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        error.to_string()
    });
    (error, log.count("WARN"))
}

fn with_buckets(metric: &str) -> PrometheusBuilder {
    Prometheus::builder().buckets(metric, &[0.1, 1.0])
}

fn no_such_metric(metric: &str, near: &str) -> String {
    format!(
        "metric {metric:?}: the catalogue has no such histogram to set buckets for: {near:?} is allowed, without a prefix, \
         and so is a metric of your own after Catalog::register"
    )
}

#[test]
fn buckets_for_a_mistyped_name_are_an_error_that_proposes_the_near_name() {
    for (mistyped, near) in [
        (
            "http_requests_duration_seconds",
            "http_request_duration_seconds",
        ),
        (
            "http_request_duration_second",
            "http_request_duration_seconds",
        ),
        (
            "http_reqeust_duration_seconds",
            "http_request_duration_seconds",
        ),
        (
            "HTTP_request_duration_Seconds",
            "http_request_duration_seconds",
        ),
        ("db_query_duration_secs", "db_query_duration_seconds"),
        // The beginning of the crate's own names.
        ("http_request_duration", "http_request_duration_seconds"),
        (
            "http_request_duration_milliseconds",
            "http_request_duration_seconds",
        ),
        ("http_response_size_bytes", "http_response_body_size_bytes"),
        (
            "http.server.request.duration",
            "http_server_request_duration_seconds",
        ),
        ("scheduler_job_seconds", "scheduler_job_duration_seconds"),
        // The names of a histogram's series.
        (
            "db_query_duration_seconds_bucket",
            "db_query_duration_seconds",
        ),
        (
            "http_request_duration_seconds_count",
            "http_request_duration_seconds",
        ),
        (
            "http_request_duration_seconds_sum",
            "http_request_duration_seconds",
        ),
    ] {
        let (error, warnings) = built(with_buckets(mistyped));
        assert_eq!(error, Some(no_such_metric(mistyped, near)));
        assert_eq!(warnings, 0, "{mistyped}");
    }
}

#[test]
fn buckets_for_a_name_with_the_prefix_are_an_error() {
    for (mistyped, near) in [
        (
            "shop_http_request_duration_seconds",
            "http_request_duration_seconds",
        ),
        (
            "shop_http_requests_duration_seconds",
            "http_request_duration_seconds",
        ),
    ] {
        let (error, _) = built(with_buckets(mistyped).prefix("shop"));
        assert_eq!(error, Some(no_such_metric(mistyped, near)));
    }
    let right = with_buckets("http_request_duration_seconds").prefix("shop");
    assert_eq!(built(right), (None, 0));
}

#[test]
fn buckets_for_an_unknown_name_are_a_warning() {
    let (log, _guard) = Log::of_this_thread();
    let prometheus = with_buckets("picking_seconds").prefix("shop");
    prometheus.build().unwrap();
    let warning = "WARN tower_vitals::exporter::builder_checks: buckets are set for a metric that the catalogue lacks: they apply \
                   if a histogram of this name is recorded, and Catalog::register ends this warning \
                   metric=\"picking_seconds\"";
    assert_eq!(log.count(warning), 1, "{}", log.text());
    for unknown in [
        "wait_seconds",
        "shop_wait_seconds",
        "shop.wait",
        "http_seconds",
        "wide",
        "a",
    ] {
        assert_eq!(built(with_buckets(unknown)), (None, 1), "{unknown}");
    }
}

#[test]
fn buckets_for_the_metrics_of_the_catalogue_are_no_mistake() {
    let mut catalog = Catalog::new();
    // One letter from a metric of the crate, but a metric of its own.
    let own = Family::histogram(
        "bb_query_duration_seconds",
        "Time of bulletin board queries.",
    );
    catalog.register(own).unwrap();
    let near = Family::histogram("picking_seconds", "Time to pick an order.");
    catalog.register(near).unwrap();
    for family in catalog.families() {
        let is_histogram = !family.buckets.is_empty();
        let (error, warnings) = built(with_buckets(family.name).catalog(catalog.clone()));
        assert_eq!(error.is_none(), is_histogram, "{error:?}");
        assert_eq!(warnings, 0, "{}", family.name);
    }
    // The facade's spelling of the same name.
    let dotted = with_buckets("picking.seconds").catalog(catalog.clone());
    assert_eq!(built(dotted), (None, 0));
    let mistyped = with_buckets("pickings_seconds").catalog(catalog);
    let (error, _) = built(mistyped);
    assert_eq!(
        error,
        Some(no_such_metric("pickings_seconds", "picking_seconds"))
    );
}

#[test]
fn all_mistyped_names_are_in_one_error() {
    let builder = with_buckets("http_request_duration").buckets("db_query_seconds", &[1.0]);
    let (error, _) = built(builder.buckets("wait_seconds", &[1.0]));
    let error = error.unwrap();
    for part in [
        "2 mistakes: ",
        "\"http_request_duration\"",
        "\"db_query_seconds\"",
    ] {
        assert!(error.contains(part), "{error}");
    }
}
