use proptest::prelude::*;

use super::*;

#[test]
fn credentials_in_urls_are_masked_and_the_rest_stays() {
    for (text, expected) in [
        (
            "cannot reach postgres://app:s3cret@db:5432/shop?sslmode=require",
            "cannot reach postgres://app:[redacted]@db:5432/shop?sslmode=require",
        ),
        ("redis://:p@ss/w:rd@host/0", "redis://[redacted]@host/0"),
        ("redis://:my abc123@h", "redis://[redacted]@h"),
        (
            "postgres://app:12/34@db/x",
            "postgres://app:[redacted]@db/x",
        ),
        (
            "postgres://app:a\"b@db,db2:1/x",
            "postgres://app:[redacted]@db,db2:1/x",
        ),
        ("https://ghp_abc@host/x", "https://[redacted]@host/x"),
        (
            "https://sk_live_x:@api.stripe.com",
            "https://[redacted]@api.stripe.com",
        ),
        (
            "https://TOKEN:x-oauth-basic@github.com",
            "https://[redacted]@github.com",
        ),
        (
            "a \"amqp://kit:pw@one\" b amqp://kit:pw@two",
            "a \"amqp://kit:[redacted]@one\" b amqp://kit:[redacted]@two",
        ),
        (
            "Invalid URL: 'amqp:kit:hunter2@host'",
            "Invalid URL: 'amqp:[redacted]@host'",
        ),
        (
            "u:p@w@host u:p,w@host u:p(w@host",
            "u:[redacted]@host u:[redacted]@host u:[redacted]@host",
        ),
        (
            "root:pw@tcp(127.0.0.1:3306)/db",
            "root:[redacted]@tcp(127.0.0.1:3306)/db",
        ),
    ] {
        assert_eq!(redact(text), expected);
    }
}

#[test]
fn long_passwords_of_urls_are_masked() {
    for length in [1023, 1024, 1025, 60_000] {
        let password = "aB3/".repeat(length / 4 + 1);
        for (text, shown) in [
            (
                format!("x://app:{password}@db/x"),
                "x://app:[redacted]@db/x",
            ),
            (format!("app:{password}@db/x"), "app:[redacted]@db/x"),
            (
                format!("https://app:{password}@h/x"),
                "https://[redacted]@h/x",
            ),
        ] {
            assert_eq!(redact(&text), shown);
        }
    }
}

#[test]
fn text_that_resembles_a_url_with_credentials_stays() {
    for text in [
        "http://host:8080/path is down",
        "https://registry.npmjs.org/@scope/pkg",
        "http://host:8443/users/a@b.com",
        "http://[::1]:80/ and mail a@b.com",
        "connect to db:5432 as rabbit@node",
        "at noon @ home",
    ] {
        assert_eq!(redact(text), text);
    }
}

