//! `register_name`: adds a name of secrets.

use super::name::{MAX_NAME, Words};
use super::registered_names;

/// The letters of a name. Shorter ones would be the end of many others.
const MIN_NAME: usize = 3;

/// Masks the values of fields, parameters and headers with this name from now on, as those of `password`: in log lines, and in
/// all other text that the crate emits.
///
/// Case, punctuation and digits at the end are ignored, and the name may have others before it: `iban` stands for `IBAN`,
/// `customer_iban`, `customerIban`, `ibans` and `iban2`, too.
///
/// Returns whether such values are masked. They are not if the name has fewer than 3 or more than 64 letters and digits, if it ends with
/// a digit, or if 256 names are registered.
///
/// ```
/// use tower_vitals::redact::{redact, register_name};
///
/// assert!(register_name("iban"));
/// assert_eq!(redact("customer_iban=DE02120300000000202051 paid"), "customer_iban=[redacted] paid");
/// ```
pub fn register_name(name: impl AsRef<str>) -> bool {
    let name = name.as_ref().as_bytes();
    let is_long = name.iter().filter(|it| it.is_ascii_alphanumeric()).count() > MAX_NAME;
    let has_end = name.last().is_some_and(|last| !last.is_ascii_digit());
    let words = Words::of(name);
    let plain = words.plain();
    !is_long && has_end && plain.len() >= MIN_NAME && registered_names::insert(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::{is_secret, redact};

    #[test]
    fn values_of_registered_names_are_masked() {
        assert!(!is_secret("customer_iban"));
        assert!(register_name("IBAN") && register_name("iban") && register_name("tax-number"));
        for name in [
            "iban",
            "customer_iban",
            "customerIban",
            "IBANs",
            "iban_2",
            "taxNumber",
            "tax_number",
        ] {
            assert!(is_secret(name), "{name}");
            let text = format!("a {name}=DE02120300 b");
            assert_eq!(redact(&text), format!("a {name}=[redacted] b"));
        }
        for name in ["ibanity", "iba", "number", "taxes"] {
            assert!(!is_secret(name), "{name}");
        }
        for name in ["", "ab", "__a", "iban2", &"n".repeat(65)] {
            assert!(!register_name(name), "{name}");
        }
    }
}
