//! Secrets come from variables and files, and nothing shows them.

use std::path::PathBuf;

use serde_json::json;
use tower_vitals::Settings;

use crate::variables::{SECRETS, VARIABLES, exposed, one};

/// A file that is removed on drop.
struct File(PathBuf);

impl File {
    fn new(name: &str, content: &[u8]) -> Self {
        let name = format!("tower-vitals-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn secrets_are_read_from_files() {
    for name in SECRETS {
        let (_, value, ..) = VARIABLES.into_iter().find(|row| row.0 == name).unwrap();
        let file = File::new(name, format!("\n  {value}\r\n").as_bytes());
        let named = format!("{name}_FILE");
        let vars = [(&*named, file.path()), (name, " ")];
        let settings = Settings::from_vars(vars).unwrap();
        let secret = match name {
            "MONITORING_TOKEN" => &settings.monitoring_token,
            "ALERT_WEBHOOK_URL" => &settings.alert_webhook_url,
            "TELEGRAM_TOKEN" => &settings.telegram_token,
            other => panic!("{other} has no field here"),
        };
        assert_eq!(exposed(secret.as_ref()), Some(value));
        let shown = serde_json::to_value(&settings).unwrap();
        assert_eq!(
            shown[name],
            json!({ "value": "[redacted]", "source": "file" })
        );
        assert!(!format!("{settings:?}{shown}").contains("XYZZY"), "{name}");

        let both = Settings::from_vars([(&*named, file.path()), (name, value)]);
        assert_eq!(
            both.unwrap_err().to_string(),
            format!("1 setting is wrong: {name} and {named} are both set: one of them is allowed")
        );
    }
    // Other variables are not read from files.
    let file = File::new("port", b"9200");
    let settings = one("MONITORING_PORT_FILE", file.path()).unwrap();
    assert_eq!(settings.monitoring_port, 9100);
}

#[test]
fn a_file_that_holds_no_secret_is_an_error() {
    let says = |path: &str, problem: &str| {
        let error = one("MONITORING_TOKEN_FILE", path).unwrap_err().to_string();
        let begin =
            format!("1 setting is wrong: MONITORING_TOKEN_FILE is {path:?}, which {problem}");
        assert!(error.starts_with(&begin), "{error}");
        assert!(
            error.ends_with(" is allowed") && !error.contains("XYZZY"),
            "{error}"
        );
    };
    let missing = std::env::temp_dir().join("tower-vitals-no-such-file");
    says(
        missing.to_str().unwrap(),
        "cannot be read (No such file or directory (os error 2)): ",
    );
    says(env!("CARGO_MANIFEST_DIR"), "cannot be read (");
    says(File::new("empty", b" \n").path(), "is empty: ");
    says(
        File::new("bytes", b"XYZZY-XYZZY\xff").path(),
        "is not UTF-8: ",
    );
    says(
        File::new("short", b"XYZZY").path(),
        "holds [redacted]: a text of at least 8 visible ASCII characters",
    );
    let mut large = vec![b'a'; 64 * 1024];
    one("MONITORING_TOKEN_FILE", File::new("full", &large).path()).unwrap();
    large.push(b'\n');
    says(
        File::new("large", &large).path(),
        "holds more than 65536 bytes: ",
    );

    // The secret itself in place of its path.
    for secret in ["t0ken-XYZZY", "/t0ken-XYZZY==", "/t0ken/XYZZY=="] {
        let error = one("MONITORING_TOKEN_FILE", secret).unwrap_err();
        let error = error.to_string();
        assert!(!error.contains("XYZZY"), "{error}");
        assert!(
            error.contains("MONITORING_TOKEN_FILE is [redacted]"),
            "{error}"
        );
    }
}

#[test]
fn a_wrong_value_is_quoted_without_passwords_and_not_at_length() {
    let long = "x".repeat(150);
    let error = one("MONITORING_PORT", &long).unwrap_err().to_string();
    let shown = format!("is \"{}\" .. (50 characters more): ", "x".repeat(100));
    assert!(error.contains(&shown), "{error}");
    let exactly = "\u{e9}".repeat(100);
    let error = one("MONITORING_PORT", &exactly).unwrap_err().to_string();
    assert!(error.contains(&format!("is {exactly:?}: ")), "{error}");

    for name in ["MONITORING_HOST", "MONITORING_PORT", "ENVIRONMENT"] {
        for wrong in [
            "ftp://me:XYZZY@host",
            "me:XYZZY@host:4317",
            "http://me:XYZZY@host:port",
        ] {
            let error = one(name, wrong).unwrap_err().to_string();
            assert!(
                error.contains("[redacted]") && !error.contains("XYZZY"),
                "{error}"
            );
        }
    }
}
