//! Rules as data, and the mistakes that `build` reports.

use std::time::Duration;

use tower_vitals::alerts::{Level, NoData, Pending, Rule, Rules, Selector, Signal};
use tower_vitals::catalog::{Catalog, Family};

use super::metrics::seconds;

fn error(builder: tower_vitals::alerts::RulesBuilder) -> String {
    builder.build().unwrap_err().to_string()
}

fn mistake(rule: Rule) -> String {
    error(Rules::builder().rule(rule))
}

fn value(metric: &str) -> Rule {
    Rule::new("R", Signal::value(metric))
}

#[test]
fn a_rule_survives_json_and_absent_fields_have_their_defaults() {
    let requests = Selector::new("http_requests_total");
    let failed = requests
        .clone()
        .starts_with("status", "5")
        .ne("method", "GET");
    let signals = [
        Signal::value("events_total"),
        Signal::rate("events_total", seconds(60)),
        Signal::increase("events_total", Duration::from_millis(1500)),
        Signal::ratio(failed, requests, seconds(300)).by(["endpoint"]),
        Signal::average("db_query_duration_seconds", seconds(60)),
        Signal::quantile(0.99, "db_query_duration_seconds", seconds(60)),
        Signal::age("scheduler_job_last_success_timestamp_seconds"),
        Signal::absent(Selector::new("events_total").eq("event_type", "order")),
    ];
    for signal in signals {
        let rule = Rule::new("R", signal)
            .le(0.25)
            .consecutive(3)
            .keep_firing_for(seconds(90))
            .no_data(NoData::Fire)
            .min_events(50)
            .level(Level::Critical)
            .summary("{{ value }}")
            .description("..")
            .runbook_url("https://example.com/runbook")
            .label("team", "shop");
        let json = serde_json::to_string(&rule).unwrap();
        assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), rule, "{json}");
    }
    let json = r#"{"name": "R", "signal": {"measure": {"rate": {"selector": {"metric": "events_total"}, "window": 60}}}}"#;
    let rule: Rule = serde_json::from_str(json).unwrap();
    assert_eq!(
        rule,
        Rule::new("R", Signal::rate("events_total", seconds(60))).gt(0.0)
    );
    assert_eq!((rule.min_events, rule.level), (10, Level::Warning));
    let unknown = json.replace("\"name\"", "\"nmae\": 1, \"name\"");
    assert!(serde_json::from_str::<Rule>(&unknown).is_err());
}

#[test]
fn consecutive_evaluations_are_one_interval_fewer() {
    let duration = |pending: Pending| pending.duration(seconds(15));
    assert_eq!(duration(value("m").consecutive(1).pending), seconds(0));
    assert_eq!(duration(value("m").consecutive(4).pending), seconds(45));
    assert_eq!(
        duration(value("m").for_duration(seconds(7)).pending),
        seconds(7)
    );
    assert_eq!(duration(value("m").pending), seconds(0));
}

#[test]
fn a_mistyped_metric_or_label_is_a_mistake_with_a_proposal() {
    let expected =
        r#"rule "R": the catalogue has no metric "event_total", did you mean "events_total"?"#;
    assert_eq!(mistake(value("event_total")), expected);
    let expected = r#"rule "R": the catalogue has no metric "orders_of_mine_total""#;
    assert_eq!(mistake(value("orders_of_mine_total")), expected);
    let expected =
        r#"rule "R": metric "http_requests_total" has no label "statsu", did you mean "status"?"#;
    let selector = Selector::new("http_requests_total").eq("statsu", "500");
    assert_eq!(mistake(Rule::new("R", Signal::value(selector))), expected);
    let signal = Signal::value("http_requests_total").by(["method", "region"]);
    let expected = r#"rule "R": metric "http_requests_total" has no label "region""#;
    assert_eq!(mistake(Rule::new("R", signal)), expected);
}

#[test]
fn own_metrics_prefixes_and_extra_labels_are_known() {
    let mut catalog = Catalog::new();
    catalog
        .register(Family::counter("orders_total", "Orders.").labels(&["shop"]))
        .unwrap();
    let signal = Signal::rate("app_orders_total", seconds(60)).by(["shop", "region"]);
    let builder = Rules::builder()
        .rule(Rule::new("R", signal))
        .catalog(catalog)
        .prefix("app_");
    let message = error(builder.clone());
    assert_eq!(
        message,
        r#"rule "R": metric "app_orders_total" has no label "region""#
    );
    assert_eq!(builder.extra_labels(["region"]).build().unwrap().len(), 1);
    let prefixed = Rules::builder()
        .prefix("app_")
        .rule(value("app_event_total"));
    assert!(error(prefixed).ends_with("did you mean \"app_events_total\"?"));
    let open = Rules::builder()
        .rule(value("anything"))
        .allow_unknown_metrics();
    assert!(open.build().unwrap().get("R").is_some());
}

