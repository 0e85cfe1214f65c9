//! `Wire`: the wire format of Protocol Buffers ("Encoding").

/// A message that is written. Fields are numbered from 1 on.
pub(crate) struct Wire(Vec<u8>);

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const LENGTH: u32 = 2;

/// The most bytes of a varint.
const MAX_VARINT: usize = 10;

impl Wire {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    #[inline]
    fn varint(&mut self, value: u64) {
        if let Ok(byte @ ..128) = u8::try_from(value) {
            return self.0.push(byte);
        }
        let (bytes, len) = varint(value);
        self.0.extend_from_slice(&bytes[..len]);
    }

    #[inline]
    fn tag(&mut self, field: u32, kind: u32) {
        self.varint(u64::from(field << 3 | kind));
    }

    /// An integer, or an enum.
    #[inline]
    pub(crate) fn uint(&mut self, field: u32, value: u64) {
        self.tag(field, VARINT);
        self.varint(value);
    }

    pub(crate) fn sint(&mut self, field: u32, value: i64) {
        self.uint(field, zigzag(value));
    }

    /// Several integers in one field.
    pub(crate) fn packed_sints(&mut self, field: u32, values: &[i64]) {
        self.message(field, |wire| {
            for value in values {
                wire.varint(zigzag(*value));
            }
        });
    }

    /// Several unsigned or positive integers in one field.
    pub(crate) fn packed_uints(&mut self, field: u32, values: impl Iterator<Item = u64>) {
        self.message(field, |wire| values.for_each(|value| wire.varint(value)));
    }

