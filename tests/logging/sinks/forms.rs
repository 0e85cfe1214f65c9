//! The documented forms of secrets, each with a secret of its own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Part of every planted secret, in lower case. The second one stands where only hexadecimal digits may.
pub(super) const PLANTED: [&str; 2] = ["pl4nted", "0ddba11"];

/// A value and a name that the service registers.
pub(super) const OWN_VALUE: &str = "correct pl4nted battery/staple";
pub(super) const OWN_NAME: &str = "loyalty_number";

/// Names that the documentation lists, or that end so.
const NAMES: &[&str] = &[
    "password",
    "db_passwd",
    "token",
    "accessToken",
    "authorization",
    "cookie",
    "api_key",
    "client_secret",
    "private_key",
    "session_id",
    OWN_NAME,
];

/// A name and its value in a query string, a form, JSON, YAML or a header, XML, a command line, Rust's `Debug`, percent-encoded, escaped,
/// and beside each other.
const WRITTEN: &[&str] = &[
    "GET /x?a=1&NAME=SECRET",
    "NAME=SECRET&a=1",
    "{\"NAME\":\"SECRET\",\"n\":1}",
    "NAME: SECRET",
    "<NAME>SECRET</NAME>",
    "shop --NAME SECRET",
    "Shop { NAME: \"SECRET\", n: 1 }",
    "Shop { NAME: Some(\"SECRET\") }",
    "NAME%3DSECRET",
    "{\\\"NAME\\\":\\\"SECRET\\\"}",
    "{\"name\":\"NAME\",\"value\":\"SECRET\"}",
];

/// `SECRET`, `UPPER` and `HEX` stand for the secret, `·` for nothing, so that no scanner of repositories takes an example for a token.
const OTHERS: &[&str] = &[
    // Credentials in URLs and connection strings.
    "postgres://shop:SECRET@db/shop",
    "https://ann:SECRET@example.com/a",
    "https://SECRET@example.com/a.git",
    "amqp%3A%2F%2Fshop%3ASECRET%40mq%2F",
    "root:SECRET@tcp(db:3306)/shop",
    "Server=db;User Id=sa;Password=SECRET;Encrypt=true",
    // Signed query parameters.
    "https://b.s3.amazonaws.com/k?X-Amz-Signature=SECRET&X-Amz-Expires=60",
    "https://b.s3.amazonaws.com/k?X-Amz-Credential=SECRET%2F20261129%2Fus-east-1%2Fs3",
    "https://b.s3.amazonaws.com/k?X-Amz-Security-Token=SECRET//x",
    "https://b.s3.amazonaws.com/k?AWSAccessKeyId=SECRET&Expires=60",
    "https://b.s3.amazonaws.com/k?Signature=SECRET%3D",
    "https://a.blob.core.windows.net/c/b?sv=2022&sig=SECRET%3D",
    "https://storage.googleapis.com/b/o?X-Goog-Signature=SECRET",
    "/callback?code=SECRET&state=1",
    // Headers, commands, SQL.
    "Authorization: Bearer SECRET.0a1b2c3d",
    "Authorization: Digest username=\"ann\", response=\"SECRET\"",
    "Cookie: theme=dark; session=SECRET",
    "Set-Cookie: sid=SECRET; HttpOnly",
    "X-Api-Key: SECRET",
    "curl -u ann:SECRET https://example.com",
    "mysql -uroot -pSECRET shop",
    "CREATE USER shop IDENTIFIED BY 'SECRET'",
    "ALTER USER shop WITH PASSWORD 'SECRET'",
    // Bearer tokens, JSON Web Tokens, private keys.
    "sent Bearer SECRET.0a1b2c3d",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQSECRET.SECRET0a1b2c",
    "-----BEGIN PRIVATE KEY-----\nSECRET0a1b2c3d\n-----END PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----\nSECRET0a1b2c3d",
    "-----BEGIN OPENSSH PRIVATE KEY-----\\nSECRET0a1b2c3d\\n-----END OPENSSH PRIVATE KEY-----",
    // Keys of clouds and well-known services.
    "AK·IAUPPER012345",
    "AS·IAUPPER012345",
    "AI·zaSECRET0123456789abcdef0123456789ab",
    "GO·CSPX-SECRET0123456789abcdef",
    "ya·29.SECRET0123456789-_ab",
    "DefaultEndpointsProtocol=https;AccountKey=SECRET0123456789abcdef==;EndpointSuffix=core.windows.net",
    "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKey=SECRET0123abc+/=",
    "LT·AISECRET0123456789",
    "do·p_v1_HEX0123456789abcdef0123456789abcdef",
    "gh·p_SECRET0123456789abcdef0123456789ab",
    "github·_pat_SECRET0123456789abcdef",
    "gl·pat-SECRET0123456789abc",
    "xo·xb-SECRET-012345678901-abcdef",
    "https://hooks.slack.com/services/T0123456/B0123456/SECRET0123456789abcdef",
    "sk·_live_SECRET0123456789",
    "sk-·proj-SECRET0123456789",
    "hv·s.SECRET0123456789abcdef",
    "np·m_SECRET0123456789abcdef0123456789",
];

pub(super) struct Form {
    pub(super) text: String,
    /// The secret as it must not be shown, if it is not one of [`PLANTED`].
    pub(super) encoded: Option<String>,
}

/// All forms. Their places in the list are their numbers.
pub(super) fn forms() -> Vec<Form> {
    let named = WRITTEN
        .iter()
        .flat_map(|form| NAMES.iter().map(|name| form.replace("NAME", name)));
    let others = OTHERS.iter().map(|form| form.replace('·', ""));
    let own = [
        OWN_VALUE.to_owned(),
        "correct%20pl4nted%20battery%2Fstaple".to_owned(),
        "correct+pl4nted+battery%2Fstaple".to_owned(),
        "correct pl4nted battery\\/staple".to_owned(),
    ];
    let mut forms: Vec<_> = named
        .chain(others)
        .chain(own)
        .enumerate()
        .map(|(number, form)| Form {
            text: numbered(&form, number),
            encoded: None,
        })
        .collect();
    let own = STANDARD.encode(OWN_VALUE);
    forms.push(encoded("data: ", &own, &own[..12]));
    let credentials = STANDARD.encode("ann:pl4nted-1");
    forms.push(encoded("Authorization: Basic ", &credentials, &credentials));
    forms
}

fn numbered(form: &str, number: usize) -> String {
    form.replace("SECRET", &format!("pl4nted{number:03}"))
        .replace("UPPER", &format!("PL4NTED{number:03}"))
        .replace("HEX", &format!("0ddba11{number:03}"))
}

fn encoded(before: &str, secret: &str, part: &str) -> Form {
    Form {
        text: format!("{before}{secret}"),
        encoded: Some(part.to_lowercase()),
    }
}
