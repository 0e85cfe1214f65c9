//! [`Release`]: returns something when it is dropped.

pub(super) struct Release(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Release {
    pub(super) fn new(release: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(release)))
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        if let Some(release) = self.0.take() {
            release();
        }
    }
}
