//! Secrets reach no line, wherever they are planted.

use std::error::Error;
use std::fmt;

use tracing::field::Empty;
use tracing::{error, info, info_span, warn};

use crate::lines::{object, texts};

/// Part of every planted secret.
const PLANTED: &str = "pl4nted";

/// Logs, and checks that the lines of both layers hold the mask and no planted secret.
fn assert_masked(log: impl FnOnce()) {
    let lines = texts(log);
    assert!(lines.len() >= 2, "{lines:?}");
    for line in lines {
        assert!(!line.to_lowercase().contains(PLANTED), "{line}");
        assert!(line.contains("[redacted]"), "{line}");
    }
}

/// Each form of a text with a secret that the documentation names.
const TEXTS: &[&str] = &[
    // Credentials in URLs.
    "cannot reach postgres://shop:pl4nted-1@db/shop",
    "fetched https://ann:pl4nted-1@example.com/a",
    "root:pl4nted-1@tcp(db:3306)/shop",
    // Signed query parameters.
    "GET https://b.s3.amazonaws.com/k?X-Amz-Signature=pl4nted0a1b&X-Amz-Expires=60",
    "GET https://b.s3.amazonaws.com/k?X-Amz-Credential=pl4nted%2F20261129%2Fus-east-1%2Fs3",
    "GET https://b.s3.amazonaws.com/k?X-Amz-Security-Token=pl4nted0a1b//x",
    "GET https://b.s3.amazonaws.com/k?AWSAccessKeyId=AKIAIOSFODNN7PL4NTED&Signature=pl4nted0a1b%3D",
    "GET https://a.blob.core.windows.net/c/b?sv=2022&sig=pl4nted0a1b%3D",
    "GET https://storage.googleapis.com/b/o?X-Goog-Signature=pl4nted0a1b",
    "/callback?code=pl4nted-1&state=1",
    // Names and values.
    "login failed: password=pl4nted-1",
    "{\"api_key\": \"pl4nted-1\", \"n\": 1}",
    "Authorization: Basic cGw0bnRlZA-pl4nted-1",
    "Cookie: session=pl4nted-1; theme=dark",
    "--token pl4nted-1",
    // Tokens.
    "sent Bearer pl4nted.0a1b2c3d",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbDRudGVkIn0pl4nted.pl4nted0a1b2c",
    "ghp_pl4nted0123456789abcdef0123456789ab",
    "AKIAPL4NTED012345678",
    "xoxb-pl4nted-0123456789",
    "-----BEGIN PRIVATE KEY-----\npl4nted0a1b2c3d\n-----END PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----\npl4nted0a1b2c3d",
];

#[derive(Debug)]
struct Failed(String, Option<Box<Failed>>);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|source| source as _)
    }
}

#[test]
fn texts_are_masked_wherever_they_stand() {
    for text in TEXTS {
        let failed = |text: &str| Failed(text.to_owned(), None);
        assert_masked(|| info!("{text}"));
        assert_masked(|| info!(message = text));
        assert_masked(|| info!(text, "x"));
        assert_masked(|| info!(%text, "x"));
        assert_masked(|| info!(text = ?Some(text), "x"));
        assert_masked(|| info!(request_id = text, "x"));
        assert_masked(|| info!(bytes = text.as_bytes(), "x"));
        assert_masked(|| error!(error = &failed(text) as &dyn Error, "x"));
        assert_masked(|| {
            let outer = Failed("outer".to_owned(), Some(Box::new(failed(text))));
            error!(error = &outer as &dyn Error, "x");
        });
        assert_masked(|| error!(panic.message = text, "panicked"));
        assert_masked(|| {
            let _span = info_span!("span", text).entered();
            info!("x");
        });
        assert_masked(|| {
            let span = info_span!("span", text = Empty);
            span.record("text", tracing::field::debug(text));
            let _span = span.entered();
            info!("x");
        });
    }
}

#[test]
fn a_backtrace_is_masked() {
    let lines = texts(|| error!(panic.backtrace = %TEXTS[0], "panicked"));
    assert!(lines[0].contains("[redacted]"), "{lines:?}");
    assert!(
        lines.iter().all(|line| !line.contains(PLANTED)),
        "{lines:?}"
    );
}

#[test]
fn fields_with_secret_names_are_masked_whatever_their_value() {
    macro_rules! assert_masked_name {
        ($($name:tt)+) => {
            assert_masked(|| info!($($name)+ = "pl4nted", "x"));
            assert_masked(|| info!($($name)+ = ?"pl4nted", "x"));
            assert_masked(|| info!($($name)+ = b"pl4nted".as_slice(), "x"));
            assert_masked(|| {
                let _span = info_span!("span", $($name)+ = %"pl4nted").entered();
                info!("x");
            });
            assert_masked(|| {
                let span = info_span!("span", $($name)+ = Empty);
                span.record(stringify!($($name)+), "pl4nted");
                let _span = span.entered();
                info!("x");
            });
        };
    }
    assert_masked_name!(password);
    assert_masked_name!(token);
    assert_masked_name!(access_token);
    assert_masked_name!(authorization);
    assert_masked_name!(cookie);
    assert_masked_name!(api_key);
    assert_masked_name!(client_secret);
    assert_masked_name!(private_key);
    assert_masked_name!(session_id);
    for line in texts(|| {
        info!(
            "http.request.header.authorization" = "pl4nted",
            "X-Api-Key" = "pl4nted",
            "x"
        );
    }) {
        assert!(!line.contains(PLANTED), "{line}");
    }
    for line in texts(|| info!(pin = 4711, otp = 471_147.5, "x")) {
        assert!(!line.contains("4711"), "{line}");
    }
    for line in texts(|| info!(tokens = 4711, has_token = true, token_count = 12, "x")) {
        for shown in ["4711", "true", "12"] {
            assert!(line.contains(shown), "{line}");
        }
    }
}

