//! The log as the environment sets it.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tower_vitals::Settings;
use tower_vitals::telemetry::logging::{Console, Logging};

use crate::child::{Played, command, scenario};
use crate::folder::Folder;
use crate::json_log::log_this_thread;

fn lines_of(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn settings_name_the_filter_the_files_the_service_and_the_environment() {
    let folder = Folder::new();
    let dir = folder.file("logs");
    let settings = Settings::from_vars([
        ("LOG_LEVEL", "info,hyper=off"),
        ("MONITORING_LOG_LEVEL", "error"),
        ("LOG_DIR", dir.to_str().unwrap()),
        ("ENABLE_JSON_LOGGING", "true"),
        ("OTEL_SERVICE_NAME", "shop"),
        ("ENVIRONMENT", "staging"),
    ])
    .unwrap();
    let builder = Logging::from_settings(&settings)
        .unwrap()
        .console(Console::Off);
    let (handle, guard) = log_this_thread(builder);
    assert_eq!(handle.level().filter(), "info,hyper=off,tower_vitals=error");
    tracing::info!("open");
    tracing::warn!(disk = "/dev/sda1", "nearly full");
    tracing::error!(target: "hyper", "left out");
    tracing::warn!(target: "tower_vitals::health", "left out");
    handle.flush(Duration::from_secs(10)).unwrap();
    drop(guard);

    let json = lines_of(&dir.join("app.jsonl"));
    let messages: Vec<_> = json.iter().map(|line| &line["message"]).collect();
    assert_eq!(messages, ["open", "nearly full"]);
    assert_eq!(
        (&json[0]["service"], &json[0]["environment"]),
        (&"shop".into(), &"staging".into())
    );
    let alerts = std::fs::read_to_string(dir.join("alerts.log")).unwrap();
    assert_eq!(alerts.lines().count(), 1, "{alerts}");
    assert!(
        alerts.ends_with(": nearly full disk=/dev/sda1\n"),
        "{alerts}"
    );
    assert!(alerts.contains("  WARN logging::settings: "), "{alerts}");
}

#[test]
fn settings_refuse_a_filter_that_the_log_cannot_read() {
    let error = Settings::from_vars([("LOG_LEVEL", "info,[span{id=7]=debug")]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("LOG_LEVEL is \"info,[span{id=7]=debug\": "),
        "{error}"
    );
}

#[test]
fn only_warnings_go_to_a_file_without_json() {
    let folder = Folder::new();
    let settings = Settings::from_vars([("LOG_DIR", folder.path().to_str().unwrap())]).unwrap();
    let builder = Logging::from_settings(&settings)
        .unwrap()
        .console(Console::Off);
    let (handle, _guard) = log_this_thread(builder);
    {
        let _span = tracing::info_span!("order", id = 7).entered();
        tracing::info!("left out");
        tracing::error!("no stock");
    }
    handle.flush(Duration::from_secs(10)).unwrap();
    assert_eq!(folder.names(), ["alerts.log"]);
    let alerts = folder.text("alerts.log");
    assert!(
        alerts.ends_with("ERROR logging::settings: no stock in order{id=7}\n"),
        "{alerts}"
    );
    assert_eq!(alerts.lines().count(), 1);
}

/// Plays a container: a console, no folder.
#[test]
fn play() {
    if scenario().is_none() {
        return;
    }
    let settings = Settings::from_env().unwrap();
    let builder = Logging::from_settings(&settings).unwrap();
    let _logging = builder.console(Console::Stderr).init().unwrap();
    tracing::info!("open");
}

#[test]
fn json_goes_to_the_console_without_a_folder() {
    let mut text = command("settings::play", "container");
    for name in ["ENABLE_JSON_LOGGING", "LOG_DIR", "LOG_LEVEL"] {
        text.env_remove(name);
    }
    let played = Played::of(text);
    assert_eq!(played.lines().len(), 0);
    assert!(
        played.stderr().contains(" INFO logging::settings: open\n"),
        "{}",
        played.stderr()
    );

    let mut json = command("settings::play", "container");
    json.env("ENABLE_JSON_LOGGING", "1")
        .env("ENVIRONMENT", "test");
    let lines = Played::of(json).lines();
    assert_eq!((lines.len(), &lines[0]["message"]), (1, &"open".into()));
    assert_eq!(lines[0]["environment"], "test");
}

#[test]
fn a_service_link_that_was_ignored_before_the_log_ran_has_its_line() {
    let mut container = command("settings::play", "container");
    container
        .env("ENABLE_JSON_LOGGING", "1")
        .env("MONITORING_PORT", "tcp://10.96.12.7:9090");
    let lines = Played::of(container).lines();
    let messages: Vec<_> = lines.iter().map(|line| &line["message"]).collect();
    let ignored = "the variable is a service link of Kubernetes: ignored";
    assert_eq!(messages, [ignored, "open"]);
    assert_eq!(lines[0]["variable"], "MONITORING_PORT");
}

#[test]
fn settings_that_code_changed_are_checked_too() {
    let mut settings = Settings::default();
    settings.log_level = "warning".into();
    let error = Logging::from_settings(&settings).unwrap_err().to_string();
    assert!(
        error.starts_with("the log filter is wrong: \"warning\" is no level: write warn"),
        "{error}"
    );

    let both = Logging::builder()
        .filter("none")
        .json_file(true)
        .delete_old("/tmp", "**", 1);
    let error = both
        .layer::<tracing_subscriber::Registry>()
        .map(|_| ())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "3 mistakes: the log filter is wrong: \"none\" is no level: write off; off, error, warn, info, debug and trace are \
         levels; json_file needs a folder: set it with LoggingBuilder::folder; the pattern \"**\" is invalid: `**` is not \
         supported, because folders are not entered"
    );
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_that_names_the_file() {
    let folder = Folder::new();
    let file = folder.file("file");
    std::fs::write(&file, "").unwrap();
    let builder = Logging::builder()
        .console(Console::Off)
        .folder(file.join("logs"));
    let error = builder
        .layer::<tracing_subscriber::Registry>()
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error.kind(), tower_vitals::ErrorKind::Io);
    let path = file.join("logs/alerts.log");
    assert_eq!(
        error.to_string(),
        format!("the log file {} cannot be opened", path.display())
    );
}

#[test]
fn the_debug_output_of_a_builder_masks_secrets() {
    let url = "postgres://shop:pl4nted-s3cret@db/shop";
    let builder = Logging::builder().filter(url).folder(url).own_level(url);
    let debug = format!("{builder:?} {builder:#?}");
    assert!(debug.contains("LoggingBuilder { filter: "), "{debug}");
    assert!(!debug.contains("pl4nted"), "{debug}");
}
