//! `openapi-spec-validator` and `schemathesis` on a running service.

use std::path::PathBuf;
use std::process::{Command, Output};

use tower_vitals::routes::Guard;

use crate::service::{TOKEN, routes};
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
