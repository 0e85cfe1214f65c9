//! The builder of the engine: its channels, and its mistakes in one error.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tower_vitals::alerts::channels::{Channel, DeliveryError, Log, Mode, Notification};
use tower_vitals::alerts::slo::{Slo, Slos, SlosBuilder};
use tower_vitals::alerts::{Alerts, Receiver, Rule, Rules, RulesBuilder, Signal};
use tower_vitals::{ErrorKind, Prometheus};

const EVERY: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// A channel that differs from the defaults in all.
struct Odd;

impl Channel for Odd {
    fn kind(&self) -> &'static str {
        "odd"
    }

    fn send<'a>(&'a self, _: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(async { Err(DeliveryError::rejected("odd")) })
    }

    fn mode(&self) -> Mode {
        Mode::Alerts { every: EVERY }
    }

    fn fingerprint(&self) -> u64 {
        7
    }

    fn deduplicates(&self) -> bool {
        true
    }

    fn takes_acknowledgements(&self) -> bool {
        true
    }
}

#[test]
fn a_channel_that_was_chosen_at_run_time_answers_as_itself() {
    fn answers(channel: impl Channel) {
        assert_eq!(channel.kind(), "odd");
        assert_eq!(channel.mode(), Mode::Alerts { every: EVERY });
        assert_eq!(channel.fingerprint(), 7);
        assert!(channel.deduplicates());
        assert!(channel.takes_acknowledgements());
    }
    answers(Arc::new(Odd));
    answers(Arc::new(Odd) as Arc<dyn Channel>);
}

fn rule(name: &str) -> Rule {
    Rule::new(name, Signal::value("database_connections")).gt(1.0)
}

/// Each rule has a mistake.
fn wrong_rules() -> RulesBuilder {
    let label = Signal::value("database_connections").by(["pool"]);
    let window = Signal::rate("errors_total", 7 * HOUR);
    Rules::builder()
        .rule(Rule::new("Metric", Signal::value("database_conections")))
        .rule(Rule::new("Label", label))
        .rule(Rule::new("Window", window))
        .rule(rule("Twice"))
        .rule(rule("Twice"))
        .rule(rule("Egg").inhibited_by("Hen"))
        .rule(rule("Hen").inhibited_by("Egg"))
        .rule(rule("Template").summary("{{ labels.host }} is full"))
        .rule(rule("SloBurn:pay:page").channels(["chatt"]))
        .rule(Rule::new("Closure", Signal::computed("queue")))
}

const OF_RULES: [&str; 6] = [
    "rule \"Metric\": the catalogue has no metric \"database_conections\", did you mean \"database_connections\"?",
    "rule \"Label\": metric \"database_connections\" has no label \"pool\"",
    "rule \"Window\": the window is longer than the samples that are kept: 6h is the longest: use an SLO for longer ones",
    "rule \"Template\": summary: ",
    "several rules are named \"Twice\"",
    "rules inhibit each other in a cycle: Egg -> Hen -> Egg",
];

fn wrong_slos() -> SlosBuilder {
    Slos::builder()
        .slo(Slo::availability("search", 0.9))
        .slo(Slo::availability("pay", 0.999).channels(["pager"]))
}

const OF_SLOS: [&str; 1] = ["SLO \"search\": the page alert over 1h can never fire"];

/// Each of these parts belongs to one mistake of the error, and there is no other.
fn assert_mistakes(error: &str, number: usize, parts: &[&str]) {
    assert!(
        error.starts_with(&format!("{number} mistakes: ")),
        "{error}"
    );
    for part in parts {
        assert_eq!(error.matches(part).count(), 1, "{part} in: {error}");
    }
}

#[test]
fn a_builder_of_rules_names_all_mistakes() {
    let error = wrong_rules().build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert_mistakes(&error.to_string(), OF_RULES.len(), &OF_RULES);
    let error = wrong_slos().build().unwrap_err().to_string();
    assert!(error.contains(OF_SLOS[0]), "{error}");
}

