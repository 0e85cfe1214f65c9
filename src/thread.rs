//! Starting named threads.

use std::thread;

use crate::error::{Error, ErrorKind};

/// Runs `work` on a new thread.
///
/// # Errors
///
/// [`ErrorKind::Io`] if the system cannot start another thread.
pub(crate) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(drop).map_err(|error| {
        Error::new(
            ErrorKind::Io,
            format!("the thread {name} cannot be started"),
        )
        .with_source(error)
    })
}
