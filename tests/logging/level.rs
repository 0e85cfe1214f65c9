//! The filter is changed while the service runs: as a whole, for one target, for some time. Wrong filters change nothing, and
//! changes are logged.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tower_vitals::ErrorKind;
use tower_vitals::telemetry::logging::LogLevel;

use crate::json_log::{Lines, builder, log_this_thread};
use crate::support::until;

const MINUTE: Duration = Duration::from_secs(60);

/// One event of each kind that a filter may tell apart. Returns the messages that passed.
fn seen(lines: &Lines) -> Vec<String> {
    lines.take();
    tracing::trace!("trace");
    tracing::debug!("debug");
    tracing::info!("info");
    tracing::warn!("warn");
    tracing::error!("error");
    tracing::info!(target: "hyper::client", "hyper info");
    tracing::warn!(target: "hyper_util", "hyper_util warn");
    lines.messages()
}

fn log(filter: &str) -> (LogLevel, Lines, impl Drop) {
    let (builder, lines) = builder();
    let (handle, guard) = log_this_thread(builder.filter(filter));
    (handle.level(), lines, guard)
}

#[test]
fn events_pass_as_the_filter_says_before_and_after_a_change() {
    let (level, lines, _guard) = log("info,hyper=warn");
    assert_eq!(seen(&lines), ["info", "warn", "error", "hyper_util warn"]);
    for (filter, expected) in [
        ("error", &["error"][..]),
        ("off", &[]),
        ("off,hyper=info", &["hyper info", "hyper_util warn"]),
        ("debug,hyper=off", &["debug", "info", "warn", "error"]),
        (
            "Trace,hyper::client=warn",
            &["trace", "debug", "info", "warn", "error", "hyper_util warn"],
        ),
    ] {
        level.set(filter).unwrap();
        assert_eq!(seen(&lines), expected, "{filter}");
        assert_eq!(level.filter(), filter.to_lowercase());
    }
}

#[test]
fn the_level_of_one_target_is_changed() {
    let (level, lines, _guard) = log("warn");
    level.set_target("hyper::client", "INFO").unwrap();
    assert_eq!(level.filter(), "warn,hyper::client=info");
    assert_eq!(
        seen(&lines),
        ["warn", "error", "hyper info", "hyper_util warn"]
    );
    level.set_target("hyper", "off").unwrap();
    level.set_target("hyper::client", "off").unwrap();
    assert_eq!(level.filter(), "warn,hyper::client=off,hyper=off");
    assert_eq!(seen(&lines), ["warn", "error"]);
}

#[test]
fn wrong_filters_change_nothing_and_their_error_says_what_is_allowed() {
    let (level, lines, _guard) = log("info");
    let problem = |changed: Result<(), tower_vitals::Error>| {
        let error = changed.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        error.to_string()
    };
    let levels = "off, error, warn, info, debug and trace are levels";
    assert_eq!(
        problem(level.set("none")),
        format!("the log filter is wrong: \"none\" is no level: write off; {levels}")
    );
    assert_eq!(
        problem(level.set_for("info,hyper", MINUTE)),
        format!(
            "the log filter is wrong: \"hyper\" is no level: {levels}, and a target needs one (like hyper=warn)"
        )
    );
    assert_eq!(
        problem(level.set_target("hyper", "warning")),
        format!("the log filter is wrong: \"warning\" is no level: write warn; {levels}")
    );
    assert_eq!(
        problem(level.set_target_for("hyper,h2", "info", MINUTE)),
        "the log filter is wrong: \"hyper,h2\" is no target: a path like hyper::client is needed"
    );
    assert_eq!(
        problem(level.set("info,[span{id=7]=debug")),
        "the log filter is wrong: \"[span{id=7]=debug\" cannot be read: invalid filter directive"
    );
    let time = "the time of a log filter is wrong: more than 0 and at most 604800 seconds (7 days) are allowed";
    for wrong in [
        Duration::ZERO,
        7 * 24 * 60 * MINUTE + Duration::from_nanos(1),
    ] {
        assert_eq!(problem(level.set_for("debug", wrong)), time);
    }
    assert_eq!(level.filter(), "info");
    assert_eq!(lines.messages(), [""; 0]);
}

