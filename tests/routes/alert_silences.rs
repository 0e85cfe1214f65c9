//! Silences over HTTP: made, listed, ended, recurring.

use serde_json::{Value as Json, json};

use crate::alert_shop::{Shop, assert_shape};

#[track_caller]
fn detail(body: &Json) -> &str {
    body["detail"].as_str().unwrap()
}

#[tokio::test]
async fn silences_are_made_listed_and_ended_by_their_id() {
    let mut shop = Shop::new();
    let id = shop.fire().await;
    let body = json!({"by": "ann", "until": "2999-01-01T00:00:00Z", "note": "known"});
    assert_shape(&body, "suppress_alert_body");
    let (status, made) = shop.post(&format!("/alerts/{id}/suppress"), &body).await;
    assert_eq!(status, 201, "{made}");
    assert_shape(&made, "made");
    let silence = &made["silences"][0];
    assert_eq!(
        (&silence["id"], &silence["until"], &silence["target"]),
        (
            &json!("local-1"),
            &json!("2999-01-01T00:00:00Z"),
            &json!({"alert": id})
        )
    );
    assert_eq!(shop.ok("/alerts/silences").await, made);
    let ended = shop
        .post("/alerts/silences/local-1/end", &json!({"by": "bob"}))
        .await;
    assert_shape(&ended.1, "ended");
    assert_eq!(ended, (200, json!({"ended": "local-1"})));
    assert_eq!(shop.ok("/alerts/silences").await, json!({"silences": []}));
    for gone in ["local-1", "1", "local-9", "other-1", "-", "local-", "x"] {
        let (status, body) = shop
            .post(
                &format!("/alerts/silences/{gone}/end"),
                &json!({"by": "bob"}),
            )
            .await;
        assert_eq!(
            (status, detail(&body)),
            (
                404,
                "There is no such silence: /alerts/silences lists them."
            )
        );
    }
    // The number alone is what notices and explanations show.
    assert_eq!(
        shop.post(&format!("/alerts/{id}/suppress"), &body).await.0,
        201
    );
    let ended = shop
        .post("/alerts/silences/2/end", &json!({"by": "bob"}))
        .await;
    assert_shape(&ended.1, "ended");
    assert_eq!(ended, (200, json!({"ended": "2"})));
}