#[test]
fn a_signal_needs_its_kind_of_metric() {
    let expected = r#"rule "R": metric "http_request_duration_seconds" is a histogram, and the signal needs a counter"#;
    let signal = Signal::rate("http_request_duration_seconds", seconds(60));
    assert_eq!(mistake(Rule::new("R", signal)), expected);
    for part in ["_count", "_sum"] {
        let metric = ["http_request_duration_seconds", part].concat();
        let rule = Rule::new("R", Signal::rate(&*metric, seconds(60)).by(["endpoint"]));
        assert!(Rules::builder().rule(rule).build().is_ok(), "{metric}");
    }
    let expected = r#"rule "R": the catalogue has no metric "plugins_loaded_count""#;
    assert_eq!(mistake(value("plugins_loaded_count")), expected);
    let signal = Signal::quantile(0.5, "http_requests_total", seconds(60));
    assert!(mistake(Rule::new("R", signal)).ends_with("needs a histogram"));
    assert!(
        mistake(value("http_request_duration_seconds")).ends_with("needs a gauge or a counter")
    );
}

#[test]
fn each_impossible_number_is_a_mistake() {
    let rate = |window| Rule::new("R", Signal::rate("events_total", window));
    assert!(mistake(rate(Duration::ZERO)).ends_with("the window is zero"));
    assert!(mistake(rate(Duration::from_micros(900))).ends_with("the window is zero"));
    for quantile in [-0.1, 1.1, f64::NAN] {
        let signal = Signal::quantile(quantile, "db_query_duration_seconds", seconds(60));
        assert!(
            mistake(Rule::new("R", signal)).contains("0 to 1 is allowed"),
            "{quantile}"
        );
    }
    assert!(
        mistake(value("events_total").gt(f64::NAN))
            .contains("the threshold is NaN: a number is needed")
    );
    assert!(mistake(value("events_total").lt(f64::INFINITY)).contains("is inf"));
    assert!(mistake(value("events_total").consecutive(0)).contains("at least 1"));
    assert!(mistake(Rule::new("", Signal::value("events_total"))).contains("empty"));
    let signal = Signal::absent("events_total").by(["event_type"]);
    assert!(mistake(Rule::new("R", signal)).contains("no groups"));
}

#[test]
fn a_label_needs_a_name_of_prometheus_that_no_group_has() {
    let rule = || Rule::new("R", Signal::value("events_total").by(["event_type"]));
    assert!(mistake(rule().label("the.team", "shop")).contains("\"the.team\" is refused"));
    assert!(mistake(rule().label("alertname", "R")).contains("the name of the rule"));
    let expected = r#"rule "R": label "event_type" is one of the groups, too"#;
    assert_eq!(mistake(rule().label("event_type", "order")), expected);
}

#[test]
fn a_template_may_name_the_labels_that_the_alert_has() {
    let rule =
        || Rule::new("R", Signal::value("events_total").by(["event_type"])).label("team", "shop");
    let good = rule().summary("{{ labels.event_type }} {{ labels.team }} {{ value | bytes }}");
    assert!(Rules::builder().rule(good).build().is_ok());
    let absent = Signal::absent(Selector::new("events_total").eq("event_type", "order"));
    let absent = Rule::new("R", absent).summary("{{ labels.event_type }}");
    assert!(Rules::builder().rule(absent).build().is_ok());
    let expected =
        r#"rule "R": summary: the alert has no label "event_typ", did you mean "event_type"?"#;
    assert_eq!(mistake(rule().summary("{{ labels.event_typ }}")), expected);
    assert!(
        mistake(rule().description("{{ vlaue }}"))
            .contains("description: \"{{ vlaue }}\" is unknown")
    );
    assert!(
        mistake(rule().description("{{ value | hex }}")).contains("percent, bytes and seconds")
    );
    assert!(mistake(rule().description("{{ value")).contains("has no }}"));
}

#[test]
fn all_mistakes_are_in_one_error() {
    let bad = Rule::new("A", Signal::rate("event_total", Duration::ZERO)).gt(f64::NAN);
    let builder = Rules::builder().rules([
        bad,
        value("events_total"),
        value("events_total"),
        value("events_total"),
    ]);
    let message = error(builder);
    assert!(message.starts_with("4 mistakes: "), "{message}");
    for part in [
        "NaN",
        "window",
        "event_total",
        "several rules are named \"R\"",
    ] {
        assert!(message.contains(part), "{message}");
    }
}