#[tokio::test]
async fn the_engine_names_the_mistakes_of_rules_slos_channels_and_its_own() {
    let error = Alerts::builder()
        .rules(wrong_rules())
        .slos(wrong_slos())
        .channel(Receiver::new("chat", Log::new()).fallback("mail"))
        .channel(Receiver::new("chat", Log::new()).escalate_after(HOUR, "pager"))
        .channel(Receiver::new("odd", Odd).max_per_hour(20))
        .interval(Duration::ZERO)
        .max_per_hour(0)
        .instance("a\nb")
        .run()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    let own = [
        "rule \"SloBurn:pay:page\": an alert of an SLO has this name",
        "rule \"SloBurn:pay:page\": there is no channel \"chatt\" for notifications, did you mean \"chat\"?",
        "SLO \"pay\": there is no channel \"pager\" for notifications",
        "rule \"Closure\": there is no computed signal \"queue\": call computed(\"queue\", ..)",
        "channel \"odd\" decides itself what it tells and when: remove its levels, matchers, groups, intervals, cooldown, cap and escalation",
        "two channels have the name \"chat\"",
        "channel \"chat\": there is no channel \"mail\" to fall back to",
        "channel \"chat\": there is no channel \"pager\" for notifications to escalate to",
        "channel \"chat\": max_per_hour is 0: 1 to 10000 is allowed",
        "interval is 0ns: 1 s to 1 h are allowed",
        "there are rules and no metrics: call metrics(..)",
        "instance is \"a\\nb\": 1 to 200 bytes without control characters are allowed",
    ];
    let of_slos = wrong_slos().build().unwrap_err().to_string();
    let number = of_slos.matches("SLO \"search\": ").count();
    let parts = [&OF_RULES[..], &OF_SLOS, &own].concat();
    let number = OF_RULES.len() + number + own.len();
    assert_mistakes(&error.to_string(), number, &parts);
}

#[test]
fn outside_of_a_runtime_the_engine_says_so_with_the_other_mistakes() {
    let error = Alerts::builder().interval(2 * HOUR).run().unwrap_err();
    assert_eq!(
        error.to_string(),
        "2 mistakes: interval is 7200s: 1 s to 1 h are allowed; there is no tokio runtime: call run() within one"
    );
}

/// Samples are as far apart as evaluations, and a window excludes its start. One of a single interval therefore never has the two
/// samples that each of these signals needs, and one of less than two intervals lacks them whenever an evaluation is late.
#[tokio::test]
async fn windows_shorter_than_two_intervals_are_mistakes() {
    const INTERVAL: Duration = Duration::from_secs(15);
    let signals = |window| {
        [
            ("Rate", Signal::rate("errors_total", window)),
            ("Increase", Signal::increase("errors_total", window)),
            (
                "Ratio",
                Signal::ratio("errors_total", "events_total", window),
            ),
            (
                "Average",
                Signal::average("http_request_duration_seconds", window),
            ),
            (
                "Quantile",
                Signal::quantile(0.9, "http_request_duration_seconds", window),
            ),
        ]
    };
    let builder = |window| {
        let rules = signals(window).map(|(name, signal)| Rule::new(name, signal).gt(1.0));
        Alerts::builder()
            .rules(Rules::builder().rules(rules).rule(rule("Now")))
            .metrics(Prometheus::builder().build().unwrap())
            .interval(INTERVAL)
    };
    for window in [INTERVAL, Duration::from_millis(29_999)] {
        let error = builder(window)
            .max_per_hour(0)
            .run()
            .unwrap_err()
            .to_string();
        let parts: Vec<_> = signals(window)
            .iter()
            .map(|(name, _)| format!(
                "rule {name:?}: its window is {window:?} and the interval 15s: windows of 30s and more are allowed, because \
                 they need two samples"
            ))
            .collect();
        let parts: Vec<_> = parts
            .iter()
            .map(|part| &**part)
            .chain(["max_per_hour is 0"])
            .collect();
        assert_mistakes(&error, 6, &parts);
    }
    builder(2 * INTERVAL).run().unwrap();
    // The app evaluates when it likes.
    builder(INTERVAL).manual().run().unwrap();
    // The wrong interval is the mistake.
    let error = builder(INTERVAL).interval(2 * HOUR).run().unwrap_err();
    assert_eq!(
        error.to_string(),
        "interval is 7200s: 1 s to 1 h are allowed"
    );
}
