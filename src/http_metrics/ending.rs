//! `Ending`: how a request ended, as its counter and its duration are labelled.

use std::borrow::Cow;

use super::outcome::Outcome;

/// A value of the status label: an HTTP status code, or one of the constants below.
pub(crate) type Status = u16;

/// Without a response head, in a convention that has no status for it.
pub(crate) const NO_STATUS: Status = 0;
pub(crate) const ERROR: Status = 1;
pub(crate) const TIMEOUT: Status = 2;
pub(crate) const CANCELLED: Status = 3;

/// nginx's "client closed request".
pub(crate) const CLIENT_CLOSED: Status = 499;
pub(crate) const INTERNAL_ERROR: Status = 500;

/// The number of combinations of response labels that an ending can carry.
pub(crate) const MAX_VARIANTS: usize = 1 << VARIANT_BITS;

const VARIANT_BITS: u32 = 12;
const STATUS_BITS: u32 = 10;
const STATUS_MASK: u32 = (1 << STATUS_BITS) - 1;

/// A status, that of a gRPC call, a combination of response labels (its variant), and an outcome. Packed, because each request compares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Ending(u32);

impl Ending {
    #[inline]
    pub(crate) fn new(status: Status) -> Self {
        Self(u32::from(status))
    }

    pub(crate) fn with_variant(self, variant: usize) -> Self {
        let variant = u32::try_from(variant % MAX_VARIANTS).unwrap_or_default();
        let mask = (u32::try_from(MAX_VARIANTS).unwrap_or_default() - 1) << 16;
        Self(self.0 & !mask | variant << 16)
    }

    pub(crate) fn with_outcome(self, outcome: Outcome) -> Self {
        let shift = 16 + VARIANT_BITS;
        Self(self.0 & !(u32::MAX << shift) | (outcome as u32) << shift)
    }

    /// Adds the number of a gRPC status. Statuses of HTTP take ten bits, and it takes the six above, plus one.
    pub(crate) fn with_code(self, code: u8) -> Self {
        let code = (u32::from(code) + 1) << STATUS_BITS;
        Self(self.0 & !(0xFFFF ^ STATUS_MASK) | code & 0xFFFF)
    }

    pub(crate) fn without_code(self) -> Self {
        Self(self.0 & !(0xFFFF ^ STATUS_MASK))
    }

    pub(crate) fn status(self) -> Status {
        (self.0 & STATUS_MASK) as Status
    }

    /// The number of the gRPC status, if there is one.
    pub(crate) fn code(self) -> Option<u8> {
        let code = (self.0 & 0xFFFF) >> STATUS_BITS;
        u8::try_from(code).ok()?.checked_sub(1)
    }

    pub(crate) fn variant(self) -> usize {
        (self.0 >> 16) as usize % MAX_VARIANTS
    }

    /// [`Outcome::Complete`] unless a convention has a label for other outcomes.
    pub(crate) fn outcome(self) -> Outcome {
        Outcome::ALL[(self.0 >> (16 + VARIANT_BITS)) as usize % Outcome::ALL.len()]
    }
}

pub(crate) fn status_text(status: Status) -> Cow<'static, str> {
    match status {
        ERROR => "error".into(),
        TIMEOUT => "timeout".into(),
        CANCELLED => "cancelled".into(),
        code => code.to_string().into(),
    }
}

/// `2xx` for 200, and the text of a status that is no code.
pub(crate) fn status_class(status: Status) -> Cow<'static, str> {
    match status / 100 {
        0 => status_text(status),
        1 => "1xx".into(),
        2 => "2xx".into(),
        3 => "3xx".into(),
        4 => "4xx".into(),
        5 => "5xx".into(),
        class => format!("{class}xx").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_an_ending_do_not_touch_each_other() {
        for status in [NO_STATUS, ERROR, 200, 999] {
            for variant in [0, 1, MAX_VARIANTS - 1] {
                for outcome in Outcome::ALL {
                    let ending = Ending::new(status).with_variant(MAX_VARIANTS - 1);
                    let ending = ending.with_outcome(Outcome::BodyError);
                    let ending = ending.with_outcome(outcome).with_variant(variant);
                    assert_eq!(ending.status(), status);
                    assert_eq!(ending.code(), None);
                    for code in [0, 16] {
                        let ending = ending.with_code(3).with_code(code);
                        assert_eq!((ending.status(), ending.code()), (status, Some(code)));
                        assert_eq!(ending.variant(), variant);
                        assert_eq!(ending.outcome(), outcome);
                    }
                    assert_eq!(ending.variant(), variant);
                    assert_eq!(ending.outcome(), outcome);
                }
            }
        }
    }

    #[test]
    fn a_class_stands_for_a_hundred_codes() {
        let classes = [100, 204, 302, 404, 503, 799, TIMEOUT].map(status_class);
        assert_eq!(
            classes,
            ["1xx", "2xx", "3xx", "4xx", "5xx", "7xx", "timeout"]
        );
    }
}
