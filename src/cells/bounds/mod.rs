//! The buckets of a histogram family, and the search for a sample's bucket.

mod bounds;
mod bucket_table;
#[cfg(test)]
mod tests;

pub(crate) use self::bounds::Bounds;
pub(super) use self::bounds::seconds;
