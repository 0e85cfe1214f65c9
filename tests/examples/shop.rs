//! The shop: its alerts, its links, its settings.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::example::{Example, path};
use crate::{exit_code, is_ready, send, terminate, until};

fn shop() -> Command {
    let mut command = Command::new(path("shop"));
    for name in [
        "MONITORING_TOKEN",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "SHOP_DIR",
        "LOG_DIR",
    ] {
        command.env_remove(name);
    }
    command.env("MOOD", "good");
    command
}

/// The links that the shop prints.
async fn links(shop: &Example) -> Vec<String> {
    let printed = || shop.lines.lock().unwrap().clone();
    until("all links are printed", async || {
        printed().iter().any(|line| line.contains("app.jsonl"))
    })
    .await;
    let links = printed();
    let links = links.iter().filter_map(|line| line.strip_prefix("open "));
    links
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect()
}

/// The state of this rule's alert about checkouts.
async fn state(shop: &Example, rule: &str) -> Option<String> {
    let (status, body) = send("GET", &format!("{}/alerts", shop.url), "").await;
    assert_eq!(status, 200, "{body}");
    let alerts: Value = serde_json::from_str(&body).unwrap();
    let alerts = alerts["alerts"].as_array().unwrap();
    let alert = alerts
        .iter()
        .find(|alert| alert["name"] == rule && alert["labels"]["endpoint"] == "/checkout")?;
    Some(alert["state"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn an_alert_fires_in_bad_times_and_resolves_in_good_ones_and_all_links_work() {
    let mut shop = Example::start_command(&mut shop());
    is_ready(&shop).await;
    let links = links(&shop).await;
    assert!(links.len() >= 16, "{links:?}");
    for link in &links {
        // The database of the jobs may still be opened.
        until(link, async || send("GET", link, "").await.0 == 200).await;
    }

    // What a page must show as text is there.
    let get = async |path: &str| send("GET", &format!("{}{path}", shop.url), "").await.1;
    until("markup in a label's value", async || {
        let metrics = get("/metrics").await;
        metrics.contains(r#"shop_orders_total{product="<b onclick=\"alert(1)\">cake</b>"}"#)
            && metrics.contains(r#"endpoint="/search/{<b>term<b>}",status="200"}"#)
    })
    .await;

    assert_ne!(
        state(&shop, "CheckoutErrors").await.as_deref(),
        Some("firing")
    );
    let set_mood = async |mood: &str| {
        let url = format!("{}/mood/{mood}", shop.url);
        assert_eq!(send("POST", &url, "").await.0, 204);
        assert_eq!(get("/mood").await, format!("{mood}\n"));
    };
    let foreign = format!("{}/mood/bad", shop.url);
    let refused = send("POST", &foreign, "sec-fetch-site: cross-site\r\n").await;
    assert_eq!(refused.0, 403);
    assert_eq!(get("/mood").await, "good\n");
    set_mood("bad").await;
    until("the alert fires", async || {
        state(&shop, "CheckoutErrors").await.as_deref() == Some("firing")
    })
    .await;
    let printed = async |text: &str| {
        until(text, async || {
            shop.lines
                .lock()
                .unwrap()
                .iter()
                .any(|line| line.contains(text))
        })
        .await;
    };
    printed(r#"sink: "firing" "CheckoutErrors""#).await;
    let health = get("/health/detailed").await;
    assert!(
        health.contains(r#"the oven is <img src=\"x\" onerror=\"alert(1)\"> cold"#),
        "{health}"
    );

    set_mood("good").await;
    until("the alert resolves", async || {
        state(&shop, "CheckoutErrors").await.as_deref() != Some("firing")
    })
    .await;
    printed(r#"sink: "resolved" "CheckoutErrors""#).await;

    let warnings = get("/dashboard/logs").await;
    assert!(warnings.contains("<blink>refuses</blink>"), "{warnings}");
    let output = shop.lines.lock().unwrap().clone();
    let folder = output
        .iter()
        .find_map(|line| line.trim().strip_prefix("ls "));
    let folder = PathBuf::from(folder.unwrap());
    let log = std::fs::read_to_string(folder.join("logs/app.jsonl")).unwrap();
    assert!(
        log.contains("the payment API <blink>refuses</blink>"),
        "{log}"
    );
    terminate(&shop);
    assert_eq!(exit_code(&mut shop).await, Some(0));
    assert!(!folder.exists(), "{} is left", folder.display());
}

#[tokio::test]
async fn with_a_token_the_guarded_routes_need_it_and_a_folder_of_its_own_is_kept() {
    let folder = std::env::temp_dir().join(format!("vitals-shop-{}", std::process::id()));
    let mut command = shop();
    command
        .env("MONITORING_TOKEN", "correct-horse")
        .env("SHOP_DIR", &folder)
        .env("CUSTOMERS", "0");
    let mut shop = Example::start_command(&mut command);
    is_ready(&shop).await;
    let jobs = format!("{}/jobs", shop.url);
    assert_eq!(send("GET", &jobs, "").await.0, 401);
    assert_eq!(
        send("GET", &jobs, "authorization: Bearer battery-staple\r\n")
            .await
            .0,
        401
    );
    until("the jobs are shown", async || {
        let (status, body) = send("GET", &jobs, "authorization: Bearer correct-horse\r\n").await;
        // While the history is opened.
        assert!(status == 200 || status == 503, "{body}");
        status == 200 && body.contains("<u>export</u>")
    })
    .await;
    assert_eq!(send("GET", &format!("{}/", shop.url), "").await.0, 200);
    terminate(&shop);
    assert_eq!(exit_code(&mut shop).await, Some(0));
    for file in ["alerts.db", "jobs.db", "stock.db", "logs/app.jsonl"] {
        assert!(folder.join(file).exists(), "{file}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_profile_names_the_function_that_keeps_the_cpu_busy() {
    let mut command = shop();
    command.env("CUSTOMERS", "0");
    let mut shop = Example::start_command(&mut command);
    is_ready(&shop).await;
    let profile = format!("{}/debug/pprof/profile?seconds=2&format=svg", shop.url);
    let profile = tokio::spawn(async move { send("GET", &profile, "").await });
    let busy = format!("{}/recommendations", shop.url);
    while !profile.is_finished() {
        assert_eq!(send("GET", &busy, "").await.0, 200);
    }
    let (status, flames) = profile.await.unwrap();
    assert_eq!(status, 200, "{flames}");
    assert!(flames.contains("compare_customers"), "{flames}");
    terminate(&shop);
    assert_eq!(exit_code(&mut shop).await, Some(0));
}

#[test]
fn each_setting_of_the_shop_is_checked() {
    for (name, value) in [
        ("PORT", "http"),
        ("SEED", "x"),
        ("CUSTOMERS", "-1"),
        ("MOOD", "fair"),
    ] {
        let output = shop().env("PORT", "0").env(name, value).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(&format!("{name} is {value:?}")), "{error}");
    }
}
