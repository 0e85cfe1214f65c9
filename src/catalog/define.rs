//! The macro that defines families.

use metrics::Unit;

use super::family::Family;

pub(super) type Labels = &'static [&'static str];

pub(super) const fn counter(name: &'static str, labels: Labels, help: &'static str) -> Family {
    Family::counter(name, help).labels(labels)
}

pub(super) const fn gauge(name: &'static str, labels: Labels, help: &'static str) -> Family {
    Family::gauge(name, help).labels(labels)
}

pub(super) const fn seconds(name: &'static str, labels: Labels, help: &'static str) -> Family {
    Family::histogram(name, help)
        .labels(labels)
        .unit(Unit::Seconds)
}

pub(super) const fn bytes(name: &'static str, labels: Labels, help: &'static str) -> Family {
    Family::histogram(name, help)
        .labels(labels)
        .unit(Unit::Bytes)
        .buckets(super::buckets::SIZE_BUCKETS)
}

/// Defines families and the list of them. Their docs begin with name and help.
macro_rules! families {
    ($list:ident: $($(#[$docs:meta])* $id:ident = $new:ident($name:literal, $labels:expr, $help:literal $(,)?)
        $(.$with:ident($($value:expr)?))*;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $help)]
            $(#[doc = ""] #[$docs])*
            pub const $id: Family = $new($name, $labels, $help)$(.$with($($value)?))*;
        )*

        pub(super) const $list: &[Family] = &[$($id),*];
    };
}
pub(super) use families;
