//! The layer records every request exactly once, however it ends, and counts it as in progress until its body ends.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use crate::support::{Script, Step, call, get, layer, measured, recorder};
use axum::Router;
use axum::routing::get as route_get;
use bytes::Bytes;
use futures_util::{FutureExt, stream};
use http::{Method, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_vitals::exporter::Value;
use tower_vitals::http_metrics::{SkipMetrics, Until};
use tower_vitals::{ClientMetricsLayer, HttpMetricsLayer, Prometheus};

#[tokio::test]
async fn a_response_read_to_its_end_is_one_request() {
    let (recorder, reader) = recorder();
    let service = measured(layer(recorder), |_| {
        Response::new(Script::new([Step::Data(b"ab"), Step::Data(b"c")]))
    });

    let response = call(&service, get("/")).await;
    let before = reader.take();
    assert_eq!((before.in_progress(), before.requests()), (1.0, 0));

    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "abc"
    );
    reader.take().assert_one("200", None);
}

#[tokio::test]
async fn units_and_help_are_described() {
    let (recorder, reader) = recorder();
    let service = measured(layer(recorder), |_| Response::new(Empty::<Bytes>::new()));
    call(&service, get("/")).await;

    for series in reader.take().0 {
        let family = tower_vitals::catalog::FAMILIES
            .iter()
            .find(|family| family.name == series.name)
            .unwrap();
        assert_eq!(series.unit, Some(family.unit));
        assert_eq!(series.help.as_deref(), Some(family.help));
        let labels: Vec<_> = series
            .labels
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let mut expected = family.labels.to_vec();
        expected.sort_unstable();
        assert_eq!(labels, expected);
    }
}

#[tokio::test]
async fn an_empty_body_ends_at_the_head() {
    let (recorder, reader) = recorder();
    let service = measured(layer(recorder), |_| Response::new(Empty::<Bytes>::new()));
    let response = call(&service, get("/")).await;
    reader.take().assert_one("200", None);
    drop(response);
}

#[tokio::test]
async fn a_body_of_known_length_ends_with_its_last_byte() {
    for with_header in [false, true] {
        let (recorder, reader) = recorder();
        let service = measured(layer(recorder), move |_| {
            let steps = [Step::Data(b"ab"), Step::Data(b"c"), Step::Pending];
            if with_header {
                Response::builder()
                    .header("content-length", "3")
                    .body(Script::new(steps))
                    .unwrap()
            } else {
                Response::new(Script::sized(3, steps))
            }
        });
        let mut body = call(&service, get("/")).await.into_body();
        body.frame().await.unwrap().unwrap();
        assert_eq!(reader.take().in_progress(), 1.0);
        body.frame().await.unwrap().unwrap();
        drop(body);
        reader.take().assert_one("200", None);
    }
}

#[tokio::test]
async fn trailers_end_a_body() {
    let (recorder, reader) = recorder();
    let service = measured(layer(recorder), |_| {
        Response::new(Script::new([Step::Data(b"a"), Step::Trailers]))
    });
    let mut body = call(&service, get("/")).await.into_body();
    body.frame().await.unwrap().unwrap();
    assert!(body.frame().await.unwrap().unwrap().is_trailers());
    drop(body);
    reader.take().assert_one("200", None);
}

#[tokio::test]
async fn a_body_dropped_half_way_is_aborted() {
    let (recorder, reader) = recorder();
    let service = measured(layer(recorder), |_| {
        Response::new(Script::sized(2, [Step::Data(b"a"), Step::Data(b"b")]))
    });
    let mut body = call(&service, get("/")).await.into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    reader.take().assert_one("200", Some("body_dropped"));
}

#[tokio::test]
async fn a_body_error_is_aborted_with_the_status_that_was_sent() {
    let (recorder, reader) = recorder();
    let service = measured(layer(recorder), |_| {
        Response::builder()
            .status(206)
            .body(Script::new([Step::Data(b"a"), Step::Error]))
            .unwrap()
    });
    let body = call(&service, get("/")).await.into_body();
    assert_eq!(
        body.collect().await.unwrap_err().to_string(),
        "the body broke"
    );
    reader.take().assert_one("206", Some("body_error"));
}

