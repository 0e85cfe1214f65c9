/// The values a label can take. All others are recorded as `other`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Values {
    /// These values only.
    Closed(&'static [&'static str]),
    /// The first values recorded, up to this number.
    AtMost(usize),
}