#[tokio::test]
async fn silences_recur() {
    let mut shop = Shop::new();
    shop.fire().await;
    // Active in each minute of the hour but the last one, or next.
    let recurrence = json!({"cron": "0 * * * *", "time_zone": "Europe/Berlin", "duration": 3540.0});
    let matchers = json!([{"label": "check", "value": "db"}]);
    let body = json!({"by": "ann", "matchers": matchers, "recurrence": recurrence});
    assert_shape(&body, "suppress_body");
    let (status, made) = shop.post("/alerts/suppress", &body).await;
    assert_eq!(status, 201, "{made}");
    assert_shape(&made, "made");
    let silence = &made["silences"][0];
    assert_eq!(
        (&silence["recurrence"], &silence["until"]),
        (&recurrence, &Json::Null)
    );
    let time = |name: &str| {
        let time: jiff::Timestamp = silence[name].as_str().unwrap().parse().unwrap();
        time.as_second()
    };
    assert_eq!(time("ends_at") % 3600, 3540, "{silence}");
    let now = jiff::Timestamp::now().as_second();
    assert!(
        (now - 5..now + 3600).contains(&time("ends_at")),
        "{silence}"
    );
    assert!(time("begins_at") < time("ends_at"), "{silence}");
    assert_shape(&shop.ok("/alerts/silences").await, "silences");
    let list = shop.ok("/alerts?name=CheckFailing").await;
    let is_held = list["alerts"][0]["held_back"][0]["silenced"].is_object();
    assert_eq!(silence["is_active"], is_held, "{list}");
    let history = shop.ok("/alerts/history").await;
    assert_shape(&history, "history");
    let events = history["events"].as_array().unwrap().iter();
    let began = events.filter(|event| event["event"] == "silence").count();
    assert_eq!(
        began == 1,
        is_held,
        "its begin is in the history: {history}"
    );

    for (change, said) in [
        (
            json!({"cron": "0 25 * * *"}),
            "Cron \"0 25 * * *\" is invalid: the hour is \"25\": 0-23 is allowed",
        ),
        (
            json!({"time_zone": "Berlin"}),
            "Time zone \"Berlin\" is not in this system's database",
        ),
        (
            json!({"duration": 3600}),
            "The duration of a silence is 3600s, and 3600s after one begin it begins again",
        ),
        (
            json!({"duration": -1}),
            "recurrence.duration is wrong: a number of seconds above 0 is needed.",
        ),
        (
            json!({"zone": "UTC"}),
            "Field \"recurrence.zone\" is unknown: cron, time_zone and duration are allowed.",
        ),
    ] {
        let mut body = body.clone();
        let recurrence = body["recurrence"].as_object_mut().unwrap();
        recurrence.extend(change.as_object().unwrap().clone());
        let (status, answer) = shop.post("/alerts/suppress", &body).await;
        assert_eq!(status, 400, "{change}: {answer}");
        assert!(detail(&answer).starts_with(said), "{change}: {answer}");
    }
    let mut both = body.clone();
    both["until"] = json!("2999-01-01T00:00:00Z");
    let (status, made) = shop.post("/alerts/suppress", &both).await;
    assert_eq!(
        (status, &made["silences"][0]["until"]),
        (201, &both["until"])
    );
    both["for_seconds"] = json!(60);
    let (status, answer) = shop.post("/alerts/suppress", &both).await;
    assert_eq!(
        (status, detail(&answer)),
        (400, "Either until or for_seconds is needed.")
    );
}

/// Labels are matched as `/alerts` shows them, with those of the rule and with the severity.
#[tokio::test]
async fn silences_match_the_labels_that_are_shown() {
    let mut shop = Shop::with(|builder| builder.instance("shop-1"));
    shop.fire().await;
    let alert = shop.ok("/alerts?name=CheckFailing").await["alerts"][0].clone();
    let labels =
        json!({"check": "db", "instance": "shop-1", "severity": "critical", "team": "shop"});
    assert_eq!(alert["labels"], labels);
    let shown = labels.as_object().unwrap().iter();
    let shown = shown.map(|(label, value)| json!({"label": label, "value": value}));
    let named =
        ["alertname", "name"].map(|_| json!({"label": "alertname", "value": "CheckFailing"}));
    for matcher in shown.chain(named) {
        let body = json!({"by": "ann", "for_seconds": 60, "matchers": [matcher]});
        assert_shape(&body, "suppress_body");
        let (status, made) = shop.post("/alerts/suppress", &body).await;
        assert_eq!(status, 201, "{made}");
        let list = shop.ok("/alerts?name=CheckFailing").await;
        assert!(
            list["alerts"][0]["held_back"][0]["silenced"].is_object(),
            "{matcher}: {list}"
        );
        let other =
            json!({"label": matcher["label"], "value": matcher["value"], "is_equal": false});
        let id = made["silences"][0]["id"].as_str().unwrap();
        assert_eq!(
            shop.post(&format!("/alerts/silences/{id}/end"), &json!({"by": "ann"}))
                .await
                .0,
            200
        );
        let any = json!({"label": "alertname", "value": "CheckFailing"});
        let body = json!({"by": "ann", "for_seconds": 60, "matchers": [other, any]});
        let (_, made) = shop.post("/alerts/suppress", &body).await;
        let list = shop.ok("/alerts?name=CheckFailing").await;
        assert_eq!(list["alerts"][0]["held_back"], json!([]), "{matcher}");
        let id = made["silences"][0]["id"].as_str().unwrap();
        assert_eq!(
            shop.post(&format!("/alerts/silences/{id}/end"), &json!({"by": "ann"}))
                .await
                .0,
            200
        );
    }
}
