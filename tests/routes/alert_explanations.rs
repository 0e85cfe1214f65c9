//! The explanations of alerts that no rule raises: those of SLOs, and those of code.

use std::time::Duration;

use metrics::{Counter, Key, Label, Metadata, Recorder};
use serde_json::{Value as Json, json};
use tower_vitals::alerts::slo::{Slo, Slos};
use tower_vitals::alerts::{Alert, Receiver};

use crate::alert_shop::{Pager, Shop, assert_shape};

const PAGE: &str = "/alerts/rules/SloBurn:checkout:page/explain";

fn shop() -> Shop {
    let slo = Slo::availability("checkout", 0.999).label("team", "shop");
    Shop::with(|builder| builder.slos(Slos::builder().slo(slo)))
}

fn requests(shop: &Shop, status: &'static str) -> Counter {
    let metadata = Metadata::new("test", metrics::Level::INFO, None);
    let labels = [("method", "GET"), ("endpoint", "/"), ("status", status)];
    let labels: Vec<_> = labels.iter().map(Label::from).collect();
    let key = Key::from_parts("http_requests_total", labels);
    shop.prometheus.register_counter(&key, &metadata)
}

async fn explained(shop: &Shop, path: &str) -> Json {
    let explained = shop.ok(path).await;
    assert_shape(&explained, "explained");
    explained
}

#[tokio::test]
async fn an_slo_is_explained_by_window() {
    let mut shop = shop();
    let before = explained(&shop, PAGE).await;
    assert_eq!(
        (&before["kind"], &before["data"]),
        (&json!("slo"), &json!("not_evaluated"))
    );
    assert_eq!(before["alerts"], json!([]));

    let (good, bad) = (requests(&shop, "200"), requests(&shop, "500"));
    good.increment(4);
    bad.increment(5);
    shop.tick().await;
    let few = explained(&shop, PAGE).await;
    let window = |window| {
        json!({
            "window": window, "bad": 5, "total": 9, "rate": 555.555_555_556, "error_ratio": 0.555_555_555_556,
            "held_back": ["too_few_events"],
        })
    };
    let expected = json!({
        "kind": "slo", "name": "SloBurn:checkout:page", "slo": "checkout", "severity": "page", "level": "critical",
        "objective": 0.999, "budget": 0.001, "budget_remaining": -554.555_555_556, "min_events": 10,
        "period": {"bad": 5, "total": 9, "rate": 555.555_555_556},
        "pairs": [
            {"factor": 14.4, "max_error_ratio": 0.0144, "exceeds": false, "long": window("1h"), "short": window("5m")},
            {"factor": 6.0, "max_error_ratio": 0.006, "exceeds": false, "long": window("6h"), "short": window("30m")},
        ],
        "data": "current", "stale": null, "alerts": few["alerts"],
    });
    assert_eq!(few, expected);
    let alert = &few["alerts"][0];
    assert_eq!(
        (
            &alert["state"],
            &alert["held_back"],
            &alert["labels"]["slo"]
        ),
        (
            &json!("inactive"),
            &json!([{"too_few_events": {"minimum": 10}}]),
            &json!("checkout")
        )
    );
    let listed = shop.ok("/alerts?name=SloBurn:checkout:page").await;
    assert_eq!(listed["alerts"][0]["held_back"], alert["held_back"]);

    good.increment(991);
    shop.tick().await;
    let slow = explained(&shop, PAGE).await;
    assert_eq!(
        slow["pairs"][0]["long"]["held_back"],
        json!(["burns_slower"])
    );
    assert_eq!(slow["pairs"][0]["long"]["rate"], 5.0);
    assert_eq!(slow["alerts"][0]["held_back"], json!([]));

    bad.increment(500);
    shop.tick().await;
    let fast = explained(&shop, PAGE).await;
    let pair = &fast["pairs"][0];
    assert_eq!(
        (
            &pair["exceeds"],
            &pair["short"]["held_back"],
            &pair["short"]["total"]
        ),
        (&json!(true), &json!([]), &json!(1500))
    );
    assert_eq!(
        (&fast["alerts"][0]["state"], &fast["alerts"][0]["channels"]),
        (&json!("firing"), &json!({}))
    );

    let id = fast["alerts"][0]["id"].as_str().unwrap();
    let body = json!({"by": "ann", "for_seconds": 600});
    assert_eq!(
        shop.post(&format!("/alerts/{id}/suppress"), &body).await.0,
        201
    );
    let silenced = explained(&shop, PAGE).await;
    assert_eq!(
        silenced["alerts"][0]["held_back"][0]["silenced"]["silence"],
        "local-1"
    );
    let ticket = explained(&shop, "/alerts/rules/SloBurn:checkout:ticket/explain").await;
    assert_eq!(
        (&ticket["level"], &ticket["pairs"][1]["long"]["window"]),
        (&json!("warning"), &json!("3d"))
    );
}

