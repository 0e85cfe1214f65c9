//! The acts of people on alerts: POST below `/alerts`.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, Bytes};
use http::{Method, Request};
use serde_json::{Value as Json, json};
use tower_vitals::alerts::{Alert, Rule, Rules, Scope, Selector, Signal};

use crate::alert_shop::{Shop, Store, assert_shape};

#[track_caller]
fn detail(body: &Json) -> &str {
    body["detail"].as_str().unwrap()
}

#[tokio::test]
async fn people_acknowledge_and_resolve() {
    let mut shop = Shop::new();
    let id = shop.fire().await;
    let body = json!({"by": "ann", "note": "on it"});
    assert_shape(&body, "acknowledge_body");
    let (status, acted) = shop.post(&format!("/alerts/{id}/acknowledge"), &body).await;
    assert_eq!(status, 200, "{acted}");
    assert_shape(&acted, "acted");
    let by = &acted["alert"]["acknowledged"];
    assert_eq!((&by["by"], &by["note"]), (&json!("ann"), &json!("on it")));
    let (status, acted) = shop
        .post(&format!("/alerts/{id}/resolve"), &json!({"by": "bob"}))
        .await;
    assert_eq!(status, 200, "{acted}");
    assert_shape(&acted, "acted");
    assert_eq!(acted["alert"]["state"], "resolved");
    assert_eq!(
        acted["alert"]["held_back"][0]["resolved_by_hand"]["by"],
        "bob"
    );

    for (path, detail) in [
        ("acknowledge", format!("The alert {id} does not fire.")),
        ("resolve", format!("The alert {id} is not active.")),
    ] {
        let (status, body) = shop
            .post(&format!("/alerts/{id}/{path}"), &json!({"by": "ann"}))
            .await;
        assert_eq!((status, &body["detail"]), (409, &json!(detail)));
        assert_eq!(body["title"], "Conflict");
    }
    let history = shop.ok(&format!("/alerts/history?alert={id}")).await;
    assert_shape(&history, "history");
    let by = history["events"].as_array().unwrap().iter();
    let by: Vec<_> = by
        .filter(|event| event["by"].is_string())
        .map(|event| &event["by"])
        .collect();
    assert_eq!(by, ["bob", "ann"]);
}