#[tokio::test]
async fn a_body_that_ends_before_its_length_is_aborted() {
    for with_header in [false, true] {
        for ends in [&[][..], &[Step::Trailers]] {
            let (recorder, reader) = recorder();
            let steps = [&[Step::Data(b"ab")][..], ends].concat();
            let service = measured(layer(recorder), move |_| {
                if with_header {
                    Response::builder()
                        .header("content-length", "3")
                        .body(Script::new(steps.clone()))
                        .unwrap()
                } else {
                    Response::new(Script::sized(3, steps.clone()))
                }
            });
            let body = call(&service, get("/")).await.into_body();
            body.collect().await.unwrap();
            reader.take().assert_one("200", Some("body_error"));
        }
    }
}

#[tokio::test]
async fn a_panic_in_the_body_is_recorded_and_propagates() {
    let (recorder, reader) = recorder();
    let service = measured(layer(recorder), |_| {
        Response::new(Script::new([Step::Panic]))
    });
    let body = call(&service, get("/")).await.into_body();
    let caught = AssertUnwindSafe(body.collect()).catch_unwind().await;
    assert_eq!(
        *caught.unwrap_err().downcast::<&str>().unwrap(),
        "the body panicked"
    );
    reader.take().assert_one("200", Some("panic"));
}

#[tokio::test]
async fn an_inner_error_is_a_500_and_is_returned() {
    let (recorder, reader) = recorder();
    let service = layer(recorder).layer(service_fn(|_| async {
        Err::<Response<Empty<Bytes>>, _>("no database")
    }));
    assert_eq!(service.oneshot(get("/")).await.unwrap_err(), "no database");
    reader.take().assert_one("500", Some("service_error"));
}

/// The future may be dropped long after the panic is caught, as tower-http's catch-panic does.
#[tokio::test]
async fn a_panic_in_the_future_is_recorded_once() {
    let (recorder, reader) = recorder();
    let service = layer(recorder).layer(service_fn(|_: Request<()>| async {
        panic!("in the future") as Result<Response<Empty<Bytes>>, Infallible>
    }));
    let mut future = Box::pin(service.oneshot(get("/")));
    let caught = AssertUnwindSafe(future.as_mut()).catch_unwind().await;
    assert!(caught.is_err());
    reader.take().assert_one("500", Some("panic"));
    drop(future);
    let after = reader.take();
    assert_eq!((after.requests(), after.all_aborted()), (1, 1));
}

#[tokio::test]
async fn a_panic_in_call_is_recorded() {
    type Future = std::future::Ready<Result<Response<Empty<Bytes>>, Infallible>>;
    let (recorder, reader) = recorder();
    let mut service =
        layer(recorder).layer(service_fn(|_: Request<()>| -> Future { panic!("in call") }));
    let caught = std::panic::catch_unwind(AssertUnwindSafe(|| drop(service.call(get("/")))));
    assert!(caught.is_err());
    reader.take().assert_one("500", Some("panic"));
}

#[tokio::test(start_paused = true)]
async fn an_outer_timeout_is_a_cancelled_499() {
    let (recorder, reader) = recorder();
    let service = ServiceBuilder::new()
        .timeout(Duration::from_secs(1))
        .layer(layer(recorder))
        .service(service_fn(|_| {
            pending::<Result<Response<Empty<Bytes>>, Infallible>>()
        }));
    assert!(service.oneshot(get("/")).await.is_err());
    reader.take().assert_one("499", Some("cancelled"));
}

#[tokio::test(start_paused = true)]
async fn an_inner_timeout_is_a_service_error_500() {
    let (recorder, reader) = recorder();
    let service = ServiceBuilder::new()
        .layer(layer(recorder))
        .timeout(Duration::from_secs(1))
        .service(service_fn(|_| {
            pending::<Result<Response<Empty<Bytes>>, Infallible>>()
        }));
    assert!(service.oneshot(get("/")).await.is_err());
    reader.take().assert_one("500", Some("service_error"));
}

