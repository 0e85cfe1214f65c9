//! The routes of alerts that show something: shapes, pages, filters and errors.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tower_vitals::alerts::Alert;

use crate::alert_shop::{Shop, assert_shape, shape_problem};

fn ids(page: &Json) -> Vec<String> {
    let alerts = page["alerts"].as_array().unwrap().iter();
    alerts
        .map(|alert| alert["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn each_answer_has_its_shape() {
    let mut shop = Shop::new();
    assert_shape(
        &shop.ok("/alerts/rules/CheckFailing/explain").await,
        "explained",
    );
    shop.check("cache").set(f64::NAN);
    let id = shop.fire().await;
    shop.alerts
        .fire(Alert::error("the disk is slow").component("disk"));
    shop.check("mail").set(0.0);
    shop.tick().await;

    let list = shop.ok("/alerts").await;
    assert_shape(&list, "list");
    let shown = list["alerts"].as_array().unwrap().iter();
    let shown: Vec<_> = shown
        .map(|alert| (&alert["name"], &alert["state"]))
        .collect();
    let expected = json!([
        ["CheckFailing", "firing"],
        ["the disk is slow", "firing"],
        ["NoRequests", "firing"],
        ["CheckFailing", "pending"],
        ["CheckFailing", "inactive"]
    ]);
    assert_eq!(json!(shown), expected);
    assert_eq!(list["alerts"][3]["held_back"], json!(["pending"]));
    assert_eq!(
        list["alerts"][0]["labels"],
        json!({"check": "db", "severity": "critical", "team": "shop"})
    );
    assert_eq!(list["alerts"][4]["value"], "NaN");

    let explained = shop.ok("/alerts/rules/CheckFailing/explain").await;
    assert_shape(&explained, "explained");
    assert_eq!(
        (
            &explained["comparison"],
            &explained["threshold"],
            &explained["stale"]
        ),
        (&json!("<"), &json!(0.5), &Json::Null)
    );
    let rules = shop.ok("/alerts/rules").await;
    assert_shape(&rules, "rules");
    assert_eq!(rules["rules"][0]["name"], "CheckFailing");

    let body = json!({"by": "ann", "for_seconds": 600, "note": "known"});
    let (status, made) = shop.post(&format!("/alerts/{id}/suppress"), &body).await;
    assert_eq!(status, 201, "{made}");
    let body =
        json!({"by": "ann", "for_seconds": 600, "matchers": [{"label": "check", "value": "mail"}]});
    assert_eq!(shop.post("/alerts/suppress", &body).await.0, 201);
    let silences = shop.ok("/alerts/silences").await;
    assert_shape(&silences, "silences");
    assert_eq!(
        (
            &silences["silences"][0]["id"],
            &silences["silences"][1]["id"]
        ),
        (&json!("local-1"), &json!("local-2"))
    );
    let list = shop.ok("/alerts").await;
    assert_shape(&list, "list");
    assert_eq!(
        list["alerts"][0]["held_back"][0]["silenced"]["silence"],
        "local-1"
    );

    let numbers = shop.ok("/alerts/stats").await;
    assert_shape(&numbers, "stats");
    assert_eq!(
        numbers["alerts"],
        json!({"firing": 3, "pending": 1, "inactive": 1})
    );
    assert_eq!(
        numbers["firing"],
        json!({"critical": 1, "error": 1, "info": 1})
    );
    assert_eq!(
        (&numbers["rules"], &numbers["silences"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(numbers["channels"][0]["name"], "pager");

    let history = shop.ok("/alerts/history").await;
    assert_shape(&history, "history");
    let kinds = history["events"].as_array().unwrap().iter();
    let kinds: BTreeSet<_> = kinds
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert!(
        kinds.contains("transition") && kinds.contains("silence"),
        "{kinds:?}"
    );
}

/// Alerts that stay as they are are on one page each, whatever others do meanwhile.
#[tokio::test]
async fn pages_end_and_show_each_lasting_alert_once() {
    let mut shop = Shop::new();
    let checks: Vec<_> = (0..25)
        .map(|n| shop.check(&format!("check {n:02}")))
        .collect();
    shop.tick().await;
    for check in &checks[..12] {
        check.set(0.0);
    }
    shop.tick().await;
    shop.tick().await;
    let all = ids(&shop.ok("/alerts").await);
    assert_eq!(all.len(), 26);
    let lasting = |list: &Json| {
        let alerts = list["alerts"].as_array().unwrap().iter();
        let lasting = alerts.filter(|alert| {
            let check = alert["labels"]["check"].as_str().unwrap_or("check 00");
            ("check 04".."check 20").contains(&check)
        });
        lasting
            .map(|alert| alert["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let expected = lasting(&shop.ok("/alerts").await);
    assert_eq!(expected.len(), 16);
    let (mut found, mut pages) = (Vec::new(), 0);
    let mut path = "/alerts?limit=4".to_owned();
    loop {
        let page = shop.ok(&path).await;
        assert_shape(&page, "list");
        found.extend(lasting(&page));
        pages += 1;
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/alerts?limit=4&cursor={cursor}");
        // The first ones resolve, and the last ones fire.
        let n: usize = pages;
        if let (Some(first), Some(last)) = (checks[..4].get(n), checks[20..].get(n)) {
            first.set(1.0);
            last.set(0.0);
        }
        shop.tick().await;
        assert!(pages < 20, "the pages do not end");
    }
    assert_eq!(found, expected);
    let whole = shop.ok("/alerts?limit=26").await;
    assert_eq!(whole["next_cursor"], Json::Null);
}

#[tokio::test]
async fn filters_select_alerts() {
    let mut shop = Shop::new();
    let _cache = shop.check("cache");
    let id = shop.fire().await;
    shop.alerts.fire(Alert::warning("odd").component("api"));
    shop.tick().await;
    for (query, expected) in [
        ("state=firing", 3),
        ("state=inactive", 1),
        ("state=resolved", 0),
        ("level=critical", 2),
        ("level=warning", 1),
        ("name=NoRequests", 1),
        ("name=NoSuchRule", 0),
        ("state=firing&level=critical&name=CheckFailing", 1),
        ("", 4),
        ("&&", 4),
    ] {
        let list = shop.ok(&format!("/alerts?{query}")).await;
        assert_eq!(ids(&list).len(), expected, "{query}: {list}");
    }
    let of_one = shop.ok(&format!("/alerts/history?alert={id}")).await;
    assert_shape(&of_one, "history");
    let events = of_one["events"].as_array().unwrap();
    assert!(
        events
            .iter()
            .all(|event| event["alert"] == *id || event["alerts"][0] == *id)
    );
    let transitions = events.iter().filter(|event| event["event"] == "transition");
    let changes: Vec<_> = transitions
        .map(|event| event["to"].as_str().unwrap())
        .collect();
    assert_eq!(changes, ["firing", "pending"], "the latest first");
    let later = shop.ok("/alerts/history?since=2999-01-01T00:00:00Z").await;
    assert_eq!(later, json!({"events": [], "next_cursor": null}));
}

#[tokio::test]
async fn the_history_is_read_in_pages() {
    let mut shop = Shop::new();
    shop.fire().await;
    for n in 0..7 {
        shop.alerts
            .fire(Alert::warning(format!("odd {n}")).component("api"));
    }
    shop.tick().await;
    let all = shop.ok("/alerts/history?limit=1000").await["events"].clone();
    let all = all.as_array().unwrap();
    let (mut found, mut path) = (Vec::new(), "/alerts/history?limit=3".to_owned());
    loop {
        let page = shop.ok(&path).await;
        assert_shape(&page, "history");
        found.extend(page["events"].as_array().unwrap().clone());
        // New events do not move the pages.
        shop.alerts
            .fire(Alert::warning(format!("late {}", found.len())).component("api"));
        shop.tick().await;
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/alerts/history?limit=3&cursor={cursor}");
    }
    assert!(all.len() > 9, "{}", all.len());
    assert_eq!(&found[found.len() - all.len()..], all);
}

#[tokio::test]
async fn a_stopped_channel_is_explained() {
    let mut shop = Shop::new();
    shop.pager.is_gone.store(true, Ordering::Relaxed);
    shop.fire().await;
    for _ in 0..1000 {
        let explained = shop.ok("/alerts/rules/CheckFailing/explain").await;
        assert_shape(&explained, "explained");
        let causes = explained["alerts"][0]["channels"]["pager"].as_array();
        let stopped = causes.into_iter().flatten();
        if stopped
            .clone()
            .any(|cause| cause["stopped"]["error"].is_string())
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the channel is not stopped");
}

/// The examples of the schema are valid.
#[test]
fn the_examples_of_the_shapes_are_valid() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/routes/openapi/schemas/alerts.json"
    );
    let schema: Json = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut examples = 0;
    for (name, shape) in schema["$defs"].as_object().unwrap() {
        for example in shape["examples"].as_array().into_iter().flatten() {
            assert_shape(example, name);
            examples += 1;
        }
        let wrong = json!({"no such field": 1});
        assert!(
            name == "labels" || shape_problem(&wrong, name).is_err(),
            "{name} allows anything"
        );
    }
    assert!(examples >= 15, "{examples}");
}
