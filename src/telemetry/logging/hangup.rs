//! SIGHUP opens the files again.

use tokio::runtime::Handle;

use super::log_files::LogFiles;

/// Listens if there are files and a tokio runtime, until that ends.
#[cfg(unix)]
pub(super) fn reopen_on_hangup(files: &LogFiles) {
    use std::future::poll_fn;
    use tokio::signal::unix::{SignalKind, signal};

    let (false, Ok(runtime)) = (files.is_empty(), Handle::try_current()) else {
        return;
    };
    let files = files.clone();
    let mut hangups = match signal(SignalKind::hangup()) {
        Ok(hangups) => hangups,
        Err(error) => {
            tracing::warn!(%error, "SIGHUP cannot be received: it does not reopen the log files");
            return;
        }
    };
    runtime.spawn(async move {
        while poll_fn(|cx| hangups.poll_recv(cx)).await.is_some() {
            files.reopen();
            tracing::info!("the log files are opened again because of SIGHUP");
        }
    });
}

#[cfg(not(unix))]
pub(super) fn reopen_on_hangup(_files: &LogFiles) {}