#[tokio::test]
async fn a_future_never_polled_is_cancelled() {
    let (recorder, reader) = recorder();
    let mut service = layer(recorder).layer(service_fn(|_| async {
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    }));
    let future = service.call(get("/"));
    assert_eq!(reader.take().in_progress(), 1.0);
    drop(future);
    reader.take().assert_one("499", Some("cancelled"));
}

#[tokio::test]
async fn head_204_304_connect_and_upgrades_end_at_the_head() {
    let cases = [
        (Method::HEAD, 200),
        (Method::GET, 204),
        (Method::GET, 304),
        (Method::GET, 101),
        (Method::CONNECT, 200),
    ];
    for (method, status) in cases {
        let (recorder, reader) = recorder();
        let service = measured(layer(recorder), move |_| {
            Response::builder()
                .status(status)
                .body(Script::new([Step::Data(b"never read")]))
                .unwrap()
        });
        let request = Request::builder().method(method).uri("/").body(()).unwrap();
        drop(call(&service, request).await);
        reader.take().assert_one(&status.to_string(), None);
    }
}

#[tokio::test]
async fn head_of_an_axum_route_is_not_aborted() {
    let (recorder, reader) = recorder();
    let app = Router::new()
        .route("/", route_get(|| async { "hello" }))
        .layer(layer(recorder));
    let request = Request::head("/").body(axum::body::Body::empty()).unwrap();
    drop(app.oneshot(request).await);
    let taken = reader.take();
    taken.assert_one("200", None);
    assert_eq!(taken.values("http_requests_total", "method"), ["HEAD"]);
}

#[tokio::test]
async fn a_150_ms_stream_takes_150_ms_and_is_in_progress_meanwhile() {
    let (recorder, reader) = recorder();
    let service = measured(layer(recorder), |_| {
        Response::new(chunks(3, Duration::from_millis(50)))
    });
    let mut body = pin!(call(&service, get("/")).await.into_body());
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        read += frame.unwrap().into_data().unwrap().len();
        let taken = reader.take();
        assert_eq!((taken.in_progress(), taken.requests()), (1.0, 0));
    }
    assert_eq!(read, 3);
    let taken = reader.take();
    let durations = taken.durations();
    assert!(
        durations.len() == 1 && durations[0] >= 0.15,
        "{durations:?}"
    );
    assert_eq!((taken.in_progress(), taken.with_status("200")), (0.0, 1));
    assert_eq!(taken.all_aborted(), 0);
}

#[tokio::test]
async fn until_head_excludes_the_body_from_the_duration_only() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .duration_until(Until::Head)
        .build()
        .unwrap();
    let service = measured(layer, |_| {
        Response::new(chunks(1, Duration::from_millis(150)))
    });
    let body = call(&service, get("/")).await.into_body();
    assert_eq!(reader.take().in_progress(), 1.0);
    body.collect().await.unwrap();
    let taken = reader.take();
    assert!(taken.durations()[0] < 0.15, "{taken:?}");
    assert_eq!((taken.in_progress(), taken.with_status("200")), (0.0, 1));
}

fn chunks(count: usize, every: Duration) -> impl Body<Data = Bytes, Error = Infallible> {
    StreamBody::new(stream::unfold(count, move |left| async move {
        let left = left.checked_sub(1)?;
        tokio::time::sleep(every).await;
        Some((Ok(Frame::data(Bytes::from_static(b"x"))), left))
    }))
}

#[tokio::test]
async fn size_hint_and_end_of_stream_are_the_inner_bodys() {
    let (recorder, _) = recorder();
    let service = measured(layer(recorder), |_| {
        Response::new(Full::new(Bytes::from_static(b"four")))
    });
    let mut body = call(&service, get("/")).await.into_body();
    assert_eq!(body.size_hint().exact(), Some(4));
    assert!(!body.is_end_stream());
    body.frame().await.unwrap().unwrap();
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(body.is_end_stream());
}

