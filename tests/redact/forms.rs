//! Each form of a name and its value, with many names and values.

use tower_vitals::redact::redact;

const NAMES: &[&str] = &[
    "password",
    "pw",
    "psk",
    "sid",
    "session",
    "creds",
    "stripe_key",
    "dsn",
    "SAMLResponse",
    "client_assertion",
    "token",
    "api_key",
    "secret",
    "DB_PASSWORD",
    "auth",
    "signature",
    "jwt",
    "otp",
    "pin",
    "access_token",
    "client_secret",
    "cookie",
    "authorization",
    "private_key",
    "session_id",
    "webhook",
    "X-Api-Key",
];

const VALUES: &[&str] = &[
    "hunter2",
    "XYZZY",
    "S3cr3t!",
    "k7Qz9mP2xL4v",
    "hunter2;x",
    "a\"b3\"c",
    "a'b3]c}d)",
    "3f7a9c1e8b3f7a9c3f7a9c1e8b3f7a9c",
];

/// The forms of a name and a value, which stand for `NAME` and `VALUE`, or `"NAME"` and `"VALUE"` as in Debug output.
const FORMS: &[&str] = &[
    "NAME=VALUE x",
    "NAME=\"VALUE\" x",
    "NAME: VALUE",
    "NAME:VALUE x",
    "NAME == \"VALUE\"",
    "NAME==VALUE",
    "NAME := \"VALUE\"",
    "NAME:=VALUE",
    "NAME:\nVALUE",
    "NAME\tVALUE",
    "{\"NAME\":\"VALUE\",\"n\":1}",
    "{\"NAME\": [\"VALUE\"]}",
    "[\"NAME\", \"VALUE\"]",
    "{\"name\":\"NAME\",\"value\":\"VALUE\"}",
    "{\"key\":\"NAME\",\"val\":\"VALUE\"}",
    "{\"value\":\"VALUE\",\"name\":\"NAME\"}",
    "name: NAME\nvalue: VALUE",
    "C { NAME: b\"VALUE\" }",
    "C { NAME: Some(\"VALUE\") }",
    "C { NAME: N { inner: \"VALUE\" } }",
    "(\"NAME\", \"VALUE\")",
    "(\n    \"NAME\",\n    \"VALUE\",\n)",
    "cmd --NAME VALUE x",
    "cmd --NAME=VALUE x",
    "[\"--NAME\", \"VALUE\"]",
    "GET /?NAME=VALUE 200",
    "user[NAME]=VALUE",
    "user%5BNAME%5D=VALUE",
    "NAME%3DVALUE",
    "<a NAME=\"VALUE\"/>",
    "<add key=\"NAME\" value=\"VALUE\"/>",
    "A=b;NAME=\"VALUE\";C=d",
];

#[test]
fn a_value_is_masked_in_each_form_under_each_name() {
    let mut count = 0;
    for form in FORMS {
        for name in NAMES {
            for value in VALUES {
                let quoted = format!("{value:?}");
                let text = form
                    .replace("NAME", name)
                    .replace("\"VALUE\"", &quoted)
                    .replace("VALUE", value);
                let shown = redact(&text);
                let half = &value[..=value.len().div_ceil(2)];
                let leaks =
                    shown.contains(value) || shown.contains(&quoted) || shown.contains(half);
                assert!(!leaks, "{text}\n{shown}");
                // What the crate shows may be in a string that is escaped once more.
                let shown = redact(&format!("{text:?}")).into_owned();
                assert!(!shown.contains(half), "{text:?}\n{shown}");
                count += 1;
            }
        }
    }
    println!("{count} texts");
}
