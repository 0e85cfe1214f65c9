//! The handles that `HttpMetricsLayer` keeps.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Empty};

use super::{idle, let_pass, read, until_gone, value};
use crate::support::{Script, Step, call, get, layer, measured};

#[tokio::test]
async fn the_handles_of_the_layer_return() {
    let prometheus = idle().build().unwrap();
    let service = measured(layer(prometheus.clone()), |_| {
        Response::new(Empty::<Bytes>::new())
    });
    let mut calls = 0;
    for _ in 0..3 {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            call(&service, get("/")).await;
            calls += 1;
            let text = read(&prometheus);
            for (name, expected) in [
                ("http_requests_total", calls),
                ("http_request_duration_seconds_count", calls),
                ("http_requests_in_progress", 0),
            ] {
                // Next to it is the zero series of failed requests.
                let mut own = text
                    .of(name)
                    .filter(|sample| sample.label("status") != Some("500"));
                let read = own.next().map(|sample| sample.value.as_f64());
                assert!(
                    read.is_none_or(|read| read == f64::from(expected)),
                    "{name}: {read:?}"
                );
                assert_eq!(own.next(), None);
            }
            if text.of("http_requests_total").next().is_some() {
                break;
            }
            assert!(Instant::now() < deadline, "{text:?}");
        }
        until_gone(&prometheus, "http_request_duration_seconds_count");
        until_gone(&prometheus, "http_requests_in_progress");
    }
}

#[tokio::test]
async fn a_gauge_of_requests_under_way_stays_until_they_end() {
    let prometheus = idle().build().unwrap();
    let service = measured(layer(prometheus.clone()), |_| {
        Response::new(Script::new([Step::Data(b"x")]))
    });
    let in_progress = || value(&prometheus, "http_requests_in_progress");
    let first = call(&service, get("/")).await;
    for _ in 0..2 {
        let_pass(&prometheus, || assert_eq!(in_progress(), Some(1.0)));
    }
    let second = call(&service, get("/")).await;
    let_pass(&prometheus, || assert_eq!(in_progress(), Some(2.0)));
    first.into_body().collect().await.unwrap();
    assert_eq!(in_progress(), Some(1.0));
    let_pass(&prometheus, || assert_eq!(in_progress(), Some(1.0)));
    second.into_body().collect().await.unwrap();
    let after = in_progress();
    assert!(after.is_none_or(|after| after == 0.0), "{after:?}");
    until_gone(&prometheus, "http_requests_in_progress");
    let third = call(&service, get("/")).await;
    assert_eq!(in_progress(), Some(1.0));
    drop(third);
    let after = in_progress();
    assert!(after.is_none_or(|after| after == 0.0), "{after:?}");
}
