//! SIGHUP opens the files again.

use super::log_files::LogFiles;

/// Listens if there are files, in a thread of its own: the service's runtime may have no driver for signals, or end before the log.
#[cfg(unix)]
pub(super) fn reopen_on_hangup(files: &LogFiles) {
    use std::sync::mpsc;

    use crate::thread;

    if files.is_empty() {
        return;
    }
    let files = files.clone();
    let (listening, is_listening) = mpsc::channel();
    let started = thread::spawn("log-hangup", move || match listen() {
        Ok((runtime, hangups)) => {
            // The caller waits for it.
            let _ = listening.send(Ok(()));
            runtime.block_on(run(hangups, &files));
        }
        Err(error) => {
            let _ = listening.send(Err(error));
        }
    });
    let problem = match started {
        Ok(()) => is_listening
            .recv()
            .ok()
            .and_then(Result::err)
            .map(|error| error.to_string()),
        Err(error) => Some(error.to_string()),
    };
    if let Some(error) = problem {
        tracing::warn!(
            error,
            "SIGHUP cannot be received: it does not reopen the log files"
        );
    }
}

#[cfg(unix)]
fn listen() -> std::io::Result<(tokio::runtime::Runtime, tokio::signal::unix::Signal)> {
    use tokio::runtime::Builder;
    use tokio::signal::unix::{SignalKind, signal};

    let runtime = Builder::new_current_thread().enable_io().build()?;
    let hangups = {
        let _entered = runtime.enter();
        signal(SignalKind::hangup())?
    };
    Ok((runtime, hangups))
}

#[cfg(unix)]
async fn run(mut hangups: tokio::signal::unix::Signal, files: &LogFiles) {
    use std::future::poll_fn;

    while poll_fn(|cx| hangups.poll_recv(cx)).await.is_some() {
        files.reopen();
        tracing::info!("the log files are opened again because of SIGHUP");
    }
}

#[cfg(not(unix))]
pub(super) fn reopen_on_hangup(_files: &LogFiles) {}