#[tokio::test]
async fn alerts_of_code_say_who_raised_them_and_what_holds_them_back() {
    let mut shop = Shop::with(|builder| {
        let mail = Receiver::new("mail", Pager::default()).group_wait(Duration::from_secs(60));
        builder.instance("shop-1").channel(mail)
    });
    let alert = || {
        let alert = Alert::error("the disk is slow").component("disk");
        alert.auto_resolve(Duration::from_secs(600))
    };
    shop.alerts.fire(alert());
    shop.tick().await;
    let path = "/alerts/rules/the%20disk%20is%20slow/explain";
    let told = explained(&shop, path).await;
    let found = &told["alerts"][0];
    assert_eq!(
        told,
        json!({
            "kind": "code", "name": "the disk is slow", "service": "shop", "instance": "shop-1", "alerts": [{
                "id": found["id"], "name": "the disk is slow", "level": "error", "state": "firing",
                "labels": {"component": "disk", "source": "code", "severity": "error", "instance": "shop-1"},
                "annotations": {"summary": "the disk is slow"}, "value": null, "since": found["since"],
                "active_at": found["active_at"], "deadline": found["deadline"], "acknowledged": null, "held_back": [],
                "channels": {"mail": found["channels"]["mail"], "night": ["level"]},
            }],
        })
    );
    assert!(
        found["deadline"].is_string(),
        "auto_resolve is a deadline: {found}"
    );

    let cause = &told["alerts"][0]["channels"]["mail"][0];
    assert!(cause["group_wait"]["until"].is_string(), "{told}");
}

/// The label `source` keeps them apart.
#[tokio::test]
async fn a_rule_is_explained_with_the_alerts_of_code_of_its_name() {
    let mut shop = Shop::new();
    shop.fire().await;
    shop.alerts.fire(Alert::error("odd").name("CheckFailing"));
    shop.tick().await;
    let both = explained(&shop, "/alerts/rules/CheckFailing/explain").await;
    assert_eq!(both["kind"], "rule");
    let sources: Vec<_> = both["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| &alert["labels"]["source"])
        .collect();
    assert_eq!(json!(sources), json!([null, "code"]));
}

#[tokio::test]
async fn the_rules_are_listed_with_the_slos() {
    let shop = shop();
    let listed = shop.ok("/alerts/rules").await;
    assert_shape(&listed, "rules");
    let slo: Slo = serde_json::from_value(listed["slos"][0].clone()).unwrap();
    assert_eq!((&*slo.name, slo.objective), ("checkout", 0.999));
    let alerts = listed["slo_alerts"].as_array().unwrap();
    let names: Vec<_> = alerts.iter().map(|alert| &alert["name"]).collect();
    assert_eq!(
        json!(names),
        json!(["SloBurn:checkout:page", "SloBurn:checkout:ticket"])
    );
}

#[tokio::test]
async fn an_unknown_name_lists_the_known_ones() {
    let mut shop = shop();
    shop.alerts.fire(Alert::error("odd").name("Odd"));
    shop.tick().await;
    let (status, body) = shop.get("/alerts/rules/checkout/explain").await;
    let detail = "There is no rule and no alert \"checkout\". The names are: CheckFailing, NoRequests, SloBurn:checkout:page, \
        SloBurn:checkout:ticket, Odd.";
    assert_eq!((status, &body["detail"]), (404, &json!(detail)));
    for n in 0..100 {
        shop.alerts
            .fire(Alert::error("odd").name(format!("Odd {n:02}")));
    }
    shop.tick().await;
    let (_, body) = shop.get("/alerts/rules/checkout/explain").await;
    let said = body["detail"].as_str().unwrap();
    assert!(
        said.ends_with("Odd 44, and 55 more in /alerts/rules and /alerts."),
        "{said}"
    );
}
