//! `Counted`: tells the layers above that a request is recorded already.

use std::sync::Arc;

use http::Extensions;

use super::group::Group;

/// A response extension with the groups of the layers that recorded the request.
#[derive(Clone, Default)]
pub(crate) struct Counted(Vec<Arc<Group>>);

impl Counted {
    #[cold]
    pub(crate) fn put(extensions: &mut Extensions, group: &Arc<Group>) {
        let mut counted: Self = extensions.remove().unwrap_or_default();
        counted.0.push(Arc::clone(group));
        extensions.insert(counted);
    }

    /// Whether a layer of the group recorded the request.
    pub(crate) fn has(extensions: &Extensions, group: &Arc<Group>) -> bool {
        let counted: Option<&Self> = extensions.get();
        counted.is_some_and(|counted| counted.0.iter().any(|other| Arc::ptr_eq(other, group)))
    }
}