/// Code does not tell that the condition ended, so nothing is left of the alert.
#[tokio::test]
async fn an_alert_of_code_that_is_resolved_by_hand_is_forgotten() {
    let mut shop = Shop::new();
    let id = shop
        .alerts
        .fire(Alert::error("the disk is slow").component("disk"));
    shop.tick().await;
    let (status, acted) = shop
        .post(&format!("/alerts/{id}/resolve"), &json!({"by": "bob"}))
        .await;
    assert_shape(&acted, "acted");
    assert_eq!((status, &acted), (200, &json!({"alert": null})));
    let (status, _) = shop
        .post(&format!("/alerts/{id}/resolve"), &json!({"by": "bob"}))
        .await;
    assert_eq!(status, 404);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of wrong bodies")]
async fn wrong_bodies_and_unknown_ids_change_nothing() {
    let mut shop = Shop::new();
    let id = shop.fire().await;
    let (acknowledge, suppress) = (
        format!("/alerts/{id}/acknowledge"),
        format!("/alerts/{id}/suppress"),
    );
    let unknown = "/alerts/0123456789abcdef";
    let long = "x".repeat(4097);
    let many: Vec<_> = (0..65)
        .map(|n| json!({"label": "a", "value": n.to_string()}))
        .collect();
    for (path, body, status, said) in [
        (
            &*acknowledge,
            String::new(),
            400,
            "The body is empty: a JSON object is needed.",
        ),
        (
            &acknowledge,
            r#"{"by": " "}"#.into(),
            400,
            "by is empty: the name of a person is needed.",
        ),
        (
            &acknowledge,
            json!({"by": &long[..257]}).to_string(),
            400,
            "The name is too long: allowed are 256 characters.",
        ),
        (
            &acknowledge,
            json!({"by": "ann", "note": long}).to_string(),
            400,
            "The note is too long: allowed are 4096 characters.",
        ),
        (
            &suppress,
            r#"{"by": "ann"}"#.into(),
            400,
            "Either until or for_seconds is needed.",
        ),
        (
            &suppress,
            r#"{"by": "ann", "for_seconds": 60, "until": "2999-01-01T00:00:00Z"}"#.into(),
            400,
            "Either until or for_seconds is needed.",
        ),
        (
            &suppress,
            r#"{"by": "ann", "for_seconds": 0}"#.into(),
            400,
            "for_seconds is wrong: a number above 0 is needed.",
        ),
        (
            &suppress,
            r#"{"by": "ann", "for_seconds": -1}"#.into(),
            400,
            "for_seconds is wrong",
        ),
        (
            &suppress,
            r#"{"by": "ann", "for_seconds": 1e300}"#.into(),
            400,
            "for_seconds is wrong",
        ),
        (
            &suppress,
            r#"{"by": "ann", "until": "tomorrow"}"#.into(),
            400,
            "until is wrong: a time like 2026-11-21T00:00:00Z (RFC 3339) is needed.",
        ),
        (
            &suppress,
            r#"{"by": "ann", "until": "2020-01-01T00:00:00Z"}"#.into(),
            400,
            "A silence must end in the future.",
        ),
        (
            &suppress,
            r#"{"by": "ann", "for_seconds": 60, "matchers": [{"label": "a", "value": "b"}]}"#
                .into(),
            400,
            "This route suppresses one alert and takes no matchers: /alerts/suppress does.",
        ),
        (
            "/alerts/suppress",
            r#"{"by": "ann", "for_seconds": 60}"#.into(),
            400,
            "A silence needs a matcher that does not match the empty text.",
        ),
        (
            "/alerts/suppress",
            r#"{"by": "ann", "for_seconds": 60, "matchers": [{"label": "a", "value": ""}]}"#.into(),
            400,
            "A silence needs a matcher",
        ),
        (
            "/alerts/suppress",
            json!({"by": "ann", "for_seconds": 60, "matchers": many}).to_string(),
            400,
            "A silence has at most 64 matchers.",
        ),
        (
            "/alerts/xyz/acknowledge",
            r#"{"by": "ann"}"#.into(),
            400,
            "\"xyz\" is no alert id: allowed are 16 hexadecimal digits.",
        ),
        (
            "/alerts/%ff/resolve",
            r#"{"by": "ann"}"#.into(),
            400,
            "The name in the path is not UTF-8.",
        ),
        (
            &format!("{unknown}/acknowledge"),
            r#"{"by": "ann"}"#.into(),
            404,
            "There is no such alert: /alerts lists them.",
        ),
        (
            &format!("{unknown}/resolve"),
            r#"{"by": "ann"}"#.into(),
            404,
            "There is no such alert: /alerts lists them.",
        ),
        (
            &format!("{unknown}/suppress"),
            r#"{"by": "ann", "for_seconds": 60}"#.into(),
            404,
            "There is no such alert: /alerts lists them.",
        ),
        (
            "/alerts/channels/x/test",
            String::new(),
            404,
            "There is no channel \"x\". The channels are: pager, night.",
        ),
    ] {
        let (found, answer) = shop.ask(Method::POST, path, body.clone()).await;
        assert_eq!(found, status, "{path} {body}: {answer}");
        assert!(detail(&answer).starts_with(said), "{path} {body}: {answer}");
    }
    let list = shop.ok("/alerts?name=CheckFailing").await;
    assert_eq!(list["alerts"][0]["acknowledged"], Json::Null);
    assert_eq!(shop.ok("/alerts/silences").await, json!({"silences": []}));
}

#[tokio::test]
async fn an_unknown_alert_is_a_404() {
    for (is_shared, said) in [
        (false, "There is no such alert: /alerts lists them."),
        (
            true,
            "There is no such alert: it is not in /alerts of this instance, and it is not pending or firing at another one.",
        ),
    ] {
        let store = Store {
            is_shared,
            ..Store::default()
        };
        let mut shop = Shop::with(|builder| builder.store(store));
        shop.tick().await;
        let path = "/alerts/0123456789abcdef/resolve";
        let (status, body) = shop.post(path, &json!({"by": "ann"})).await;
        assert_eq!((status, detail(&body)), (404, said));
    }
}

/// A load balancer sends a request to any of the instances.
#[tokio::test]
async fn acts_work_at_each_instance_of_a_shared_store() {
    let store = Store {
        is_shared: true,
        ..Store::default()
    };
    let shop = |name: &str| Shop::with(|builder| builder.store(store.clone()).instance(name));
    let (mut holder, mut other) = (shop("a"), shop("b"));
    let id = holder.fire().await;
    other.tick().await;
    let (status, body) = other
        .post(&format!("/alerts/{id}/acknowledge"), &json!({"by": "ann"}))
        .await;
    assert_shape(&body, "forwarded");
    let accepted =
        "Another instance holds this alert. It does this at its next evaluation, within 15 s.";
    assert_eq!((status, &body["accepted"]), (202, &json!(accepted)));
    holder.tick().await;
    let list = holder.ok("/alerts?name=CheckFailing").await;
    assert_eq!(list["alerts"][0]["acknowledged"]["by"], "ann");

    let body = json!({"by": "ann", "for_seconds": 3600});
    let (status, made) = other.post(&format!("/alerts/{id}/suppress"), &body).await;
    assert_eq!(status, 201, "{made}");
    assert_shape(&made, "made");
    holder.tick().await;
    let list = holder.ok("/alerts?name=CheckFailing").await;
    assert!(
        list["alerts"][0]["held_back"][0]["silenced"].is_object(),
        "{list}"
    );
    let silences = holder.ok("/alerts/silences").await;
    assert_shape(&silences, "silences");
    assert_eq!(silences, made);
    let silence = made["silences"][0]["id"].as_str().unwrap();
    let path = format!("/alerts/silences/{silence}/end");
    let (status, ended) = holder.post(&path, &json!({"by": "bob"})).await;
    assert_shape(&ended, "ended");
    assert_eq!((status, &ended["ended"]), (200, &json!(silence)));
    assert_eq!(holder.post(&path, &json!({"by": "bob"})).await.0, 404);

    // Without the store, no other instance learns of an act.
    store.is_away.store(true, Ordering::Relaxed);
    let matchers = json!([{"label": "check", "value": "db"}]);
    let body = json!({"by": "ann", "for_seconds": 60, "matchers": matchers});
    for (path, body, said) in [
        (
            &*format!("/alerts/{id}/acknowledge"),
            json!({"by": "ann"}),
            "The alerts cannot be read now;",
        ),
        ("/alerts/suppress", body, "The act is not done, because"),
        (&path, json!({"by": "bob"}), "The act is not done, because"),
    ] {
        let (status, body) = other.post(path, &body).await;
        assert_eq!(status, 503, "{path}: {body}");
        assert!(detail(&body).starts_with(said), "{path}: {body}");
    }
    store.is_away.store(false, Ordering::Relaxed);
    assert_shape(&holder.ok("/alerts/history").await, "history");
}

/// Another instance may tell of the alert by now.
#[tokio::test(start_paused = true)]
async fn an_act_does_not_count_when_the_lease_of_a_shared_alert_is_over() {
    let store = Store {
        is_shared: true,
        ..Store::default()
    };
    let status = Signal::min(Selector::new("health_check_status")).by(["check"]);
    let rule = Rule::new("CheckFailing", status)
        .lt(0.5)
        .scope(Scope::Shared);
    let rules = Rules::builder().rule(rule).build().unwrap();
    let mut shop = Shop::with(|builder| builder.rules(rules).store(store.clone()));
    let id = shop.fire().await;
    store.is_away.store(true, Ordering::Relaxed);
    tokio::time::advance(Duration::from_secs(60)).await;
    for path in ["acknowledge", "resolve"] {
        let path = format!("/alerts/{id}/{path}");
        let (status, body) = shop.post(&path, &json!({"by": "ann"})).await;
        assert_eq!(status, 503, "{path}: {body}");
        assert!(
            detail(&body).starts_with("The act is not done, because"),
            "{path}: {body}"
        );
    }
    store.is_away.store(false, Ordering::Relaxed);
    shop.tick().await;
    let list = shop.ok("/alerts?name=CheckFailing").await;
    assert_eq!(list["alerts"][0]["acknowledged"], Json::Null);
}

#[tokio::test(start_paused = true)]
async fn large_slow_and_broken_bodies_are_refused() {
    let mut shop = Shop::new();
    let path = format!("/alerts/{}/acknowledge", shop.fire().await);
    let padded = |size: usize| {
        let body = r#"{"by": "ann"}"#;
        format!("{body}{}", " ".repeat(size - body.len()))
    };
    let (status, body) = shop.ask(Method::POST, &path, padded((64 << 10) + 1)).await;
    assert_eq!(
        (status, detail(&body)),
        (413, "The body has more than 64 KiB.")
    );
    // Without a length in its head, it is counted.
    let chunk = Bytes::from(" ".repeat(1 << 10));
    let chunks = futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(chunk.clone()));
    let (status, body) = shop
        .ask(Method::POST, &path, Body::from_stream(chunks))
        .await;
    assert_eq!(
        (status, detail(&body)),
        (413, "The body has more than 64 KiB.")
    );

    let stuck = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
    let began = tokio::time::Instant::now();
    let (status, body) = shop.ask(Method::POST, &path, stuck).await;
    assert_eq!(
        (status, detail(&body)),
        (408, "The body took longer than 10 s.")
    );
    assert_eq!(began.elapsed().as_secs(), 10);

    let parts = [
        Ok(Bytes::from("{\"by\"")),
        Err(std::io::Error::other("gone")),
    ];
    let broken = Body::from_stream(futures_util::stream::iter(parts));
    let (status, body) = shop.ask(Method::POST, &path, broken).await;
    assert_eq!((status, detail(&body)), (400, "The body ended early."));
    assert_eq!(shop.ask(Method::POST, &path, padded(64 << 10)).await.0, 200);
}

