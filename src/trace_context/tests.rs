//! The headers of requests received and sent, and the ids of spans.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Span, info_span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use super::propagation::well_formed_baggage;
use super::{Parent, current_ids, ids, ids_in_layer, inject, inject_current};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";

fn subscribe() -> DefaultGuard {
    let tracer = SdkTracerProvider::builder().build().tracer("tests");
    let layer = tracing_opentelemetry::layer().with_tracer(tracer);
    tracing_subscriber::registry().with(layer).set_default()
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let header = |(name, value): &(&str, &str)| {
        let name: HeaderName = name.parse().unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    };
    let mut headers = HeaderMap::new();
    for (name, value) in pairs.iter().map(header) {
        headers.append(name, value);
    }
    headers
}

/// The headers of a request that is sent while one with `received` is served.
fn sent_on(received: &HeaderMap) -> HeaderMap {
    let parent = Parent::enter(received);
    let span = info_span!("server");
    drop(parent);
    let mut sent = HeaderMap::new();
    inject(&span, &mut sent);
    sent
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

/// The cases of the W3C's test suite for `traceparent`.
#[test]
fn traceparent_is_taken_over_or_refused() {
    let _subscribed = subscribe();
    let (id, span) = CALLER.split_once('-').unwrap();
    let taken = [
        ("sampled", format!("00-{CALLER}-01"), "01"),
        ("not sampled", format!("00-{CALLER}-00"), "00"),
        ("unknown flags", format!("00-{CALLER}-ff"), "01"),
        ("unknown flags alone", format!("00-{CALLER}-fe"), "00"),
        ("blanks around", format!(" 00-{CALLER}-01\t"), "01"),
        ("a future version", format!("01-{CALLER}-01"), "01"),
        (
            "a future version with more",
            format!("cc-{CALLER}-01-what-the-future"),
            "01",
        ),
        (
            "a future version with a dash",
            format!("cc-{CALLER}-01-"),
            "01",
        ),
    ];
    for (case, received, flags) in taken {
        let sent = sent_on(&headers(&[("TraceParent", &received)]));
        let sent = text(&sent, "traceparent");
        assert!(sent.starts_with(&format!("00-{TRACE}-")), "{case}: {sent}");
        assert!(sent.ends_with(&format!("-{flags}")), "{case}: {sent}");
        assert_ne!(&sent[36..52], span, "{case}: the span is a new one");
    }
    let refused = [
        ("empty", String::new()),
        ("no dashes", "00".repeat(27) + "0"),
        ("version ff", format!("ff-{CALLER}-01")),
        ("a short version", format!("0-{CALLER}-01")),
        ("a version of letters", format!("xx-{CALLER}-01")),
        ("a version in upper case", format!("CC-{CALLER}-01")),
        ("version 00 with more", format!("00-{CALLER}-01-more")),
        ("version 00 with a dash", format!("00-{CALLER}-01-")),
        (
            "a future version with a dot",
            format!("cc-{CALLER}-01.what-the-future"),
        ),
        (
            "a trace of zeros",
            format!("00-{}-{span}-01", "0".repeat(32)),
        ),
        ("a span of zeros", format!("00-{id}-{}-01", "0".repeat(16))),
        ("a short trace", format!("00-{}-{span}-01", &id[1..])),
        ("a long trace", format!("00-a{id}-{span}-01")),
        ("a short span", format!("00-{id}-{}-01", &span[1..])),
        ("a long span", format!("00-{id}-a{span}-01")),
        (
            "an upper-case trace",
            format!("00-{}-{span}-01", id.to_uppercase()),
        ),
        (
            "an upper-case span",
            format!("00-{id}-{}-01", span.to_uppercase()),
        ),
        ("a trace with a sign", format!("00-+{}-{span}-01", &id[1..])),
        ("a dot in the trace", format!("00-.{}-{span}-01", &id[1..])),
        ("no flags", format!("00-{CALLER}")),
        ("short flags", format!("00-{CALLER}-1")),
        ("long flags", format!("00-{CALLER}-001")),
        ("flags with a dot", format!("00-{CALLER}-.0")),
        ("flags in upper case", format!("00-{CALLER}-0A")),
        ("not ASCII", format!("00-{}é-{span}-01", &id[2..])),
    ];
    for (case, received) in refused {
        let received = headers(&[("traceparent", &received), ("tracestate", "foo=1")]);
        let sent = sent_on(&received);
        let parent = text(&sent, "traceparent");
        assert_eq!(parent.len(), 55, "{case}: {parent}");
        assert!(!parent.contains(TRACE), "{case}: {parent}");
        assert!(!sent.contains_key("tracestate"), "{case}: without a trace");
    }
    let both = format!("00-{CALLER}-01");
    let sent = sent_on(&headers(&[("traceparent", &both), ("traceparent", &both)]));
    assert!(!text(&sent, "traceparent").contains(TRACE), "two headers");
}

#[test]
fn tracestate_is_sent_on_or_discarded() {
    let _subscribed = subscribe();
    let members = |count: usize| {
        let members: Vec<_> = (1..=count)
            .map(|at| format!("bar{at:02}={at:02}"))
            .collect();
        members.join(",")
    };
    let long = format!("{}=1", "z".repeat(256));
    let too_long = format!("{}=1", "z".repeat(257));
    let (at_most, too_many) = (members(32), members(33));
    for (case, received, expected) in [
        ("one", vec!["foo=1"], "foo=1"),
        ("two", vec!["foo=1,bar=2"], "foo=1,bar=2"),
        ("several headers", vec!["foo=1", "bar=2"], "foo=1,bar=2"),
        ("blanks", vec!["foo=1 \t , \t bar=2"], "foo=1,bar=2"),
        ("empty members", vec!["foo=1,,bar=2,"], "foo=1,bar=2"),
        ("an empty header", vec![""], ""),
        ("a tenant", vec!["t0@v=1"], "t0@v=1"),
        (
            "all characters",
            vec!["a_-*/9=!\"#$%&'()*+-./:;<>?@[]^_`{|}~"],
            "a_-*/9=!\"#$%&'()*+-./:;<>?@[]^_`{|}~",
        ),
        ("a long key", vec![&long], &long),
        ("a key that is too long", vec![&too_long, "foo=1"], ""),
        ("no value", vec!["foo=1,bar"], ""),
        ("an upper-case key", vec!["FOO=1"], ""),
        ("a key of two tenants", vec!["a@b@c=1"], ""),
        ("32 members", vec![&at_most], &at_most),
        ("33 members", vec![&too_many], &at_most),
    ] {
        let parent = format!("00-{CALLER}-01");
        let mut received: Vec<_> = received.into_iter().map(|it| ("tracestate", it)).collect();
        received.push(("traceparent", &parent));
        let sent = sent_on(&headers(&received));
        assert_eq!(text(&sent, "tracestate"), expected, "{case}");
        assert_eq!(
            sent.contains_key("tracestate"),
            !expected.is_empty(),
            "{case}"
        );
        assert!(
            text(&sent, "traceparent").contains(TRACE),
            "{case}: still the trace"
        );
    }
}

#[test]
fn baggage_is_sent_on() {
    let _subscribed = subscribe();
    let parent = format!("00-{CALLER}-01");
    let received = headers(&[
        ("traceparent", &parent),
        ("Baggage", "shop=eu"),
        ("baggage", "name=J%C3%BCrgen"),
    ]);
    let sent = sent_on(&received);
    let mut members: Vec<_> = text(&sent, "baggage").split(',').collect();
    members.sort_unstable();
    assert_eq!(members, ["name=J%C3%BCrgen", "shop=eu"]);
    let sent = sent_on(&headers(&[("traceparent", &parent)]));
    assert!(!sent.contains_key("baggage"));
}

#[test]
fn malformed_baggage_is_dropped_before_it_is_parsed() {
    let read = |lines: &[&str]| {
        let lines: Vec<_> = lines.iter().map(|line| ("baggage", *line)).collect();
        well_formed_baggage(&headers(&lines))
    };
    assert_eq!(
        read(&[
            "shop=eu,broken, ;p=1,name=J%C3%BCrgen;p=1;q",
            ",,",
            "a=%FF,%FF=a,=b,b=="
        ]),
        "shop=eu,name=J%C3%BCrgen;p=1;q,b=="
    );
    let long = format!("a={}", "x".repeat(8190));
    assert_eq!(read(&[&long]), long);
    assert_eq!(read(&[&long, "b=1"]), "");
    assert_eq!(read(&[&"=".repeat(10_000)]), "");
}

#[test]
fn the_headers_of_a_request_are_replaced() {
    let _subscribed = subscribe();
    let received = headers(&[("traceparent", &format!("00-{CALLER}-01"))]);
    let parent = Parent::enter(&received);
    let span = info_span!("server");
    drop(parent);
    let mut sent = headers(&[
        (
            "traceparent",
            "00-11111111111111111111111111111111-2222222222222222-01",
        ),
        ("tracestate", "stale=1"),
    ]);
    inject(&span, &mut sent);
    assert_eq!(sent.get_all("traceparent").iter().count(), 1);
    assert!(text(&sent, "traceparent").contains(TRACE));
    assert!(!sent.contains_key("tracestate"));
}

#[test]
fn ids_are_those_of_the_span() {
    let _subscribed = subscribe();
    assert_eq!(current_ids(), None);
    let received = headers(&[("traceparent", &format!("00-{CALLER}-01"))]);
    let parent = Parent::enter(&received);
    let outer = info_span!("outer");
    drop(parent);
    let outer_ids = ids(&outer).unwrap();
    assert_eq!(outer_ids.trace_id().as_str(), TRACE);
    assert!(outer_ids.is_sampled());
    outer.in_scope(|| {
        assert_eq!(current_ids(), Some(outer_ids));
        let inner = info_span!("inner");
        let inner_ids = ids(&inner).unwrap();
        assert_eq!(inner_ids.trace_id, outer_ids.trace_id);
        assert_ne!(inner_ids.span_id, outer_ids.span_id);
        assert_eq!(current_ids(), Some(outer_ids));
        inner.in_scope(|| assert_eq!(current_ids(), Some(inner_ids)));
        let mut sent = HeaderMap::new();
        inject_current(&mut sent);
        let expected = format!("00-{TRACE}-{}-01", outer_ids.span_id().as_str());
        assert_eq!(text(&sent, "traceparent"), expected);
    });
    assert_eq!(current_ids(), None);
}

#[test]
fn without_traces_nothing_is_read_and_nothing_is_written() {
    let span = info_span!("server");
    let sent = sent_on(&headers(&[("traceparent", &format!("00-{CALLER}-01"))]));
    assert_eq!(
        (sent.len(), ids(&span), ids(&Span::none())),
        (0, None, None)
    );
    let _subscribed = tracing_subscriber::registry().set_default();
    let sent = sent_on(&headers(&[("traceparent", &format!("00-{CALLER}-01"))]));
    assert_eq!((sent.len(), ids(&info_span!("server"))), (0, None));
}

/// A layer of logs sees the ids of an event's span, also of one that is not entered.
#[test]
fn a_layer_knows_the_ids() {
    use std::sync::{Arc, Mutex};
    type Seen = Arc<Mutex<Vec<Option<String>>>>;
    #[derive(Default)]
    struct Logs {
        seen: Seen,
        dispatch: std::sync::OnceLock<tracing::dispatcher::WeakDispatch>,
    }
    impl<S> Layer<S> for Logs
    where
        S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    {
        fn on_register_dispatch(&self, dispatch: &Dispatch) {
            let _ = self.dispatch.set(dispatch.downgrade());
        }

        fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
            let ids = match event.parent() {
                Some(parent) => {
                    let dispatch = self.dispatch.get().unwrap().upgrade().unwrap();
                    ids_in_layer(parent, &dispatch)
                }
                None => current_ids(),
            };
            assert_eq!(event.parent().is_none(), event.is_contextual());
            let _ = context;
            let id = ids.map(|ids| ids.span_id().as_str().to_owned());
            self.seen.lock().unwrap().push(id);
        }
    }
    let tracer = SdkTracerProvider::builder().build().tracer("tests");
    let logs = Logs::default();
    let seen = Arc::clone(&logs.seen);
    let layer = tracing_opentelemetry::layer().with_tracer(tracer);
    let subscriber = tracing_subscriber::registry().with(logs).with(layer);
    let _subscribed = subscriber.set_default();
    let (entered, other) = (info_span!("entered"), info_span!("other"));
    tracing::info!("outside");
    entered.in_scope(|| {
        tracing::info!("inside");
        tracing::info!(parent: &other, "elsewhere");
    });
    let id = |span| Some(ids(span).unwrap().span_id().as_str().to_owned());
    assert_eq!(*seen.lock().unwrap(), [None, id(&entered), id(&other)]);
}
