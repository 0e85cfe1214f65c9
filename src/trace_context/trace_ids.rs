//! `TraceIds`: the ids of a span.

/// The ids of a span. Both are never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceIds {
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    /// 1 if the span is sampled, 0 if it is not.
    pub(crate) flags: u8,
}

impl TraceIds {
    pub(crate) fn is_sampled(&self) -> bool {
        self.flags & 1 == 1
    }

    /// 32 hexadecimal digits, in lower case.
    pub(crate) fn trace_id(&self) -> Hex<32> {
        Hex::of(&self.trace_id)
    }

    /// 16 hexadecimal digits, in lower case.
    pub(crate) fn span_id(&self) -> Hex<16> {
        Hex::of(&self.span_id)
    }

    /// 2 hexadecimal digits: `01` or `00`.
    pub(crate) fn flags(&self) -> &'static str {
        if self.is_sampled() { "01" } else { "00" }
    }
}

/// `N` hexadecimal digits, without an allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hex<const N: usize>([u8; N]);

impl<const N: usize> Hex<N> {
    fn of(bytes: &[u8]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [b'0'; N];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 0xf)];
        }
        Self(digits)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_hexadecimal() {
        let ids = TraceIds {
            trace_id: 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes(),
            span_id: 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes(),
            flags: 1,
        };
        assert_eq!(ids.trace_id().as_str(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(ids.span_id().as_str(), "00f067aa0ba902b7");
        assert_eq!(ids.span_id().as_bytes(), b"00f067aa0ba902b7");
        assert_eq!((ids.flags(), ids.is_sampled()), ("01", true));
        let unsampled = TraceIds { flags: 0, ..ids };
        assert_eq!((unsampled.flags(), unsampled.is_sampled()), ("00", false));
    }
}