#[tokio::test]
async fn a_store_that_is_away_is_a_503_and_the_act_counts() {
    let mut shop = Shop::new();
    shop.store.is_away.store(true, Ordering::Relaxed);
    let any =
        json!({"by": "ann", "for_seconds": 60, "matchers": [{"label": "check", "value": "db"}]});
    for (path, body) in [
        ("/alerts/0123456789abcdef/acknowledge", json!({"by": "ann"})),
        ("/alerts/0123456789abcdef/resolve", json!({"by": "ann"})),
        (
            "/alerts/0123456789abcdef/suppress",
            json!({"by": "ann", "for_seconds": 60}),
        ),
        ("/alerts/suppress", any.clone()),
        ("/alerts/silences/local-1/end", json!({"by": "ann"})),
        ("/alerts/channels/pager/test", Json::Null),
    ] {
        let (status, body) = shop.post(path, &body).await;
        assert_eq!(
            (status, detail(&body)),
            (
                503,
                "The alerts cannot be read now; the service's log says why."
            ),
            "{path}"
        );
    }
    shop.store.is_away.store(false, Ordering::Relaxed);
    let id = shop.fire().await;
    shop.store.is_away.store(true, Ordering::Relaxed);
    for (path, body) in [
        (format!("/alerts/{id}/acknowledge"), json!({"by": "ann"})),
        ("/alerts/suppress".into(), any),
    ] {
        let (status, body) = shop.post(&path, &body).await;
        assert_eq!(status, 503, "{path}: {body}");
        assert!(
            detail(&body).starts_with("The act counts, but it is not written yet"),
            "{path}: {body}"
        );
    }
    shop.store.is_away.store(false, Ordering::Relaxed);
    shop.tick().await;
    let alert = shop.ok("/alerts?name=CheckFailing").await["alerts"][0].clone();
    assert_eq!(alert["acknowledged"]["by"], "ann");
    let history = shop.ok("/alerts/history").await;
    let events = history["events"].as_array().unwrap();
    let silences = events.iter().filter(|event| event["event"] == "silence");
    assert_eq!(silences.count(), 1, "written later: {history}");
}

