//! Sets of rules: inhibitions, JSON, prefixes, changes, and the mistakes that `build` reports.

use std::time::Duration;

use tower_vitals::alerts::state::{Inhibition, RuleHead};
use tower_vitals::alerts::{Announcer, Level, Rule, Rules, RulesBuilder, Scope, Selector, Signal};

use super::metrics::seconds;

fn rule(name: &str) -> Rule {
    Rule::new(name, Signal::value("events_total").by(["event_type"]))
}

fn error(builder: RulesBuilder) -> String {
    builder.build().unwrap_err().to_string()
}

fn mistake(rule: Rule) -> String {
    error(Rules::builder().rule(rule))
}

#[test]
fn new_fields_have_setters_and_defaults() {
    let plain = rule("R");
    assert_eq!(plain.auto_resolve, None);
    assert_eq!(
        (plain.scope, plain.announced_by),
        (Scope::Instance, Announcer::Service)
    );
    assert!(plain.inhibited_by.is_empty() && plain.channels.is_empty());
    let set = rule("R")
        .auto_resolve(seconds(90))
        .inhibited_by("A")
        .inhibited_by(Inhibition::by("B").equal(["event_type"]))
        .channels(["chat", "mail"])
        .scope(Scope::Shared)
        .announced_by(Announcer::Prometheus);
    let json = serde_json::to_value(&set).unwrap();
    assert_eq!(json["auto_resolve"], 90.0);
    assert_eq!(json["channels"], serde_json::json!(["chat", "mail"]));
    assert_eq!(json["scope"], "shared");
    assert_eq!(json["announced_by"], "prometheus");
    assert_eq!(json["inhibited_by"][1]["equal"][0], "event_type");
}

#[test]
fn the_state_machine_gets_auto_resolve_and_inhibitions() {
    let rule = rule("R").auto_resolve(seconds(90)).inhibited_by("A");
    let head = RuleHead::of(&rule, seconds(15));
    assert_eq!(head.timing.auto_resolve, Some(seconds(90)));
    assert_eq!(head.inhibited_by, [Inhibition::by("A")]);
}

#[test]
fn an_inhibition_names_a_rule_and_labels_that_both_have() {
    let with = |inhibition: Inhibition| {
        let source = Rule::new("Source", Signal::value("plugins_loaded")).label("team", "shop");
        let target = rule("Target")
            .label("team", "shop")
            .inhibited_by(inhibition);
        Rules::builder().rules([source, target])
    };
    let expected =
        r#"rule "Target": no rule "Sorce" exists that could inhibit it, did you mean "Source"?"#;
    assert_eq!(error(with(Inhibition::by("Sorce"))), expected);
    let expected = r#"rule "Target": its inhibition by "Source" compares label "event_type", which alerts of "Source" lack"#;
    let inhibition = Inhibition::by("Source").equal(["event_type"]);
    assert_eq!(error(with(inhibition)), expected);
    let message = error(with(Inhibition::by("Source").equal(["region"])));
    assert!(message.starts_with("2 mistakes: "), "{message}");
    assert!(message.contains("alerts of \"Target\" lack"), "{message}");
    assert!(message.contains("alerts of \"Source\" lack"), "{message}");
    let good = Inhibition::by("Source").equal(["team"]);
    assert_eq!(with(good).build().unwrap().len(), 2);
    assert_eq!(with(Inhibition::by("Source")).build().unwrap().len(), 2);
}

#[test]
fn a_rule_inhibits_itself_only_among_equal_labels() {
    let message = mistake(rule("R").inhibited_by("R"));
    assert!(
        message.starts_with("rule \"R\": it inhibits itself"),
        "{message}"
    );
    let inhibition = Inhibition::by("R").equal(["event_type"]);
    let rules = Rules::builder().rule(rule("R").inhibited_by(inhibition));
    assert!(rules.build().is_ok());
    let lacking = mistake(rule("R").inhibited_by(Inhibition::by("R").equal(["region"])));
    assert!(!lacking.contains("2 mistakes"), "{lacking}");
}

#[test]
fn each_cycle_of_inhibitions_is_one_mistake_with_its_path() {
    let rules = [
        rule("A").inhibited_by("B"),
        rule("B").inhibited_by("Leaf").inhibited_by("C"),
        rule("C").inhibited_by("A"),
        rule("Leaf"),
        rule("X").inhibited_by("Y"),
        rule("Y").inhibited_by("X").inhibited_by("A"),
        rule("Z").inhibited_by("X"),
    ];
    assert_eq!(
        error(Rules::builder().rules(rules)),
        "2 mistakes: rules inhibit each other in a cycle: A -> B -> C -> A; \
         rules inhibit each other in a cycle: X -> Y -> X"
    );
    let chain = [
        rule("A").inhibited_by("B").inhibited_by("C"),
        rule("B").inhibited_by("C"),
        rule("C"),
    ];
    assert!(Rules::builder().rules(chain).build().is_ok());
}

#[test]
fn windows_end_at_six_hours() {
    let with = |window| Rule::new("R", Signal::increase("events_total", window));
    let longest = seconds(6 * 60 * 60);
    assert!(Rules::builder().rule(with(longest)).build().is_ok());
    assert_eq!(
        mistake(with(longest + Duration::from_millis(1))),
        "rule \"R\": the window is longer than the samples that are kept: 6h is the longest: use an SLO for longer ones"
    );
}

#[test]
fn empty_names_and_zero_times_are_mistakes() {
    assert_eq!(
        mistake(rule("R").channels(["chat", ""])),
        "rule \"R\": the name of a channel is empty"
    );
    assert_eq!(
        mistake(rule("R").auto_resolve(Duration::ZERO)),
        "rule \"R\": the time of auto_resolve is zero"
    );
    assert_eq!(
        mistake(Rule::new("R", Signal::computed(""))),
        "rule \"R\": the name of the closure is empty"
    );
}