#[tokio::test]
async fn each_body_size_is_recorded_once_at_the_end() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .response_body_size()
        .request_body_size()
        .build()
        .unwrap();
    let service = layer.layer(service_fn(|request: Request<_>| async {
        let read = BodyExt::collect(request.into_body())
            .await
            .unwrap()
            .to_bytes();
        assert_eq!(read, "12345");
        Ok::<_, Infallible>(Response::new(Script::new([
            Step::Data(b"ab"),
            Step::Data(b"c"),
        ])))
    }));
    let request = Request::post("/").body(Full::new(Bytes::from_static(b"12345")));
    let response = service.oneshot(request.unwrap()).await.unwrap();
    assert!(
        reader
            .take()
            .samples("http_response_body_size_bytes", &[])
            .is_empty()
    );
    response.into_body().collect().await.unwrap();

    let taken = reader.take();
    let post = [("method", "POST"), ("endpoint", "unmatched")];
    assert_eq!(taken.samples("http_request_body_size_bytes", &post), [5.0]);
    assert_eq!(taken.samples("http_response_body_size_bytes", &post), [3.0]);
}

#[tokio::test]
async fn a_body_dropped_half_way_counts_the_bytes_so_far() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .response_body_size()
        .request_body_size()
        .build()
        .unwrap();
    let service = layer.layer(service_fn(|request: Request<_>| async {
        let mut body = pin!(request.into_body());
        BodyExt::frame(&mut body).await.unwrap().unwrap();
        Ok::<_, Infallible>(Response::new(Script::new([
            Step::Data(b"ab"),
            Step::Pending,
        ])))
    }));
    let upload = Script::new([Step::Data(b"123"), Step::Data(b"45")]);
    let response = service
        .oneshot(Request::post("/").body(upload).unwrap())
        .await;
    let mut body = response.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    let taken = reader.take();
    assert_eq!(taken.samples("http_request_body_size_bytes", &[]), [3.0]);
    assert_eq!(taken.samples("http_response_body_size_bytes", &[]), [2.0]);
}

#[tokio::test]
async fn skipped_requests_are_not_recorded() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .skip(|parts| parts.uri.path() == "/quiet")
        .build()
        .unwrap();
    let service = measured(layer, |_| Response::new(Full::new(Bytes::from("x"))));
    drop(call(&service, get("/quiet")).await);
    assert_eq!(reader.take().0.len(), 0);
    call(&service, get("/loud"))
        .await
        .into_body()
        .collect()
        .await
        .unwrap();
    assert_eq!(reader.take().requests(), 1);
}

