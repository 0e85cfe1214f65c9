//! `openapi-spec-validator` and `schemathesis` on a running service.

use std::path::PathBuf;
use std::process::{Command, Output};

use axum::Router;
use tower_vitals::routes::Guard;

use crate::document::{json, operations};
use crate::service::{TOKEN, get, routes};
use crate::support::env;

/// A program of Python packages, beside Python itself.
fn program(name: &str) -> Command {
    let python = PathBuf::from(env("VITALS_PYTHON"));
    Command::new(python.with_file_name(name))
}

fn assert_success(output: &Output) {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}\n{stderr}");
}

#[tokio::test]
#[ignore = "needs Python packages: tests/servers"]
async fn the_document_is_valid_openapi() {
    let document = routes().await.guard(Guard::bearer(TOKEN)).openapi();
    let folder = tempfile();
    let file = folder.join("openapi.json");
    std::fs::write(&file, document.to_pretty_json().unwrap()).unwrap();
    let output = program("openapi-spec-validator").arg(&file).output();
    assert_success(&output.unwrap());
    std::fs::remove_dir_all(folder).unwrap();
}

fn tempfile() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("openapi-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// All checks of `schemathesis`: no 5xx, and no status, media type or schema that the document lacks.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python packages: tests/servers"]
async fn schemathesis_finds_nothing() {
    let routes = routes().await.guard(Guard::bearer(TOKEN));
    // All but the document itself, which it has read.
    let operations = operations(&json(&routes.openapi())).len() - 1;
    let app = Router::from(routes.clone().guard(Guard::open()));
    let list = get(&app, "/alerts").await.json();
    let alert = list["alerts"][1]["id"].as_str().unwrap().to_owned();
    let server = routes.spawn("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", server.local_addr());
    let run = move || {
        let config = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/openapi/schemathesis.toml"
        );
        let mut command = program("schemathesis");
        command
            .current_dir(std::env::temp_dir())
            .env("ALERT", alert)
            .args(["--config-file", config, "--no-color"])
            .args(["run", &format!("{url}/openapi.json"), "--url", &url])
            .args(["--header", &format!("Authorization:Bearer {TOKEN}")])
            .args(["--checks", "all", "--phases", "examples,coverage,fuzzing"])
            // One worker, because CPython 3.11 fails at times if two threads parse code.
            .args(["--max-examples", "10", "--workers", "1"])
            .args(["--generation-deterministic", "--no-shrink"])
            .args(["--continue-on-failure"]);
        command.output().unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    assert_success(&output);
    let stdout = String::from_utf8_lossy(&output.stdout);
    println!("{stdout}");
    let tested = format!("Tested: {operations}\n");
    assert!(stdout.contains(&tested), "no {tested}{stdout}");
    server.shutdown().await;
}