#[tokio::test]
async fn a_channel_is_tested_and_its_error_has_no_secret() {
    let mut shop = Shop::new();
    shop.tick().await;
    let tested = shop
        .ask(Method::POST, "/alerts/channels/pager/test", Body::empty())
        .await;
    assert_shape(&tested.1, "tested");
    assert_eq!(tested, (200, json!({"delivered": "pager"})));
    shop.pager.is_gone.store(true, Ordering::Relaxed);
    let (status, body) = shop
        .ask(Method::POST, "/alerts/channels/pager/test", Body::empty())
        .await;
    assert_eq!(status, 502, "{body}");
    let said = detail(&body);
    assert!(said.starts_with("The test did not arrive. The receiver is gone, or refuses the credentials: 404 of https://pager.example/"), "{said}");
    assert_shape(&shop.ok("/alerts/stats").await, "stats");
}

/// The secret of a webhook is in its path, in its query, or in its user and password.
#[cfg(feature = "alerts-http")]
#[tokio::test]
async fn the_error_of_a_webhook_has_no_part_of_its_secret() {
    use tower_vitals::alerts::Receiver;
    use tower_vitals::alerts::channels::from_webhook_url;

    let channels = [
        "http://127.0.0.1:1/hooks/s3cr3t-t0ken-in-path",
        "http://127.0.0.1:1/?token=s3cr3t-t0ken",
        "http://ann:s3cr3t-t0ken@127.0.0.1:1/",
        "https://hooks.slack.com.invalid/services/T0/B0/s3cr3t-t0ken",
    ];
    let mut shop = Shop::with(|builder| {
        let named = channels.iter().enumerate();
        named.fold(builder, |builder, (n, url)| {
            let channel = from_webhook_url(url).unwrap();
            builder.channel(Receiver::new(format!("hook{n}"), channel))
        })
    });
    shop.tick().await;
    for n in 0..channels.len() {
        // `ask` looks for the secret in each answer.
        let path = format!("/alerts/channels/hook{n}/test");
        let (status, body) = shop.ask(Method::POST, &path, Body::empty()).await;
        assert_eq!(status, 502, "{body}");
        assert!(
            detail(&body).starts_with("The test did not arrive. It may work later: "),
            "{body}"
        );
    }
    shop.ok("/alerts/stats").await;
}