#[test]
fn the_value_of_a_field_is_no_regular_expression() {
    let (level, lines, _guard) = log("info");
    level.set("info,[s{f=a.c}]=debug").unwrap();
    let seen = |value: &str| {
        lines.take();
        let _span = tracing::info_span!("s", f = %value).entered();
        tracing::debug!("in it");
        lines.messages().len()
    };
    assert_eq!((seen("abc"), seen("a.c")), (0, 1));
    // A text that no regular expression has.
    level.set("info,[s{f=/[/}]=debug").unwrap();
    assert_eq!((seen("["), seen("/[/")), (0, 1));

    level.set("info,[s{f=\"a\"}]=debug").unwrap();
    let _span = tracing::info_span!("s", f = "a").entered();
    lines.take();
    tracing::debug!("a string has quotes");
    assert_eq!(lines.messages(), ["a string has quotes"]);
}

#[test]
fn a_builder_refuses_a_wrong_filter() {
    let error = |builder: tower_vitals::telemetry::logging::LoggingBuilder| {
        let built = builder.layer::<tracing_subscriber::Registry>();
        built.map(|_| ()).unwrap_err().to_string()
    };
    let wrong = error(builder().0.filter("warning"));
    assert!(
        wrong.starts_with("the log filter is wrong: \"warning\" is no level: write warn"),
        "{wrong}"
    );
    let wrong = error(builder().0.own_level("none"));
    assert!(
        wrong.starts_with("the log filter is wrong: \"none\" is no level: write off"),
        "{wrong}"
    );
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
}

#[test]
fn a_filter_with_an_end_returns_by_itself() {
    let (level, lines, _guard) = log("info");
    let before = SystemTime::now();
    level.set_for("debug", 10 * MINUTE).unwrap();
    let status = level.status();
    assert_eq!(status.filter, "debug");
    assert_eq!(status.configured, "info");
    assert_eq!(status.returns_to.as_deref(), Some("info"));
    let until = status.until.unwrap();
    assert!((before + 10 * MINUTE..=SystemTime::now() + 10 * MINUTE).contains(&until));

    level.set_for("debug", Duration::from_nanos(1)).unwrap();
    level.set_for("trace", Duration::from_millis(20)).unwrap();
    runtime().block_on(until_filter(&level, "info"));
    assert_eq!(
        (level.status().until, level.status().returns_to),
        (None, None)
    );
    assert_eq!(seen(&lines)[0], "info");
}

async fn until_filter(level: &LogLevel, filter: &str) {
    until("the filter returns", async || level.filter() == filter).await;
}

#[test]
fn no_runtime_shortens_or_prolongs_the_time_of_a_filter() {
    let (level, _lines, _guard) = log("info");
    let without_time = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    without_time.block_on(async {
        level.set_for("debug", MINUTE).unwrap();
        tokio::task::yield_now().await;
    });
    assert_eq!(level.filter(), "debug");
    let ended = runtime();
    ended.block_on(async { level.set_for("trace", MINUTE).unwrap() });
    drop(ended);
    assert_eq!(level.filter(), "trace");

    let not_driven = runtime();
    not_driven.block_on(async {
        level.set_for("debug", Duration::from_millis(1)).unwrap();
    });
    runtime().block_on(until_filter(&level, "info"));
}

#[test]
fn a_lasting_target_ends_a_filter_with_an_end() {
    let (level, _lines, _guard) = log("info");
    level.set_for("trace", MINUTE).unwrap();
    level.set_target("sqlx", "warn").unwrap();
    assert_eq!(level.filter(), "info,sqlx=warn");
    assert_eq!(level.status().until, None);
}

#[test]
fn each_change_is_logged_whatever_the_filter_is() {
    let (level, lines, _guard) = log("info");
    level.set("off").unwrap();
    level.set_target_for("hyper", "warn", MINUTE).unwrap();
    let until = serde_json::to_value(level.status()).unwrap()["until"].clone();
    let changes: Vec<Value> = lines
        .take()
        .into_iter()
        .map(|line| {
            assert_eq!(line["level"], "INFO");
            assert_eq!(line["logger"], "tower_vitals::log_level");
            assert_eq!(line["message"], "the log filter was changed");
            json!([line["from"], line["to"], line["until"]])
        })
        .collect();
    assert_eq!(
        changes,
        [
            json!(["info", "off", null]),
            json!(["off", "off,hyper=warn", until]),
        ]
    );
    assert!(until.as_str().unwrap().ends_with('Z'), "{until}");
}

#[test]
fn the_crates_own_lines_have_a_level_of_their_own() {
    let (builder, lines) = builder();
    let builder = builder.filter("info,tower_vitals=trace").own_level("error");
    let (handle, _guard) = log_this_thread(builder);
    assert_eq!(handle.level().filter(), "info,tower_vitals=error");
    tracing::warn!(target: "tower_vitals::routes", "own");
    tracing::warn!(target: "shop", "other");
    assert_eq!(lines.messages(), ["other"]);
}
