//! Values of settings as JSON, without secrets.

use std::net::IpAddr;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;

use crate::redact::{MASK, redact};

/// Makes JSON that, secrets aside, can be set as the variable again.
pub(super) trait Redacted {
    fn redacted(&self) -> Value;
}

impl Redacted for IpAddr {
    fn redacted(&self) -> Value {
        self.to_string().into()
    }
}

impl Redacted for bool {
    fn redacted(&self) -> Value {
        (*self).into()
    }
}

impl Redacted for u16 {
    fn redacted(&self) -> Value {
        (*self).into()
    }
}

impl Redacted for u32 {
    fn redacted(&self) -> Value {
        (*self).into()
    }
}

impl Redacted for f64 {
    fn redacted(&self) -> Value {
        (*self).into()
    }
}

impl Redacted for Duration {
    fn redacted(&self) -> Value {
        self.as_secs_f64().into()
    }
}

impl Redacted for String {
    fn redacted(&self) -> Value {
        redact(self).into()
    }
}

impl Redacted for Option<String> {
    fn redacted(&self) -> Value {
        self.as_ref().map_or(Value::Null, Redacted::redacted)
    }
}

impl Redacted for Option<SecretString> {
    fn redacted(&self) -> Value {
        self.as_ref().map_or(Value::Null, |_| MASK.into())
    }
}
