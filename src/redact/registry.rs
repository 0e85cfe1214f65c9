//! The process-wide registry of values that are secret.

use std::env;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use super::bytes::Span;
use super::known::{Known, MAX_VALUE, MIN_VALUE};
use super::looks::is_state;
use super::mask::{MASK, without_mask};
use super::name::is_secret;
use super::url::Urls;
use super::view::{Encoding, View};

/// The maximum number of values.
const MAX_VALUES: usize = 1024;

/// The maximum number of values that are taken from the environment.
const MAX_VARIABLES: usize = 256;

/// False while there are no values, so that a search costs one load.
static HAS_VALUES: AtomicBool = AtomicBool::new(false);

static REGISTRY: RwLock<Option<Registry>> = RwLock::new(None);

static ENVIRONMENT: Once = Once::new();

struct Registry {
    /// In the order of their registration.
    values: Vec<Value>,
    known: Known,
}

struct Value {
    text: Box<str>,
    /// Whether it gives way when the registry is full.
    gives_way: bool,
}

/// Masks this value from now on in all messages that the crate emits: in logs, errors, answers, stored runs and `Debug`
/// output. Names of checks and jobs and labels of metrics are shown as they are.
///
/// It is masked where it appears as it is, percent-encoded, in base64 (alone or within other data, such as
/// `user:password` of HTTP's Basic scheme), and escaped as in JSON and `Debug` output. White space around it is ignored.
///
/// The crate itself registers the secrets that it is given: the secrets of [`Settings`](crate::Settings), the token of
/// [`Guard::bearer`](crate::routes::Guard::bearer), the passwords in URLs of checks and stores, the credentials of
/// [`Pushgateway`](crate::exporter::Pushgateway), the headers with secret names of [`Http`](crate::health::checks::Http)
/// checks and, once before it first masks a text, at most 256 environment variables with secret names (`DB_PASSWORD`) or
/// passwords in URLs. A password in a URL that is the user's name as well is not registered, nor are variables that hold
/// a path from the root.
///
/// Returns whether the value is masked. It is not if it
/// - has fewer than 6 characters, because it would mask parts of other words,
/// - has more than 4096 bytes, or
/// - is a part of `[redacted]`, or contains it.
///
/// The registry holds 1,024 values in memory. When it is full, the older half of the values registered by this function
/// gives way, so at least the last 512 are masked unless the crate itself was given that many. Registering a value again
/// makes it the newest.
///
/// ```
/// use tower_vitals::{health::Outcome, redact};
///
/// assert!(redact::register("correct horse"));
/// assert!(!redact::register("short"));
///
/// assert_eq!(redact::redact("cannot log in with correct%20horse"), "cannot log in with [redacted]");
/// let outcome = Outcome::unhealthy().message("correct horse was refused");
/// assert!(format!("{outcome:?}").contains("[redacted] was refused"));
/// ```
pub fn register(value: impl AsRef<str>) -> bool {
    insert(value.as_ref(), true)
}

/// Like [`register`], for a secret that the crate is given. It never gives way.
#[allow(dead_code, reason = "some features are given no secrets")]
pub(crate) fn register_own(value: &str) {
    insert(value, false);
}

/// Registers the password of a URL or connection string, and the parameters of its query that have secret names. A
/// password that is the user's name as well stays readable.
#[allow(dead_code, reason = "some features are given no URLs")]
pub(crate) fn register_url(url: &str) {
    let Some(colon) = url.find("://") else {
        return;
    };
    let start = colon + 3;
    if let Some((_, end)) = Urls::default().credentials(url.as_bytes(), colon) {
        // A lone user may be a token.
        let (user, password) = url[start..end]
            .split_once(':')
            .unwrap_or(("", &url[start..end]));
        let secret = if password.is_empty() { user } else { password };
        if password != user {
            register_own(&decoded(secret));
        }
    }
    let query = url.split_once('?').map_or("", |(_, query)| query);
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        if is_secret(&decoded(name)) {
            register_own(&decoded(value));
        }
    }
}