#[test]
fn a_value_beside_the_name_of_a_secret_is_masked() {
    assert_masked(|| info!(header = "x-api-key", value = "pl4nted", "x"));
    assert_masked(|| info!(value = "pl4nted", header = ?"authorization", "x"));
    assert_masked(|| {
        let _span = info_span!("span", name = "DB_PASSWORD", content = "pl4nted").entered();
        info!("x");
    });
    for line in texts(|| info!(key = "pin", val = 4711, "x")) {
        assert!(!line.contains("4711"), "{line}");
    }
    for line in texts(|| info!(name = "color", value = "green", "x")) {
        assert!(line.contains("green"), "{line}");
    }
}

#[test]
fn a_value_recorded_later_than_the_name_of_a_secret_or_before_it_is_masked() {
    let log = |span: tracing::Span| {
        let _span = span.entered();
        info!("x");
    };
    assert_masked(|| {
        let span = info_span!("set", header = "authorization", value = Empty);
        span.record("value", "pl4nted");
        log(span);
    });
    assert_masked(|| {
        let span = info_span!("set", header = Empty, value = "pl4nted");
        span.record("header", "authorization");
        log(span);
    });
    assert_masked(|| {
        let span = info_span!("set", name = Empty, content = Empty);
        span.record("content", tracing::field::display("pl4nted"));
        span.record("name", "DB_PASSWORD");
        log(span);
    });
    assert_masked(|| info!("Value" = "pl4nted", header = "authorization", "x"));
    let lines = texts(|| {
        let span = info_span!("set", header = "accept", value = Empty);
        span.record("value", "text");
        log(span);
    });
    for line in lines {
        assert!(line.contains("text"), "{line}");
    }
}

#[test]
fn the_error_of_a_masked_field_shows_neither_its_message_nor_its_sources() {
    let failed = || {
        let source = Failed("pl4nted source".to_owned(), None);
        Failed("pl4nted".to_owned(), Some(Box::new(source)))
    };
    assert_masked(|| error!(password = &failed() as &dyn Error, "x"));
    assert_masked(|| {
        error!(
            header = "authorization",
            value = &failed() as &dyn Error,
            "x"
        );
    });
    assert_masked(|| {
        error!(
            value = &failed() as &dyn Error,
            header = "authorization",
            "x"
        );
    });
    let lines = texts(|| {
        error!(
            value = &failed() as &dyn Error,
            header = "authorization",
            "x"
        );
    });
    let line = object(&lines[0]);
    assert_eq!(
        line["exception"],
        serde_json::json!({"message": "[redacted]"})
    );
    // Another error beside the masked one is shown.
    let lines = texts(|| {
        error!(
            error = &Failed("lost".to_owned(), None) as &dyn Error,
            value = &failed() as &dyn Error,
            key = "pin",
            "x"
        );
    });
    let line = object(&lines[0]);
    assert_eq!(line["exception"], serde_json::json!({"message": "lost"}));
    assert!(!lines.concat().contains(PLANTED), "{lines:?}");
}

#[test]
fn registered_values_and_names_are_masked() {
    assert!(tower_vitals::redact::register("registered pl4nted"));
    assert!(tower_vitals::redact::register("7364528190"));
    assert_masked(|| warn!("registered pl4nted"));
    assert_masked(|| warn!(a = "registered%20pl4nted", "x"));
    assert_masked(|| {
        warn!(
            a = "registered\npl4nted and registered pl4nted",
            "registered pl4nted"
        );
    });
    assert!(tower_vitals::redact::register_name("own_field"));
    assert_masked(|| warn!(the_own_field = "pl4nted", "x"));
    assert_masked(|| warn!("ownField=pl4nted"));
    for line in texts(|| {
        warn!(
            a = 7_364_528_190_u64,
            b = 7_364_528_190.0,
            c = 7_364_528_190_u128,
            "x"
        );
    }) {
        assert!(!line.contains("7364528190"), "{line}");
    }
}

#[test]
fn a_secret_at_the_cut_of_a_long_value_is_masked() {
    let padding = "x ".repeat(3000);
    for spaces in (2150..2250).step_by(9).chain((4000..4300).step_by(7)) {
        let text = format!(
            "{padding}{}Bearer pl4nted.0a1b2c3d {padding}",
            " ".repeat(spaces)
        );
        for line in texts(|| info!(text, "{text}")) {
            assert!(!line.contains("pl4"), "{spaces}");
        }
    }
}

#[test]
fn harmless_values_stay() {
    let lines = texts(|| {
        info!(
            path = "/orders/17",
            user = "ann",
            state = "missing",
            "password: must not be empty"
        );
    });
    for line in lines {
        assert!(!line.contains("redacted"), "{line}");
        for shown in [
            "/orders/17",
            "ann",
            "missing",
            "password: must not be empty",
        ] {
            assert!(line.contains(shown), "{line}");
        }
    }
}
