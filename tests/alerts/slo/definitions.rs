//! SLOs as data, and the mistakes that `build` reports.

use std::time::Duration;

use tower_vitals::alerts::slo::{Slo, Slos, SlosBuilder};
use tower_vitals::alerts::{Level, Selector, render};
use tower_vitals::catalog::{Catalog, Family};

use super::world::DAY;

fn error(builder: SlosBuilder) -> String {
    builder.build().unwrap_err().to_string()
}

fn mistake(slo: Slo) -> String {
    error(Slos::builder().slo(slo))
}

fn days(days: u64) -> Duration {
    Duration::from_secs(days * DAY)
}

#[test]
fn an_slo_survives_json_and_absent_fields_have_their_defaults() {
    let all = [
        Slo::availability("a", 0.999).matching("endpoint", "/checkout"),
        Slo::availability("b", 0.999).bad(Selector::new("http_requests_total").eq("status", "503")),
        Slo::availability("c", 0.999)
            .good(Selector::new("http_requests_total").eq("status", "200")),
        Slo::latency("d", Duration::from_millis(250), 0.99)
            .period(days(28))
            .min_events(50)
            .summary("{{ value }}")
            .description("{{ labels.team }}")
            .runbook_url("https://example.com/runbook")
            .label("team", "shop")
            .channels(["ops"]),
    ];
    for slo in &all {
        let json = serde_json::to_string(slo).unwrap();
        assert_eq!(serde_json::from_str::<Slo>(&json).unwrap(), *slo, "{json}");
    }
    assert_eq!(Slos::builder().slos(all.clone()).build().unwrap()[..], all);
    let json = r#"{"name": "d", "objective": 0.99, "events": {"total": {"metric": "http_request_duration_seconds"}, "threshold": 0.25}}"#;
    let slo: Slo = serde_json::from_str(json).unwrap();
    assert_eq!(slo, Slo::latency("d", Duration::from_millis(250), 0.99));
    assert_eq!((slo.period, slo.min_events), (days(30), 10));
    for unknown in [
        json.replace("\"name\"", "\"nmae\": 1, \"name\""),
        json.replace("\"threshold\"", "\"treshold\""),
    ] {
        assert!(serde_json::from_str::<Slo>(&unknown).is_err(), "{unknown}");
    }
}

#[test]
fn an_slo_whose_alert_can_never_fire_is_a_mistake() {
    assert_eq!(
        mistake(Slo::availability("a", 0.9)),
        "SLO \"a\": the page alert over 1h can never fire: with the objective 0.9 the highest burn rate is 10, and the factor is 14.4"
    );
    let message = mistake(Slo::availability("a", 0.5));
    assert!(message.starts_with("3 mistakes: "), "{message}");
    for factor in ["14.4", "6", "3"] {
        assert!(
            message.contains(&format!("the factor is {factor}")),
            "{message}"
        );
    }
    // 14.4 * 0.069 is 0.9936.
    assert!(
        Slos::builder()
            .slo(Slo::availability("a", 0.931))
            .build()
            .is_ok()
    );
    let message = mistake(Slo::availability("a", 0.93));
    assert!(message.contains("the factor is 14.4"), "{message}");
}

#[test]
fn an_objective_is_a_share() {
    for (objective, text) in [
        (99.9, "99.9"),
        (1.0, "1"),
        (0.0, "0"),
        (-0.1, "-0.1"),
        (f64::NAN, "NaN"),
    ] {
        let expected = format!(
            "SLO \"a\": the objective is {text}: a share between 0 and 1 is allowed, such as 0.999"
        );
        assert_eq!(mistake(Slo::availability("a", objective)), expected);
    }
}

#[test]
fn a_threshold_is_a_bound_of_the_buckets() {
    let millis = Duration::from_millis;
    let slo = |threshold| Slo::latency("a", threshold, 0.99);
    for bound in tower_vitals::catalog::DURATION_BUCKETS {
        let slo = slo(Duration::from_secs_f64(*bound));
        assert!(Slos::builder().slo(slo).build().is_ok(), "{bound}");
    }
    let start = "SLO \"a\": metric \"http_request_duration_seconds\" has no bucket that ends at the threshold of";
    for (threshold, rest) in [
        (
            millis(300),
            "0.3 s: the nearest ones end at 0.25 s and 0.5 s",
        ),
        (millis(1), "0.001 s: the nearest one ends at 0.005 s"),
        (millis(60_000), "60 s: the nearest one ends at 10 s"),
    ] {
        assert_eq!(mistake(slo(threshold)), format!("{start} {rest}"));
    }
    let own = Slos::builder().buckets("http_request_duration_seconds", &[0.3, 1.0]);
    assert!(own.clone().slo(slo(millis(300))).build().is_ok());
    let expected = format!("{start} 0.25 s: the nearest ones end at 0.3 s and 1 s").replace(
        "nearest ones end at 0.3 s and 1 s",
        "nearest one ends at 0.3 s",
    );
    assert_eq!(error(own.slo(slo(millis(250)))), expected);
}