#[tokio::test]
async fn a_handler_skips_its_request_with_a_response_part() {
    let (recorder, reader) = recorder();
    let app = Router::new()
        .route("/", route_get(|| async { (SkipMetrics, "hello") }))
        .layer(
            HttpMetricsLayer::builder()
                .recorder(recorder)
                .response_body_size()
                .request_body_size()
                .build()
                .unwrap(),
        );
    let response = app
        .oneshot(Request::new(axum::body::Body::empty()))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(reader.take().in_progress(), 1.0);
    response.into_body().collect().await.unwrap();
    let names: Vec<_> = reader
        .take()
        .0
        .into_iter()
        .map(|series| series.name)
        .collect();
    assert_eq!(names, ["http_requests_in_progress"]);
    assert_eq!(reader.take().in_progress(), 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_ended_in_every_way_add_up() {
    let (recorder, reader) = recorder();
    let stream =
        || async { axum::body::Body::new(Script::new([Step::Data(b"a"), Step::Data(b"b")])) };
    let app = Router::new()
        .route("/ok", route_get(stream))
        .route("/hang", route_get(pending::<&str>))
        .route(
            "/panic",
            route_get(|| async { panic!("as planned") as &str }),
        )
        .layer(layer(recorder));
    let request = |path: &str| Request::get(path).body(axum::body::Body::empty()).unwrap();

    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..10_000 {
        let app = app.clone();
        let request = match number % 20 {
            0..=5 | 19 => request("/hang"),
            18 => request("/panic"),
            _ => request("/ok"),
        };
        tasks.spawn(async move {
            match number % 20 {
                // 3,000 dropped before the head,
                0..=5 => assert!(app.oneshot(request).now_or_never().is_none()),
                // 3,000 in mid-body,
                6..=11 => {
                    let mut body = app.oneshot(request).await.unwrap().into_body();
                    body.frame().await.unwrap().unwrap();
                }
                // 3,000 read to the end,
                12..=17 => {
                    let body = app.oneshot(request).await.unwrap().into_body();
                    assert_eq!(body.collect().await.unwrap().to_bytes(), "ab");
                }
                // 500 panics,
                18 => {
                    let caught = AssertUnwindSafe(app.oneshot(request)).catch_unwind().await;
                    assert!(caught.is_err());
                }
                // and 500 timeouts.
                _ => {
                    let timed = ServiceBuilder::new()
                        .timeout(Duration::from_millis(1))
                        .service(app);
                    assert!(timed.oneshot(request).await.is_err());
                }
            }
        });
    }
    tasks.join_all().await;

    let taken = reader.take();
    assert_eq!(taken.in_progress(), 0.0);
    assert_eq!(taken.requests(), 10_000);
    assert_eq!(taken.durations().len(), 10_000);
    assert_eq!(taken.with_status("200"), 6_000);
    assert_eq!(taken.with_status("499"), 3_500);
    assert_eq!(taken.with_status("500"), 500);
    assert_eq!(taken.aborted("cancelled"), 3_500);
    assert_eq!(taken.aborted("body_dropped"), 3_000);
    assert_eq!(taken.aborted("panic"), 500);
    assert_eq!(taken.all_aborted(), 7_000);
}

#[test]
fn no_runtime_is_needed() {
    let (recorder, reader) = recorder();
    let service = measured(layer(recorder), |_| Response::new(Empty::<Bytes>::new()));
    assert!(call(&service, get("/")).now_or_never().is_some());
    reader.take().assert_one("200", None);
}

#[test]
fn the_inner_service_is_accessible() {
    let mut server = HttpMetricsLayer::new().layer(1);
    *server.get_mut() += 1;
    assert_eq!((*server.get_ref(), server.into_inner()), (2, 2));
    let mut client = ClientMetricsLayer::new("inner").layer(1);
    *client.get_mut() += 1;
    assert_eq!((*client.get_ref(), client.into_inner()), (2, 2));
}

#[test]
fn the_future_is_send_if_the_inner_one_is() {
    fn is_send<T: Send + Future>(_: T) {}
    let mut service = HttpMetricsLayer::new().layer(service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    }));
    is_send(service.call(get("/")));
}

#[tokio::test]
async fn a_body_of_length_zero_ends_at_the_head() {
    for with_header in [false, true] {
        let (recorder, reader) = recorder();
        let service = measured(layer(recorder), move |_| {
            let redirect = Response::builder().status(302);
            if with_header {
                let redirect = redirect.header("content-length", "0");
                redirect.body(Script::new([Step::Pending])).unwrap()
            } else {
                redirect.body(Script::sized(0, [Step::Pending])).unwrap()
            }
        });
        drop(call(&service, get("/")).await);
        reader.take().assert_one("302", None);
    }
}

#[tokio::test]
async fn a_panic_in_a_user_function_is_recorded() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .label("tier", ["free"], |parts| {
            parts.headers["tier"].to_str().ok()
        })
        .build()
        .unwrap();
    let mut service = measured(layer, |_| Response::new(Empty::<Bytes>::new()));
    let caught = std::panic::catch_unwind(AssertUnwindSafe(|| drop(service.call(get("/")))));
    assert!(caught.is_err());
    let taken = reader.take();
    taken.assert_one("500", Some("panic"));
    assert_eq!(taken.values("http_requests_total", "tier"), ["other"]);
}

