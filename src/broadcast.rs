//! `Subscription`: the stream behind `Health::subscribe` and `Jobs::subscribe`.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// The number of changes kept for a slow subscriber. Older ones are lost to it.
pub(crate) const CAPACITY: usize = 256;

type Next<T> = Pin<Box<dyn Future<Output = (Option<T>, Receiver<T>)> + Send>>;

/// Changes from the moment of subscribing. It ends when the last sender is gone.
pub(crate) struct Subscription<T> {
    /// Names the changes in the log line that reports a slow subscriber.
    name: &'static str,
    /// `None` once the stream has ended. The future owns the receiver between items, so dropping `next()` loses nothing.
    next: Option<Next<T>>,
}

impl<T: Clone + Send + 'static> Subscription<T> {
    pub(crate) fn new(receiver: Receiver<T>, name: &'static str) -> Self {
        Self {
            name,
            next: Some(Box::pin(receive(receiver, name))),
        }
    }

    pub(crate) async fn next(&mut self) -> Option<T> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let Some(next) = &mut self.next else {
            return Poll::Ready(None);
        };
        let (change, receiver) = ready!(next.as_mut().poll(cx));
        self.next = match change {
            Some(_) => Some(Box::pin(receive(receiver, self.name))),
            None => None,
        };
        Poll::Ready(change)
    }
}

async fn receive<T: Clone>(mut receiver: Receiver<T>, name: &str) -> (Option<T>, Receiver<T>) {
    loop {
        match receiver.recv().await {
            Ok(change) => return (Some(change), receiver),
            Err(RecvError::Lagged(lost)) => {
                tracing::warn!(
                    lost,
                    "a subscriber to {name} changes is too slow and lost some"
                );
            }
            Err(RecvError::Closed) => return (None, receiver),
        }
    }
}

debug_fields!(Subscription<T> { name });

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::sync::broadcast;
    use tokio::time::timeout;

    #[tokio::test]
    async fn a_slow_subscriber_loses_the_oldest_changes_and_goes_on() {
        let (sender, receiver) = broadcast::channel(CAPACITY);
        let mut numbers = Subscription::new(receiver, "number");
        for n in 0..CAPACITY + 3 {
            sender.send(n).unwrap();
        }
        assert_eq!(numbers.next().await, Some(3));
        assert_eq!(numbers.next().await, Some(4));
        drop(sender);
        for n in 5..CAPACITY + 3 {
            assert_eq!(numbers.next().await, Some(n));
        }
        assert_eq!(numbers.next().await, None);
        assert_eq!(numbers.next().await, None, "the end is final");
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_wait_loses_no_change() {
        let (sender, receiver) = broadcast::channel(CAPACITY);
        let mut numbers = Subscription::new(receiver, "number");
        let waited = timeout(Duration::from_secs(1), numbers.next()).await;
        assert!(waited.is_err());
        sender.send(7).unwrap();
        assert_eq!(numbers.next().await, Some(7));
    }
}