#[test]
fn all_mistakes_are_in_one_error() {
    let wrong = Slo::availability("a", 0.999)
        .total(Selector::new("http_request_total").eq("status", "200"))
        .bad(Selector::new("http_requests_total").eq("statsu", "500"))
        .period(days(6))
        .summary("{{ labels.pod }}")
        .label("slo", "b")
        .label("0", "");
    let message = mistake(wrong);
    for part in [
        "the period is 6 days: 7 to 90 are allowed",
        "the catalogue has no metric \"http_request_total\", did you mean \"http_requests_total\"?",
        "metric \"http_requests_total\" has no label \"statsu\", did you mean \"status\"?",
        "the alerts have a label \"slo\" anyway",
        "summary: the alert has no label \"pod\"",
    ] {
        assert!(
            message.contains(&format!("SLO \"a\": {part}")),
            "{part}: {message}"
        );
    }
    assert!(message.starts_with("6 mistakes: "), "{message}");
    let mut none = Slo::availability("", 0.999);
    none.events.bad = None;
    let message = mistake(none);
    assert_eq!(
        message,
        "2 mistakes: SLO \"\": the name is empty; SLO \"\": exactly one of bad events, good events and a threshold is needed"
    );
    let both = Slo::latency("a", Duration::from_millis(250), 0.99).bad("http_requests_total");
    assert!(mistake(both).contains("exactly one of"));
    let slow = Slo::latency("a", Duration::from_millis(250), 0.99).total("http_requests_total");
    assert!(mistake(slow).contains("is a counter, and the signal needs a histogram"));
    let twice = Slos::builder().slos([Slo::availability("a", 0.99), Slo::availability("a", 0.999)]);
    assert_eq!(error(twice), "several SLOs are named \"a\"");
}

#[test]
fn own_metrics_prefixes_and_extra_labels_are_known() {
    let mut catalog = Catalog::new();
    catalog
        .register(Family::counter("orders_total", "Orders.").labels(&["shop"]))
        .unwrap();
    let orders = Selector::new("app_orders_total");
    let slo = Slo::availability("orders", 0.99).total(orders.clone());
    let slo = slo.bad(orders.eq("outcome", "lost")).matching("shop", "eu");
    let builder = Slos::builder().catalog(catalog).prefix("app_").slo(slo);
    assert_eq!(
        error(builder.clone()),
        "SLO \"orders\": metric \"app_orders_total\" has no label \"outcome\""
    );
    let slos = builder.extra_labels(["outcome"]).build().unwrap();
    assert!(slos.get("orders").is_some() && slos.get("other").is_none());
    let open = Slos::builder().allow_unknown_metrics();
    let slo = Slo::latency("waits", Duration::from_millis(123), 0.99).total("anything_seconds");
    assert_eq!(open.slo(slo).build().unwrap().len(), 1);
}

#[test]
fn an_slo_has_a_page_and_a_ticket_with_its_texts() {
    let slo = Slo::availability("checkout", 0.999)
        .label("team", "shop")
        .channels(["ops"]);
    let [page, ticket] = slo.alerts();
    assert_eq!(
        (&*page.name, page.level),
        ("SloBurn:checkout:page", Level::Critical)
    );
    assert_eq!(
        (&*ticket.name, ticket.level),
        ("SloBurn:checkout:ticket", Level::Warning)
    );
    assert_eq!(
        (page.head().name, page.head().level),
        (&*page.name, page.level)
    );
    assert_eq!(
        (page.labels["team"].as_str(), &*page.channels),
        ("shop", &["ops".to_owned()][..])
    );
    let labels = [("slo".to_owned(), "checkout".to_owned())].into();
    assert_eq!(
        render(&page.summary, 20.25, &labels),
        "checkout burns its error budget 20.25 times as fast as it may"
    );
    assert_eq!(
        render(&page.description, 20.25, &labels),
        "The objective is 0.999 of all events. The alert holds while the budget burns faster than 14.4 times over both 1h and 5m, or 6 times over both 6h and 30m."
    );
    let own = slo
        .summary("own")
        .description("text")
        .runbook_url("https://example.com");
    let [_, ticket] = own.alerts();
    assert_eq!((&*ticket.summary, &*ticket.description), ("own", "text"));
    assert_eq!(ticket.runbook_url.as_deref(), Some("https://example.com"));
}