    #[inline]
    pub(crate) fn double(&mut self, field: u32, value: f64) {
        self.tag(field, FIXED64);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    #[inline]
    pub(crate) fn text(&mut self, field: u32, text: &str) {
        self.tag(field, LENGTH);
        self.varint(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A message of two texts, the fields 1 and 2.
    #[inline]
    pub(crate) fn pair(&mut self, field: u32, first: &str, second: &str) {
        self.tag(field, LENGTH);
        self.varint((size_of_text(first) + size_of_text(second)) as u64);
        self.text(1, first);
        self.text(2, second);
    }

    /// Messages of an integer and a number, the fields 1 and 2. `count` is the number of messages.
    #[inline]
    pub(crate) fn counts_and_bounds(
        &mut self,
        field: u32,
        count: usize,
        messages: impl Iterator<Item = (u64, f64)>,
    ) {
        // Scrapes consist of these, so they are written where they stay, and without a branch.
        const MAX: usize = 3 + MAX_VARINT + 9;
        let mut at = self.0.len();
        self.0.resize(at + count * MAX, 0);
        for (count, bound) in messages.take(count) {
            let Some(room) = self.0[at..].first_chunk_mut::<MAX>() else {
                break;
            };
            let len = write_varint(count, room);
            #[expect(clippy::cast_possible_truncation, reason = "at most 20")]
            let size = (1 + len + 9) as u8;
            [room[0], room[1], room[2]] = [tag_byte(field, LENGTH), size, tag_byte(1, VARINT)];
            room[3 + len] = tag_byte(2, FIXED64);
            room[4 + len..12 + len].copy_from_slice(&bound.to_le_bytes());
            at += 12 + len;
        }
        self.0.truncate(at);
    }

    /// A message in a field.
    #[inline]
    pub(crate) fn message(&mut self, field: u32, write: impl FnOnce(&mut Self)) {
        // A series has some hundred bytes.
        const EXPECTED: usize = 200;
        self.tag(field, LENGTH);
        self.delimited(EXPECTED, write);
    }

    /// A message with its length before it. If the length has not as many bytes as the expected one, the message must be moved.
    #[inline]
    pub(crate) fn delimited(&mut self, expected: usize, write: impl FnOnce(&mut Self)) {
        let (placeholder, room) = varint(expected as u64);
        let start = self.0.len();
        self.0.extend_from_slice(&placeholder[..room]);
        write(self);
        let end = self.0.len();
        let (bytes, len) = varint((end - start - room) as u64);
        if len > room {
            self.0.resize(end + len - room, 0);
        }
        if len != room {
            self.0.copy_within(start + room..end, start + len);
            self.0.truncate(end + len - room);
        }
        self.0[start..start + len].copy_from_slice(&bytes[..len]);
    }
}

/// The tag of a field up to 15, which is one byte.
#[expect(clippy::cast_possible_truncation, reason = "at most 127")]
const fn tag_byte(field: u32, kind: u32) -> u8 {
    (field << 3 | kind) as u8
}

/// Seven bits per byte, the lowest first. All bytes but the last have the highest bit.
#[inline]
fn varint(mut value: u64) -> ([u8; MAX_VARINT], usize) {
    let mut bytes = [0; MAX_VARINT];
    let mut len = 0;
    loop {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "its lowest bits are wanted"
        )]
        let byte = value as u8 & 0x7f;
        value >>= 7;
        if value == 0 {
            bytes[len] = byte;
            return (bytes, len + 1);
        }
        bytes[len] = byte | 0x80;
        len += 1;
    }
}

/// Writes a varint behind three bytes, and returns its length.
#[inline]
fn write_varint<const N: usize>(value: u64, room: &mut [u8; N]) -> usize {
    if value >= 1 << 56 {
        let (bytes, len) = varint(value);
        room[3..3 + MAX_VARINT].copy_from_slice(&bytes);
        return len;
    }
    // Spreads 56 bits over 8 bytes, seven in each: first two halves, then quarters, then eighths.
    let halves = value & 0x0fff_ffff | (value & 0x00ff_ffff_f000_0000) << 4;
    let quarters = halves & 0x0000_3fff_0000_3fff | (halves & 0x0fff_c000_0fff_c000) << 2;
    let bytes = quarters & 0x007f_007f_007f_007f | (quarters & 0x3f80_3f80_3f80_3f80) << 1;
    let len = ((value | 1).ilog2() / 7 + 1) as usize;
    let more = 0x8080_8080_8080_8080 & ((1 << (8 * (len - 1))) - 1);
    room[3..11].copy_from_slice(&(bytes | more).to_le_bytes());
    len
}

/// Small numbers become small, negative ones, too.
#[expect(clippy::cast_sign_loss, reason = "the bits are wanted")]
fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

fn size_of_text(text: &str) -> usize {
    1 + varint(text.len() as u64).1 + text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Wire)) -> Vec<u8> {
        let mut wire = Wire::with_capacity(0);
        write(&mut wire);
        wire.into_bytes()
    }

    /// The examples of "Encoding".
    #[test]
    fn fields_are_those_of_the_specification() {
        assert_eq!(written(|wire| wire.uint(1, 150)), [0x08, 0x96, 0x01]);
        assert_eq!(
            written(|wire| wire.text(2, "testing")),
            [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]
        );
        assert_eq!(
            written(|wire| wire.message(3, |wire| wire.uint(1, 150))),
            [0x1a, 0x03, 0x08, 0x96, 0x01]
        );
        assert_eq!(
            written(|wire| wire.packed_sints(16, &[0, -1, 1, -2, i64::MAX, i64::MIN])),
            [
                0x82, 0x01, 24, 0, 1, 2, 3, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01
            ]
        );
    }

    /// The example of "Packed Repeated Fields".
    #[test]
    fn packed_integers_are_those_of_the_specification() {
        let packed = written(|wire| wire.packed_uints(6, [3, 270, 86_942].into_iter()));
        assert_eq!(packed, [0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05]);
    }

    #[test]
    fn messages_of_all_lengths_have_their_length_before_them() {
        let lengths = [0, 1, 127, 128, 16_383, 16_384, 3_000_000];
        for (len, expected) in lengths
            .into_iter()
            .flat_map(|len| lengths.map(|other| (len, other)))
        {
            let text = "x".repeat(len);
            let bytes =
                written(|wire| wire.delimited(expected, |wire| wire.0.extend(text.bytes())));
            let mut decoded = 0;
            let mut at = 0;
            loop {
                decoded |= u64::from(bytes[at] & 0x7f) << (7 * at);
                at += 1;
                if bytes[at - 1] < 128 {
                    break;
                }
            }
            assert_eq!(decoded, len as u64);
            assert_eq!(bytes[at..], *text.as_bytes());
        }
    }

    #[test]
    fn short_messages_are_written_like_others() {
        let powers = (0..64).map(|bit| 1_u64 << bit);
        let counts: Vec<u64> = powers
            .flat_map(|power| [power - 1, power, power + 1, power | 0x5a5a_5a5a])
            .chain([u64::MAX])
            .collect();
        let messages = counts.iter().map(|count| (*count, *count as f64 / 3.0));
        let short = written(|wire| wire.counts_and_bounds(3, counts.len(), messages.clone()));
        let long = written(|wire| {
            for (count, bound) in messages {
                wire.message(3, |wire| {
                    wire.uint(1, count);
                    wire.double(2, bound);
                });
            }
        });
        assert_eq!(short, long);
        for text in ["", "a", &"ü".repeat(200)] {
            let short = written(|wire| wire.pair(1, "name", text));
            let long = written(|wire| {
                wire.message(1, |wire| {
                    wire.text(1, "name");
                    wire.text(2, text);
                });
            });
            assert_eq!(short, long);
        }
    }
}