#[test]
fn values_with_secret_names_are_masked() {
    for (text, expected) in [
        (
            "host=db password=s3cret user=app",
            "host=db password=[redacted] user=app",
        ),
        ("password='two words' x", "password=[redacted] x"),
        (r"password=two\ words x", "password=[redacted] x"),
        ("password=hun,abc123 x", "password=[redacted] x"),
        ("password=hun&abc123 x", "password=[redacted] x"),
        ("password: correcthorse, then", "password: [redacted]"),
        (
            r#"{"api_key": "ab\"cd", "n": 1}"#,
            r#"{"api_key": [redacted], "n": 1}"#,
        ),
        (
            r#""{\"access_token\":\"abc123\",\"n\":1}""#,
            r#""{\"access_token\":[redacted],\"n\":1}""#,
        ),
        (
            r#"[("authorization", "Basic abc123"), ("a", "b")]"#,
            r#"[("authorization", [redacted]), ("a", "b")]"#,
        ),
        (
            "Config { password: Some(\"a b\"), port: 1 }",
            "Config { password: [redacted], port: 1 }",
        ),
        (
            "password: Secret { inner: \"abc\" }, port",
            "password: [redacted], port",
        ),
        (r#"token=["a","b"] x"#, "token=[redacted] x"),
        ("Password(\"abc123\")", "Password([redacted])"),
        ("?access_token=abc&x=1", "?access_token=[redacted]&x=1"),
        (
            "?X-Amz-Signature=abc&x=1",
            "?X-Amz-Signature=[redacted]&x=1",
        ),
        ("password%3Dabc x", "password%3D[redacted] x"),
        ("Authorization: Bearer abc.def", "Authorization: [redacted]"),
        (
            "Authorization: Token X\nHost: h",
            "Authorization: [redacted]\nHost: h",
        ),
        (
            "-H 'authorization: ApiKey  X' url",
            "-H 'authorization: [redacted]' url",
        ),
        ("Set-Cookie: id=1; HttpOnly", "Set-Cookie: [redacted]"),
        ("PASSWORD 'abc''def' x", "PASSWORD [redacted] x"),
        ("password=abc'd;e)f>g x", "password=[redacted] x"),
        ("https://h/?key=abc&x=1", "https://h/?key=[redacted]&x=1"),
        (
            "CREATE USER u PASSWORD 'abc' x",
            "CREATE USER u PASSWORD [redacted] x",
        ),
        (
            "mysql --password abc -h x",
            "mysql --password [redacted] -h x",
        ),
        (
            "clientSecret=x SECRET_KEY=y AccountKey=z;",
            "clientSecret=[redacted] SECRET_KEY=[redacted] AccountKey=[redacted];",
        ),
        (
            "db_pass=x passwords=y password1=z",
            "db_pass=[redacted] passwords=[redacted] password1=[redacted]",
        ),
        (
            "stripe_secret_key: sk1 credential=c0f",
            "stripe_secret_key: [redacted] credential=[redacted]",
        ),
    ] {
        assert_eq!(redact(text), expected);
    }
}

#[test]
fn tokens_are_masked_under_any_name() {
    for (text, expected) in [
        ("sent Bearer abc.def to it", "sent Bearer [redacted] to it"),
        ("sent BEARER  abc123 to it", "sent BEARER  [redacted] to it"),
        ("got eyJhbGciOi.eyJzdWIi.c2ln back", "got [redacted] back"),
        ("key sk_live_0123456789 is bad", "key [redacted] is bad"),
        (
            "Incorrect API key provided: sk-proj-0123456789abcdef.",
            "Incorrect API key provided: [redacted].",
        ),
        (
            "https://api.telegram.org/bot12345:AAbbCCddEEffGGhhIIjjKK/send",
            "https://api.telegram.org/bot12345:[redacted]/send",
        ),
        (
            "a -----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- b",
            "a [redacted] b",
        ),
    ] {
        assert_eq!(redact(text), expected);
    }
}

#[test]
fn words_make_a_name_secret() {
    for name in [
        "smtpPass",
        "SMTPPass",
        "JWTKey",
        "HMACKey",
        "smtp_pass2",
        "dbpass",
        "db.pass",
        "SECRET_KEY_BASE",
        "password_hash",
        "tokenValue",
        "secret_text",
        "jwt_key",
        "hmac_key",
        "passcode",
        "auth",
        "bearer",
        "otp",
        "slack_webhook",
        "webhookUrl",
        "secret_id",
        "tls.key password",
    ] {
        assert!(name::is_secret(name), "{name}");
    }
    for name in [
        "",
        "_",
        "compass",
        "bypass",
        "token_count",
        "tokens_total",
        "password_file",
        "secret-name",
        "tokenTtl",
        "author",
        "authentic",
        "bearing",
        "pinned",
        "key",
        "keys",
        "monkey",
        "accept",
        "secretary",
        "token_endpoint",
        "ÖSTERREICH",
    ] {
        assert!(!name::is_secret(name), "{name}");
    }
}

#[test]
fn every_word_of_the_lists_makes_a_name_secret() {
    for word in name::words_of_lists() {
        assert!(name::is_secret(word), "{word}");
        assert!(
            name::is_secret(&format!("x_{}", word.to_uppercase())),
            "{word}"
        );
    }
}

#[test]
fn prose_about_secrets_stays() {
    for text in [
        "password authentication failed for user \"app\"",
        "passwords are long",
        "unexpected token: `<`",
        "cannot read secret: permission denied",
        "missing credentials: set them",
        "bearer token is missing",
        "token::Kind is private",
        "the token (see below) is old",
        "2026-11-21T10:00:00Z done",
    ] {
        let shown = redact(text);
        // Quoted text after a colon is always masked.
        assert!(shown == text || text.contains('`'), "{shown}");
    }
}

#[test]
fn a_cut_line_ends_with_a_note() {
    assert_eq!(redact_line("ab\ncd", 10), "ab cd");
    assert_eq!(redact_line("aé", 2), "a .. (2 bytes more)");
    let long = format!("{}://u:secret@h", "x".repeat(5));
    assert!(!redact_line(&long, 14).contains("secr"));
    let longer = format!("{} password=abc", "x ".repeat(100_000));
    assert_eq!(redact_line(&longer, 3), "x x .. (200010 bytes more)");
}

#[test]
fn hostile_texts_take_linear_time() {
    // In quadratic time, each would take 10^10 steps or more.
    for hostile in [
        "://",
        "://a:",
        "://a:b",
        "://a,",
        "a@",
        "a:b@",
        "token ",
        "token=",
        "token=a,",
        "token=\"",
        "token=[",
        "token: Some(",
        "token\t",
        "token:\n",
        "password(",
        "password=[",
        "password: a ",
        "password: |\n ",
        ";password=",
        ";password=a b;",
        "-----BEGIN ",
        "eyJ.",
        "Bearer ",
        "Digest a=",
        "Basic  ",
        "curl -u ",
        "IDENTIFIED BY ",
        "Authorization: ",
        "%3A%2F%2F",
        "%25",
        "%2525",
        "\\",
        "\\\"",
        "\\u0061",
        "value=\"",
        "\"name\":\"token\",",
        "name=token value=",
        "<token>",
        "<token",
        "ghp_",
        "sk_live_0",
        "a.",
        "r#\"",
    ] {
        let text = hostile.repeat(100_000 / hostile.len());
        assert!(redact(&text).len() <= text.len() * 10);
        assert!(redact_line(&text, 1024).len() < 1100);
    }
}

#[test]
fn a_secret_at_the_cut_of_a_long_text_is_not_shown_in_half() {
    for position in [59, 60, 63, 64, 65].map(|kibibytes| kibibytes * 1024 - 20) {
        // The masks make the text short enough for its end to be shown.
        let text = format!(
            "{}PART1PART2PART3 {}",
            "password=".to_owned() + &"y".repeat(position),
            "z".repeat(9000)
        );
        let line = redact_line(&text, 64 * 1024);
        assert!(!line.contains("PART"), "{line}");
    }
}

proptest! {
    #[test]
    fn no_password_of_a_url_gets_through(
        before in "[a-z =\"']{0,12}",
        // A port and white space, or white space after an `@`, cannot be distinguished from prose.
        password in "[A-Z0-9@:/?#=&;,!$%^*()+._~\"'<>-]{0,24}|[A-Z:/?#=][A-Z0-9:/?#=&;,!$%^*()+._~ \"'<>-]{0,24}",
        after in "[a-z/?]{0,12}",
    ) {
        let text = format!("{before} postgres://app:{password}XYZZ9@db{after}");
        prop_assert!(!redact(&text).contains("XYZZ9"), "{}", redact(&text));
    }

    #[test]
    fn no_value_of_a_password_gets_through(
        name in "(db_|X-|--)?(password|API_KEY|secret|clientSecret|token)",
        sep in "( = |=|=>|%3D)",
        value in "[A-Za-z0-9@:/?#!$%^*+._~-]{0,24}",
        odd in "[A-Za-z0-9@:/?#!$%^*+._~,;'\">&()-]{0,24}",
    ) {
        let libpq = format!("host=db password=a{odd}XYZZ91 user=app");
        prop_assert!(!redact(&libpq).contains("XYZZ91"), "{}", redact(&libpq));
        // With two slashes it is a URL of the scheme "app".
        let dsn = format!("app:a{value}XYZZ91@db/x");
        prop_assert!(!redact(&dsn).contains("XYZZ91"), "{}", redact(&dsn));

        let text = format!("host=db {name}{sep}{value}XYZZ91 user=app");
        prop_assert!(!redact(&text).contains("XYZZ91"), "{}", redact(&text));
        let json = format!("{{\"{name}\": \"{value}XYZZ91\", \"n\": 1}}");
        prop_assert!(!redact(&json).contains("XYZZ91"), "{}", redact(&json));
        let twice = format!("{json:?}");
        prop_assert!(!redact(&twice).contains("XYZZ91"), "{}", redact(&twice));
        let debug = format!("{:?}", (name, format!("{value}XYZZ91")));
        prop_assert!(!redact(&debug).contains("XYZZ91"), "{}", redact(&debug));
    }

    #[test]
    fn any_text_is_accepted(text in any::<String>()) {
        let _ = redact(&text);
        prop_assert!(redact_line(&text, 16).len() <= 16 + " .. (18446744073709551615 bytes more)".len());
    }
}