fn decoded(text: &str) -> String {
    match View::of(text.as_bytes(), Encoding::Percent) {
        Some(view) => String::from_utf8_lossy(&view.text).into_owned(),
        None => text.to_owned(),
    }
}

/// Adds the spans of all registered values.
pub(super) fn find(text: &[u8], spans: &mut Vec<Span>) {
    if HAS_VALUES.load(Ordering::Acquire)
        && let Some(registry) = &*REGISTRY.read()
    {
        registry.known.find(text, spans);
    }
}

/// Whether any value is registered.
pub(super) fn has_values() -> bool {
    HAS_VALUES.load(Ordering::Acquire)
}

/// Registers the secrets of the environment, once.
pub(super) fn read_environment() {
    ENVIRONMENT.call_once(|| {
        let variables = env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let mut left = MAX_VARIABLES;
        for (name, value) in variables {
            // Paths and sockets are no secrets: `SSH_AUTH_SOCK`, `PWD`.
            let is_value =
                is_secret(&name) && !value.starts_with('/') && !is_state(value.as_bytes());
            if left > 0 && value.contains("://") {
                register_url(&value);
                left -= 1;
            } else if left > 0 && is_value {
                register_own(&value);
                left -= 1;
            }
        }
    });
}

fn insert(value: &str, gives_way: bool) -> bool {
    let value = without_mask(value.trim());
    if value.chars().count() < MIN_VALUE
        || value.len() > MAX_VALUE
        || value.contains(MASK)
        || MASK.contains(value)
    {
        return false;
    }
    let mut registry = REGISTRY.write();
    let registry = registry.get_or_insert_with(|| Registry {
        values: Vec::new(),
        known: Known::new(),
    });
    let is_registered = registry.insert(value, gives_way);
    HAS_VALUES.store(true, Ordering::Release);
    is_registered
}

impl Registry {
    fn insert(&mut self, value: &str, gives_way: bool) -> bool {
        let old = self.values.iter().position(|it| *it.text == *value);
        if let Some(old) = old {
            let mut value = self.values.remove(old);
            value.gives_way &= gives_way;
            self.values.push(value);
            return true;
        }
        if self.values.len() >= MAX_VALUES {
            self.drop_older_half();
        }
        if self.values.len() >= MAX_VALUES {
            return false;
        }
        self.known.insert(value);
        self.values.push(Value {
            text: value.into(),
            gives_way,
        });
        true
    }

    fn drop_older_half(&mut self) {
        let mut left = self
            .values
            .iter()
            .filter(|value| value.gives_way)
            .count()
            .div_ceil(2);
        self.values.retain(|value| {
            let is_dropped = value.gives_way && left > 0;
            left -= usize::from(is_dropped);
            !is_dropped
        });
        self.known = Known::new();
        for value in &self.values {
            self.known.insert(&value.text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_half_gives_way_and_what_the_crate_was_given_stays() {
        let mut registry = Registry {
            values: Vec::new(),
            known: Known::new(),
        };
        let is_found = |registry: &Registry, value: &str| {
            let mut spans = Vec::new();
            registry.known.find(value.as_bytes(), &mut spans);
            !spans.is_empty()
        };
        assert!(registry.insert("own-secret", false));
        for value in 0..MAX_VALUES {
            assert!(registry.insert(&format!("value-{value:05}"), true));
        }
        assert!(is_found(&registry, "own-secret"));
        assert!(!is_found(&registry, "value-00000"));
        assert!(!is_found(&registry, "value-00510"));
        assert!(is_found(&registry, "value-00600"));
        assert!(is_found(&registry, "value-01023"));
        assert!(registry.values.len() <= MAX_VALUES);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut registry = Registry {
            values: Vec::new(),
            known: Known::new(),
        };
        for value in 0..MAX_VALUES {
            assert!(registry.insert(&format!("own-{value:05}"), false));
        }
        assert!(!registry.insert("one-too-many", true));
        assert!(registry.insert("own-00000", true));
    }
}