/// The act goes on if its client leaves: it is written.
#[tokio::test]
async fn an_act_outlives_its_client() {
    let mut shop = Shop::new();
    let id = shop.fire().await;
    let request = Request::post(format!("/alerts/{id}/acknowledge"));
    let request = request.body(Body::from(r#"{"by": "ann"}"#)).unwrap();
    {
        let mut answer = std::pin::pin!(shop.send(request));
        assert!(futures_util::poll!(answer.as_mut()).is_pending());
    }
    for _ in 0..1000 {
        let history = shop.ok("/alerts/history").await;
        if history["events"][0]["by"] == "ann" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the act is lost");
}

#[tokio::test]
async fn the_channels_are_listed_once_and_from_the_start() {
    for is_shared in [false, true] {
        let store = Store {
            is_shared,
            ..Store::default()
        };
        store.is_away.store(true, Ordering::Relaxed);
        let mut shop = Shop::with(|builder| builder.store(store.clone()));
        let listed = async |shop: &Shop| {
            let numbers = shop.ok("/alerts/stats").await;
            assert_shape(&numbers, "stats");
            let channels = numbers["channels"].as_array().unwrap().iter();
            json!(channels.map(|channel| &channel["name"]).collect::<Vec<_>>())
        };
        assert_eq!(listed(&shop).await, json!(["pager", "night"]));
        store.is_away.store(false, Ordering::Relaxed);
        shop.alerts.test_channel("pager").await.unwrap();
        shop.tick().await;
        assert_eq!(listed(&shop).await, json!(["pager", "night"]));
        let numbers = shop.ok("/alerts/stats").await;
        assert!(
            numbers["channels"][0]["last_success"].is_string(),
            "{numbers}"
        );
    }
}
