//! `Signer`: signatures of requests.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_STANDARD, Engine};
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use ring::hmac;

use crate::error::Error;
use crate::redact::register_own;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// Shorter keys can be guessed. Standard Webhooks has 24 to 64 bytes.
const MIN_KEY: usize = 24;

/// Signs requests with HMAC-SHA256, as [Standard Webhooks](https://www.standardwebhooks.com) does.
pub(super) struct Signer {
    key: hmac::Key,
}

impl Signer {
    /// `whsec_` and base64, else the key itself.
    pub(super) fn new(secret: &str) -> Result<Self, Error> {
        let secret = secret.trim();
        register_own(secret);
        let key = match secret.strip_prefix("whsec_") {
            Some(encoded) => {
                register_own(encoded);
                BASE64_STANDARD.decode(encoded).map_err(|_| {
                    let problem = "after whsec_, base64 is allowed";
                    Error::invalid(format!("the secret of the webhook is invalid: {problem}"))
                })?
            }
            None => secret.as_bytes().to_vec(),
        };
        if key.len() < MIN_KEY {
            return Err(Error::invalid(format!(
                "the secret of the webhook has {} bytes: at least {MIN_KEY} are allowed",
                key.len()
            )));
        }
        Ok(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
        })
    }

    /// Adds the headers of a signature at this time.
    pub(super) fn sign(&self, id: &str, now: SystemTime, body: &[u8], headers: &mut HeaderMap) {
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut context = hmac::Context::with_key(&self.key);
        context.update(format!("{id}.{seconds}.").as_bytes());
        context.update(body);
        let signature = format!("v1,{}", BASE64_STANDARD.encode(context.sign()));
        let values = [
            (ID, id.to_owned()),
            (TIMESTAMP, seconds.to_string()),
            (SIGNATURE, signature),
        ];
        for (name, value) in values {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The vector of the specification's reference libraries.
    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        let signer = Signer::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let mut headers = HeaderMap::new();
        let now = UNIX_EPOCH + Duration::from_secs(1_614_265_330);
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        signer.sign(id, now, br#"{"test": 2432232314}"#, &mut headers);
        assert_eq!(headers["webhook-id"], id);
        assert_eq!(headers["webhook-timestamp"], "1614265330");
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(headers["webhook-signature"], expected);
    }

    #[test]
    fn short_and_broken_secrets_are_refused_without_showing_them() {
        for secret in [
            "",
            "hunter2-hunter2",
            "whsec_",
            "whsec_aHVudGVyMg==",
            "whsec_hunter2-!",
        ] {
            let error = Signer::new(secret).err().unwrap().to_string();
            assert!(error.contains("allowed"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
