//! What changed from one tick to the next, in few bytes: LEB128 numbers, series by the gap to the one before.

use crate::exporter::Value;

/// A series as it was at a tick.
#[derive(Debug, Clone, Default)]
pub(super) enum Held {
    #[default]
    Absent,
    Number(f64),
    /// The sum's bits, then what each bucket got by itself: a sample then changes one of them, not all those above too.
    Distribution(Box<[u64]>),
}

impl Held {
    pub(super) fn of(value: &Value) -> Self {
        let histogram = match value {
            Value::Counter(number) | Value::Gauge(number) => return Self::Number(*number),
            Value::Histogram(histogram) => histogram,
        };
        let mut below = 0;
        let alone = histogram.buckets.iter().map(|(_, count)| {
            let alone = count.saturating_sub(below);
            below = *count;
            alone
        });
        let sum = histogram.sum.to_bits();
        Self::Distribution(std::iter::once(sum).chain(alone).collect())
    }

    /// The same to the last bit, so that a NaN that stays is no change.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Absent, Self::Absent) => true,
            (Self::Number(one), Self::Number(other)) => one.to_bits() == other.to_bits(),
            (Self::Distribution(one), Self::Distribution(other)) => one == other,
            _ => false,
        }
    }

    /// A copy that takes no new memory where there is some.
    pub(super) fn copy(&mut self, other: &Self) {
        match (self, other) {
            (Self::Distribution(own), Self::Distribution(other)) if own.len() == other.len() => {
                own.copy_from_slice(other);
            }
            (own, other) => own.clone_from(other),
        }
    }

    /// Memory beside its own size.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Absent | Self::Number(_) => 0,
            Self::Distribution(parts) => size_of_val(&**parts),
        }
    }
}

/// How a series changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change(u64);

/// It is no longer there.
const GONE: u64 = 0;
/// A number moved by a whole step, up or down.
const STEP: u64 = 1;
/// A number is this one.
const NUMBER: u64 = 2;
/// Some buckets got more, and the sum is this one.
const GREW: u64 = 3;
/// The whole distribution is this one: it is new, or began anew.
const DISTRIBUTION: u64 = 4;

/// Room for the five of them beside the gap.
const BITS: u32 = 3;

/// Writes the changes of one tick.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    bytes: &'a mut Vec<u8>,
    /// The series after the last one written.
    next: usize,
}

impl<'a> Writer<'a> {
    /// Into these bytes, whatever they were.
    pub(super) fn new(bytes: &'a mut Vec<u8>) -> Self {
        bytes.clear();
        Self { bytes, next: 0 }
    }

    /// Writes how this series changed, if it did, and says so. Series come in the order of their ids.
    pub(super) fn write(&mut self, id: usize, was: &Held, now: &Held) -> bool {
        match (was, now) {
            _ if was.is(now) => return false,
            (_, Held::Absent) => self.head(id, GONE),
            (was, Held::Number(now)) => {
                if let Some(step) = step(was, *now) {
                    self.head(id, STEP);
                    put(self.bytes, zigzag(step));
                } else {
                    self.head(id, NUMBER);
                    self.bytes.extend(now.to_le_bytes());
                }
            }
            (Held::Distribution(was), Held::Distribution(now)) if has_grown(was, now) => {
                self.head(id, GREW);
                self.growth(was, now);
            }
            (_, Held::Distribution(now)) => {
                self.head(id, DISTRIBUTION);
                put(self.bytes, now.len() as u64);
                self.bytes.extend(now[0].to_le_bytes());
                now[1..].iter().for_each(|part| put(self.bytes, *part));
            }
        }
        true
    }

    fn head(&mut self, id: usize, change: u64) {
        let gap = (id - self.next) as u64;
        put(self.bytes, gap << BITS | change);
        self.next = id + 1;
    }

    /// The sum; how many buckets grew; of each the gap to the one before and by how much.
    fn growth(&mut self, was: &[u64], now: &[u64]) {
        let grown = || (1..now.len()).filter(|at| now[*at] != was[*at]);
        self.bytes.extend(now[0].to_le_bytes());
        put(self.bytes, grown().count() as u64);
        let mut next = 1;
        for at in grown() {
            put(self.bytes, (at - next) as u64);
            put(self.bytes, now[at] - was[at]);
            next = at + 1;
        }
    }
}

/// Reads what [`Writer`] wrote. `None` is the end; also of bytes that it did not write, which there are none of.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    next: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            next: 0,
        }
    }

    /// The next series that changed. [`apply`](Self::apply) must follow.
    pub(super) fn next(&mut self) -> Option<(usize, Change)> {
        let head = take(&mut self.rest)?;
        let id = self.next + usize::try_from(head >> BITS).ok()?;
        self.next = id + 1;
        Some((id, Change(head & ((1 << BITS) - 1))))
    }

    /// Makes of the series what it became.
    pub(super) fn apply(&mut self, Change(change): Change, held: &mut Held) -> Option<()> {
        match change {
            GONE => *held = Held::Absent,
            STEP => {
                let step = unzigzag(take(&mut self.rest)?);
                if let Held::Number(number) = held {
                    *number += step as f64;
                }
            }
            NUMBER => *held = Held::Number(f64::from_bits(self.fixed()?)),
            GREW => self.grow(held)?,
            _ => {
                let len = usize::try_from(take(&mut self.rest)?).ok()?;
                let sum = self.fixed()?;
                let parts = (1..len).map(|_| take(&mut self.rest));
                *held = Held::Distribution(
                    std::iter::once(Some(sum))
                        .chain(parts)
                        .collect::<Option<_>>()?,
                );
            }
        }
        Some(())
    }

    fn grow(&mut self, held: &mut Held) -> Option<()> {
        let parts: &mut [u64] = match held {
            Held::Distribution(parts) => parts,
            // Nobody asked for this series: it is only passed over.
            _ => &mut [],
        };
        let sum = self.fixed()?;
        if let Some(was) = parts.first_mut() {
            *was = sum;
        }
        let mut next = 1;
        for _ in 0..take(&mut self.rest)? {
            let at = next + usize::try_from(take(&mut self.rest)?).ok()?;
            let more = take(&mut self.rest)?;
            if let Some(part) = parts.get_mut(at) {
                *part += more;
            }
            next = at + 1;
        }
        Some(())
    }

    fn fixed(&mut self) -> Option<u64> {
        let (bytes, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u64::from_le_bytes(*bytes))
    }
}

/// The step from one number to the other, if it is whole and adding it gives the very same number.
fn step(was: &Held, now: f64) -> Option<i64> {
    // Below this a step takes no more bytes than the number, and every whole f64 has its i64.
    const MOST: f64 = (1_u64 << 53) as f64;
    let Held::Number(was) = was else { return None };
    let step = now - was;
    let is_exact = step.abs() < MOST && step.fract() == 0.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole, and fits")]
    (is_exact && (was + step).to_bits() == now.to_bits()).then_some(step as i64)
}

/// Whether this distribution is the earlier one and more.
pub(super) fn has_grown(was: &[u64], now: &[u64]) -> bool {
    let mut buckets = was.iter().zip(now).skip(1);
    was.len() == now.len() && buckets.all(|(was, now)| was <= now)
}

fn zigzag(step: i64) -> u64 {
    (step << 1 ^ step >> 63).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
pub(super) fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

pub(super) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
