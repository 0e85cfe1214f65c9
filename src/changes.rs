//! Changes, as they are told to whoever has subscribed: of checks, and of jobs.

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// How many changes wait for a subscriber that is slow; older ones are lost to it.
pub(crate) const CAPACITY: usize = 256;

/// The next one; `None` once nobody is left to tell any. That some were lost is logged, `of` what they were.
pub(crate) async fn next<T: Clone>(receiver: &mut Receiver<T>, of: &str) -> Option<T> {
    loop {
        match receiver.recv().await {
            Ok(change) => return Some(change),
            Err(RecvError::Lagged(lost)) => {
                tracing::warn!(lost, "a subscriber to changes of {of} is too slow");
            }
            Err(RecvError::Closed) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::broadcast;

    #[tokio::test]
    async fn a_slow_subscriber_loses_the_oldest_and_goes_on() {
        let (sender, mut receiver) = broadcast::channel(CAPACITY);
        for n in 0..CAPACITY + 3 {
            sender.send(n).unwrap();
        }
        assert_eq!(next(&mut receiver, "numbers").await, Some(3));
        assert_eq!(next(&mut receiver, "numbers").await, Some(4));
        drop(sender);
        for n in 5..CAPACITY + 3 {
            assert_eq!(next(&mut receiver, "numbers").await, Some(n));
        }
        assert_eq!(next(&mut receiver, "numbers").await, None);
    }
}
