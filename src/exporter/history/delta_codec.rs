//! Delta encoding of the changes between ticks. A series is identified by its distance to the previous changed one.

use super::sample::{Sample, has_grown};
use super::varint::{self, unzigzag, zigzag};

/// How a series changed.
#[derive(Debug, Clone, Copy)]
pub(super) enum DeltaKind {
    /// The series disappeared.
    Absent = 0,
    /// The number changed by an integer.
    Step = 1,
    /// The number has this new value.
    Number = 2,
    /// Some buckets grew, and the sum has this new value.
    Growth = 3,
    /// The whole distribution is replaced: the series is new or restarted.
    Distribution = 4,
}

impl DeltaKind {
    /// The bits that a kind takes beside the distance.
    const BITS: u32 = 3;

    fn from_head(head: u64) -> Option<Self> {
        let kinds = [
            Self::Absent,
            Self::Step,
            Self::Number,
            Self::Growth,
            Self::Distribution,
        ];
        let kind = usize::try_from(head & ((1 << Self::BITS) - 1)).ok()?;
        kinds.get(kind).copied()
    }
}

/// Encodes the changes of one tick.
#[derive(Debug)]
pub(super) struct DeltaEncoder<'a> {
    bytes: &'a mut Vec<u8>,
    /// The id after the last encoded one.
    next_id: usize,
}

impl<'a> DeltaEncoder<'a> {
    /// Replaces the content of `bytes`.
    pub(super) fn new(bytes: &'a mut Vec<u8>) -> Self {
        bytes.clear();
        Self { bytes, next_id: 0 }
    }

    /// Encodes the change of a series and returns whether there was one. Ids must ascend.
    pub(super) fn encode(&mut self, id: usize, previous: &Sample, current: &Sample) -> bool {
        match (previous, current) {
            _ if previous.is_identical(current) => return false,
            (_, Sample::Absent) => self.head(id, DeltaKind::Absent),
            (previous, Sample::Number(current)) => {
                if let Some(step) = step(previous, *current) {
                    self.head(id, DeltaKind::Step);
                    varint::write(self.bytes, zigzag(step));
                } else {
                    self.head(id, DeltaKind::Number);
                    self.bytes.extend(current.to_le_bytes());
                }
            }
            (Sample::Distribution(previous), Sample::Distribution(current))
                if has_grown(previous, current) =>
            {
                self.head(id, DeltaKind::Growth);
                self.growth(previous, current);
            }
            (_, Sample::Distribution(current)) => {
                self.head(id, DeltaKind::Distribution);
                varint::write(self.bytes, current.len() as u64);
                self.bytes.extend(current[0].to_le_bytes());
                for count in &current[1..] {
                    varint::write(self.bytes, *count);
                }
            }
        }
        true
    }

    fn head(&mut self, id: usize, kind: DeltaKind) {
        let distance = (id - self.next_id) as u64;
        varint::write(self.bytes, distance << DeltaKind::BITS | kind as u64);
        self.next_id = id + 1;
    }

    /// The sum, the number of buckets that grew, and for each the distance to the previous one and its increase.
    fn growth(&mut self, previous: &[u64], current: &[u64]) {
        let grown = || (1..current.len()).filter(|index| current[*index] != previous[*index]);
        self.bytes.extend(current[0].to_le_bytes());
        varint::write(self.bytes, grown().count() as u64);
        let mut next = 1;
        for index in grown() {
            varint::write(self.bytes, (index - next) as u64);
            varint::write(self.bytes, current[index] - previous[index]);
            next = index + 1;
        }
    }
}

/// Decodes the changes of one tick. `None` marks their end.
#[derive(Debug)]
pub(super) struct DeltaDecoder<'a> {
    rest: &'a [u8],
    next_id: usize,
}

impl<'a> DeltaDecoder<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            next_id: 0,
        }
    }

    /// Returns the next changed series. [`apply`](Self::apply) must be called before the next call.
    pub(super) fn next_series(&mut self) -> Option<(usize, DeltaKind)> {
        let head = varint::read(&mut self.rest)?;
        let id = self.next_id + usize::try_from(head >> DeltaKind::BITS).ok()?;
        self.next_id = id + 1;
        Some((id, DeltaKind::from_head(head)?))
    }

    /// Applies the change to the series' previous sample.
    pub(super) fn apply(&mut self, kind: DeltaKind, sample: &mut Sample) -> Option<()> {
        match kind {
            DeltaKind::Absent => *sample = Sample::Absent,
            DeltaKind::Step => {
                let step = unzigzag(varint::read(&mut self.rest)?);
                if let Sample::Number(number) = sample {
                    *number += step as f64;
                }
            }
            DeltaKind::Number => *sample = Sample::Number(f64::from_bits(self.read_bits()?)),
            DeltaKind::Growth => self.apply_growth(sample)?,
            DeltaKind::Distribution => {
                let len = usize::try_from(varint::read(&mut self.rest)?).ok()?;
                let sum = self.read_bits()?;
                let counts = (1..len).map(|_| varint::read(&mut self.rest));
                let parts = std::iter::once(Some(sum)).chain(counts);
                *sample = Sample::Distribution(parts.collect::<Option<_>>()?);
            }
        }
        Some(())
    }

    fn apply_growth(&mut self, sample: &mut Sample) -> Option<()> {
        let parts: &mut [u64] = match sample {
            Sample::Distribution(parts) => parts,
            // The caller skips this series.
            _ => &mut [],
        };
        let sum = self.read_bits()?;
        if let Some(previous) = parts.first_mut() {
            *previous = sum;
        }
        let mut next = 1;
        for _ in 0..varint::read(&mut self.rest)? {
            let index = next + usize::try_from(varint::read(&mut self.rest)?).ok()?;
            let increase = varint::read(&mut self.rest)?;
            if let Some(count) = parts.get_mut(index) {
                *count += increase;
            }
            next = index + 1;
        }
        Some(())
    }

    fn read_bits(&mut self) -> Option<u64> {
        let (bytes, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u64::from_le_bytes(*bytes))
    }
}

/// Returns the step between two numbers if it is an integer and adding it restores the exact number.
fn step(previous: &Sample, current: f64) -> Option<i64> {
    // Below this limit a step is no longer than the number, and an i64 holds every integer that an f64 does.
    const LIMIT: f64 = (1_u64 << 53) as f64;
    let Sample::Number(previous) = previous else {
        return None;
    };
    let step = current - previous;
    let is_exact = step.abs() < LIMIT && step.fract() == 0.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is an integer in range")]
    (is_exact && (previous + step).to_bits() == current.to_bits()).then_some(step as i64)
}
