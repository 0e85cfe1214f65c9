//! `Buckets`: the bounds of a histogram family, and their texts.

use std::sync::Arc;

use super::native_family::NativeFamily;
use super::number::{write_canonical, write_float};
use crate::cells::{Bounds, NativeLayout};

/// The bounds of a histogram family, with the ends of the lines that show them.
pub(in crate::exporter) struct Buckets {
    pub(super) bounds: Arc<Bounds>,
    /// `le="10"} ` of each bound that is shown, and that of `+Inf`.
    pub(super) text: Box<[Box<str>]>,
    /// `le="10.0"} `, as `OpenMetrics` writes it.
    pub(super) canonical: Box<[Box<str>]>,
    pub(super) native: Option<NativeFamily>,
    /// That of the exponential buckets, if `native` is set.
    pub(super) layout: Option<Arc<NativeLayout>>,
    /// Whether a bound is negative.
    pub(super) has_negative: bool,
}

impl Buckets {
    pub(super) fn new(bounds: &[f64], native: Option<NativeFamily>) -> Self {
        let shown = match native {
            Some(native) if !native.has_classic => &[],
            _ => bounds,
        };
        let ends = |write: fn(f64, &mut String)| {
            let end = |bound: &f64| {
                let mut text = String::from("le=\"");
                write(*bound, &mut text);
                text.push_str("\"} ");
                text.into()
            };
            shown.iter().chain(&[f64::INFINITY]).map(end).collect()
        };
        let shared = Arc::new(Bounds::new(bounds));
        let layout = |native: NativeFamily| NativeLayout::new(native.options, Arc::clone(&shared));
        Self {
            layout: native.map(layout).map(Arc::new),
            bounds: shared,
            text: ends(write_float),
            canonical: ends(write_canonical),
            native,
            has_negative: bounds.first().is_some_and(|first| *first < 0.0),
        }
    }

    /// The bounds, the last of them `+Inf`.
    pub(super) fn bounds(&self) -> impl Iterator<Item = f64> {
        self.bounds.values().iter().copied().chain([f64::INFINITY])
    }
}