#[test]
fn computed_rules_have_any_groups_and_their_labels_in_templates() {
    let rule = |template: &str| {
        let signal = Signal::computed("queue_length").by(["queue"]);
        Rules::builder().rule(Rule::new("R", signal).summary(template))
    };
    assert!(rule("{{ labels.queue }}").build().is_ok());
    assert!(error(rule("{{ labels.shard }}")).contains("no label \"shard\""));
}

#[test]
fn prometheus_cannot_announce_a_computed_rule() {
    let rule = Rule::new("R", Signal::computed("queue")).announced_by(Announcer::Prometheus);
    assert_eq!(
        mistake(rule),
        "rule \"R\": Prometheus cannot announce it, because a closure computes its values"
    );
}

#[test]
fn health_and_jobs_are_signals() {
    let rules = Rules::builder()
        .rule(
            Rule::new("Down", Signal::health("database"))
                .lt(0.5)
                .summary("{{ labels.check }}"),
        )
        .rule(
            Rule::new("Jobs", Signal::job_problem())
                .summary("{{ labels.job_name }} {{ labels.problem }}"),
        )
        .build()
        .unwrap();
    let status = Selector::new("health_check_status").eq("check", "database");
    assert_eq!(rules[0].signal, Signal::min(status).by(["check"]));
}

#[test]
fn a_prefix_is_added_to_names_of_the_catalogue() {
    let rules = Rules::builder()
        .prefix("app_")
        .rule(rule("Short"))
        .rule(Rule::new("Full", Signal::value("app_events_total")))
        .rule(Rule::new(
            "Both",
            Signal::quotient("db_connections_active", "app_database_connections"),
        ))
        // The catalogue has `app_info`, and no `info`.
        .rule(Rule::new("Info", Signal::value("app_info")))
        .build()
        .unwrap();
    let metrics = |name: &str| {
        let json = serde_json::to_string(&rules.get(name).unwrap().signal.measure).unwrap();
        let names = json.split("\"metric\":\"").skip(1);
        let names = names.map(|rest| rest.split('"').next().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(metrics("Short"), ["app_events_total"]);
    assert_eq!(metrics("Full"), ["app_events_total"]);
    assert_eq!(
        metrics("Both"),
        ["app_db_connections_active", "app_database_connections"]
    );
    assert_eq!(metrics("Info"), ["app_app_info"]);
}

#[test]
fn rules_are_changed_and_removed_with_the_inhibitions_by_them() {
    let rules = [
        rule("A").inhibited_by("B").inhibited_by("C"),
        rule("B"),
        rule("C"),
    ];
    let rules = Rules::builder()
        .rules(rules)
        .change("A", |rule| rule.gt(7.0).level(Level::Critical))
        .remove("B")
        .build()
        .unwrap();
    assert_eq!(rules.len(), 2);
    assert_eq!((rules[0].threshold, rules[0].level), (7.0, Level::Critical));
    assert_eq!(rules[0].inhibited_by, [Inhibition::by("C")]);
    let unknown = Rules::builder()
        .rule(rule("HighCpu"))
        .change("HihgCpu", |_| unreachable!())
        .remove("Nothing");
    assert_eq!(
        error(unknown),
        "2 mistakes: no rule \"HihgCpu\" was added, did you mean \"HighCpu\"?; no rule \"Nothing\" was added"
    );
}

#[test]
fn json_rules_are_read_and_each_wrong_one_is_named() {
    let text = r#"[
        {"name": "Good", "signal": {"measure": {"value": {"selector": {"metric": "events_total"}}}}},
        {"name": "NoSignal"},
        {"signal": {"measure": {"value": {"selector": {"metric": "events_total"}}}}},
        {"name": "Typo", "signal": {"measure": {"value": {"selector": {"metric": "events_total"}}}}, "levle": "error"},
        {"name": "Both", "signal": {"measure": {"value": {"selector": {"metric": "events_total"}}}},
         "pending": {"for": 60, "consecutive": 3}},
        {"name": "Equal", "signal": {"measure": {"value": {"selector": {"metric": "events_total"}}}},
         "inhibited_by": [{"rule": "Good", "euqal": ["x"]}]}
    ]"#;
    let message = error(Rules::builder().json(text));
    assert!(message.starts_with("5 mistakes: "), "{message}");
    for part in [
        "rule \"NoSignal\": missing field `signal`",
        "rule 3 of the list: missing field `name`",
        "rule \"Typo\": unknown field `levle`",
        "rule \"Both\": ",
        "rule \"Equal\": unknown field `euqal`",
    ] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    assert!(error(Rules::builder().json("[")).contains("the rules are no JSON list: EOF"));
    assert!(error(Rules::builder().json("{}")).contains("no JSON list"));
    assert_eq!(Rules::builder().json("[]").build().unwrap().len(), 0);
}

#[test]
fn all_mistakes_of_all_rules_are_in_one_error() {
    let builder = Rules::builder()
        .json("[{}]")
        .remove("Nothing")
        .rule(
            rule("A")
                .inhibited_by("Unknown")
                .channels([""])
                .summary("{{ labels.no }}"),
        )
        .rule(Rule::new("B", Signal::rate("event_total", seconds(7 * 60 * 60))).inhibited_by("C"))
        .rule(
            rule("C")
                .inhibited_by("B")
                .auto_resolve(Duration::ZERO)
                .gt(f64::NAN),
        )
        .rule(rule("C"));
    let message = error(builder);
    assert!(message.starts_with("11 mistakes: "), "{message}");
}
