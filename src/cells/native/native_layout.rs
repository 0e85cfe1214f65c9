//! [`NativeLayout`].

use std::sync::{Arc, OnceLock};

use super::super::bounds::Bounds;
use super::native_options::{MAX_SCHEMA, MIN_SCHEMA, NativeOptions};
use super::resolution::Resolution;

const SCHEMAS: usize = (MAX_SCHEMA - MIN_SCHEMA) as usize + 1;

/// What the histograms of a family share.
pub(crate) struct NativeLayout {
    pub(super) options: NativeOptions,
    pub(super) bounds: Arc<Bounds>,
    /// By their schemas, made when the first histogram needs it.
    resolutions: [OnceLock<Arc<Resolution>>; SCHEMAS],
}

impl NativeLayout {
    pub(crate) fn new(options: NativeOptions, bounds: Arc<Bounds>) -> Self {
        Self {
            options,
            bounds,
            resolutions: [const { OnceLock::new() }; SCHEMAS],
        }
    }

    pub(super) fn resolution(&self, schema: i8) -> Arc<Resolution> {
        let make = || {
            let resolution = Resolution::new(schema, self.options.zero_threshold, &self.bounds);
            Arc::new(resolution)
        };
        let place = usize::from((schema - MIN_SCHEMA).unsigned_abs());
        match self.resolutions.get(place) {
            Some(resolution) => Arc::clone(resolution.get_or_init(make)),
            None => make(),
        }
    }
}
