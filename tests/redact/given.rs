//! Secrets that the crate is given are masked wherever they appear.

use std::env;
use std::process::Command;

use tower_vitals::Settings;
use tower_vitals::exporter::Pushgateway;
use tower_vitals::health::checks::{Http, Postgres, RabbitMq, Redis};
use tower_vitals::jobs::PostgresHistory;
use tower_vitals::redact::redact;
use tower_vitals::routes::Guard;

fn assert_masked(secret: &str) {
    let text = format!("<{secret}>");
    assert_eq!(redact(&text), "<[redacted]>");
}

#[tokio::test]
async fn secrets_that_the_crate_is_given_are_masked() {
    let _ = Guard::bearer(" given to a guard\n");
    assert_masked("given to a guard");

    Settings::from_vars([("MONITORING_TOKEN", "given-to-settings")]).unwrap();
    assert_masked("given-to-settings");

    Postgres::url("postgres://app:given%2Fpostgres@db/x?sslpassword=given%20key").unwrap();
    assert_masked("given/postgres");
    assert_masked("given%2Fpostgres");
    assert_masked("given key");

    drop(Redis::url("redis://:given-redis@cache").unwrap());
    assert_masked("given-redis");

    RabbitMq::url("amqp://app:given-rabbit@mq/%2f").unwrap();
    assert_masked("given-rabbit");

    PostgresHistory::url("postgres://app:given-history@db/x").unwrap();
    assert_masked("given-history");

    let _ = Http::get("https://h/?api_key=given-query&page=given-page")
        .unwrap()
        .header("x-api-key", "given-header")
        .header("authorization", "Custom given-credentials")
        .header("accept", "given/accept");
    assert_masked("given-query");
    assert_masked("given-header");
    assert_masked("given-credentials");
    assert_eq!(redact("given-page given/accept"), "given-page given/accept");

    let gateway = Pushgateway::builder("http://user:given-push@h:9091", "j");
    gateway.build().unwrap();
    assert_masked("given-push");
    // base64 of "user:given-push".
    assert_masked("dXNlcjpnaXZlbi1wdXNo");
}

#[test]
fn a_password_that_is_the_users_name_stays_readable() {
    Postgres::url("postgres://postgres:postgres@db/x").unwrap();
    let text = "postgres is down";
    assert_eq!(redact(text), text);
}

#[test]
fn secrets_of_the_environment_are_masked() {
    let output = Command::new(env::current_exe().unwrap())
        .args([
            "given::in_an_environment_with_secrets",
            "--exact",
            "--ignored",
        ])
        .env("SHOP_DB_PASSWORD", "given-by-variable")
        .env("SHOP_DATABASE", "postgres://app:given-in-url@db/x")
        .env("SHOP_TOKEN_FILE", "given-file")
        .env("SHOP_SECRET", "/run/secrets/given")
        .env("SHOP_PIN", "1234")
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && shown.contains("1 passed"),
        "{shown}"
    );
}

#[test]
#[ignore = "secrets_of_the_environment_are_masked runs it"]
fn in_an_environment_with_secrets() {
    if env::var_os("SHOP_DB_PASSWORD").is_none() {
        return;
    }
    assert_masked("given-by-variable");
    assert_masked("given-in-url");
    let text = "given-file /run/secrets/given 1234";
    assert_eq!(redact(text), text);
}