/// The first request ends while no recorder is current, so the handles of its status are registered with none.
#[tokio::test]
async fn a_request_that_outlives_its_local_recorder_does_not_affect_later_ones() {
    let prometheus = Prometheus::builder().build().unwrap();
    let layer = HttpMetricsLayer::builder().response_body_size().build();
    let mut service = measured(layer.unwrap(), |_| Response::new(Empty::<Bytes>::new()));
    let first = metrics::with_local_recorder(&prometheus, || service.call(get("/")));
    let _ = first.await;
    for _ in 0..2 {
        metrics::with_local_recorder(&prometheus, || {
            let whole = async { call(&service, get("/")).await.into_body().collect().await };
            whole.now_or_never().unwrap().unwrap();
        });
    }
    let snapshot = prometheus.snapshot();
    assert_eq!(snapshot.sum("http_requests_total", &[]), Some(2.0));
    assert_eq!(snapshot.sum("http_requests_in_progress", &[]), Some(0.0));
    let family = snapshot.family("http_response_body_size_bytes").unwrap();
    let Value::Histogram(sizes) = &family.series[0].value else {
        panic!("{family:?}");
    };
    assert_eq!(sizes.count, 2);
}

/// Servers differ in how they end a body, so this test uses a real one.
#[tokio::test]
async fn over_a_real_connection_no_complete_response_is_aborted() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let stream = |steps: &'static [Step]| axum::body::Body::new(Script::new(steps.to_vec()));
    let parts: &[Step] = &[Step::Data(b"ab"), Step::Data(b"c")];
    let sized = move |length: &'static str| ([("content-length", length)], stream(parts));
    let routes = [
        (
            "/text",
            route_get(|| async { "text" }).post(|| async { "text" }),
        ),
        ("/empty", route_get(|| async {}).post(|| async {})),
        ("/204", route_get(|| async { StatusCode::NO_CONTENT })),
        ("/304", route_get(|| async { StatusCode::NOT_MODIFIED })),
        ("/large", route_get(|| async { "x".repeat(3_000_000) })),
        ("/stream", route_get(move || async move { stream(parts) })),
        ("/sized", route_get(move || async move { sized("3") })),
        (
            "/trailers",
            route_get(move || async move { stream(&[Step::Data(b"a"), Step::Trailers]) }),
        ),
    ];
    let paths = routes.each_ref().map(|(path, _)| *path);
    let prometheus = Prometheus::builder().build().unwrap();
    let app = routes
        .into_iter()
        .fold(Router::new(), |router, (path, route)| {
            router.route(path, route)
        })
        .route("/short", route_get(move || async move { sized("9") }))
        .layer(layer(prometheus.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app).await });

    let send = |line: String| async move {
        let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
        let request =
            format!("{line}\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        // An incomplete response may end in a reset.
        let _ = connection.read_to_end(&mut Vec::new()).await;
    };
    let mut count = 0.0;
    for path in paths {
        for line in [
            "GET {} HTTP/1.1",
            "HEAD {} HTTP/1.1",
            "GET {} HTTP/1.0",
            "POST {} HTTP/1.1",
        ] {
            send(line.replace("{}", path)).await;
            count += 1.0;
        }
    }
    let sum = |family: &str| prometheus.snapshot().sum(family, &[]);
    crate::support::until("all are counted", async || {
        sum("http_requests_total") == Some(count)
    })
    .await;
    assert_eq!(sum("http_requests_in_progress"), Some(0.0));
    assert_eq!(sum("http_requests_aborted_total"), None);

    send("GET /short HTTP/1.1".to_owned()).await;
    crate::support::until("the short one is counted too", async || {
        sum("http_requests_total") == Some(count + 1.0)
    })
    .await;
    let snapshot = prometheus.snapshot();
    let short = [("endpoint", "/short"), ("reason", "body_error")];
    assert_eq!(
        snapshot.sum("http_requests_aborted_total", &short),
        Some(1.0)
    );
    assert_eq!(sum("http_requests_in_progress"), Some(0.0));
}
