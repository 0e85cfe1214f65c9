//! `Features`: what a server turns on.

#[derive(Debug, Clone, Copy)]
pub(super) struct Features {
    pub(super) native: bool,
    pub(super) created: bool,
    pub(super) exemplars: bool,
}

impl Features {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..8).map(|bits| Self {
            native: bits & 1 != 0,
            created: bits & 2 != 0,
            exemplars: bits & 4 != 0,
        })
    }

    pub(super) fn names(self) -> Vec<&'static str> {
        let all = [
            (self.native, "native-histograms"),
            (self.created, "created-timestamp-zero-ingestion"),
            (self.exemplars, "exemplar-storage"),
        ];
        let on = all.iter().filter(|(is_on, _)| *is_on);
        on.map(|(_, name)| *name).collect()
    }
}
