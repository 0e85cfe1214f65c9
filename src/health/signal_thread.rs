//! A thread that watches for signals, because the service's runtime may hang.

use std::convert::identity;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::process;
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::signals::{Signal, Signals};
use crate::error::{Error, ErrorKind};
use crate::thread;

/// How long the last log line may take: whatever makes the service hang may hold the log, too.
const LOG_TIMEOUT: Duration = Duration::from_millis(100);

/// Listens for signals and returns the first one. Then the process exits at the next one, or `deadline` after the first. The
/// thread ends if nobody waits for the first signal any more.
///
/// # Errors
///
/// [`ErrorKind::Io`] if the system cannot start another thread or cannot listen for signals.
pub(super) fn watch(
    deadline: impl FnOnce(Signal) -> Duration + Send + 'static,
) -> Result<oneshot::Receiver<Signal>, Error> {
    let (sender, receiver) = oneshot::channel();
    let (listening, is_listening) = mpsc::channel();
    thread::spawn("vitals-signals", move || match listen() {
        Ok((runtime, signals)) => {
            // `watch` waits for it.
            let _ = listening.send(Ok(()));
            runtime.block_on(run(signals, sender, deadline));
        }
        Err(error) => {
            let _ = listening.send(Err(error));
        }
    })?;
    let listens = is_listening.recv().map_err(io::Error::other);
    listens.and_then(identity).map_err(|error| {
        Error::new(ErrorKind::Io, format!("signals: {error}")).with_source(error)
    })?;
    Ok(receiver)
}

fn listen() -> io::Result<(Runtime, Signals)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let signals = {
        let _entered = runtime.enter();
        Signals::listen()?
    };
    Ok((runtime, signals))
}

async fn run(
    mut signals: Signals,
    sender: oneshot::Sender<Signal>,
    deadline: impl FnOnce(Signal) -> Duration,
) {
    let Some(first) = first(&mut signals, sender).await else {
        return;
    };
    match timeout(deadline(first), signals.next()).await {
        Ok(second) => exit(second, "shutdown forced: the process exits"),
        Err(_) => exit(first, "shutdown deadline: the process exits"),
    }
}

async fn first(signals: &mut Signals, mut sender: oneshot::Sender<Signal>) -> Option<Signal> {
    let mut next = pin!(signals.next());
    let signal = poll_fn(|cx| match next.as_mut().poll(cx) {
        Poll::Ready(signal) => Poll::Ready(Some(signal)),
        Poll::Pending => sender.poll_closed(cx).map(|()| None),
    });
    let signal = signal.await?;
    // An error means that the server has just ended.
    let _ = sender.send(signal);
    Some(signal)
}

fn exit(signal: Signal, message: &'static str) -> ! {
    let (logging, logged) = mpsc::channel::<()>();
    let log = thread::spawn("vitals-log", move || {
        tracing::warn!(%signal, "{message}");
        drop(logging);
    });
    if log.is_ok() {
        // Disconnected when the line is written.
        let _ = logged.recv_timeout(LOG_TIMEOUT);
    }
    process::exit(signal.exit_code())
}
