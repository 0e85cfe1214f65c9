//! `join_all`: several futures at once.

use std::future::poll_fn;
use std::task::Poll;

/// Runs the futures at once, on this task. Returns their outputs in the same order.
pub(crate) async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let futures = futures.into_iter();
    let mut running: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    poll_fn(|cx| {
        for (future, output) in &mut running {
            if output.is_none()
                && let Poll::Ready(ready) = future.as_mut().poll(cx)
            {
                *output = Some(ready);
            }
        }
        if running.iter().all(|(_, output)| output.is_some()) {
            let outputs = running.iter_mut().filter_map(|(_, output)| output.take());
            Poll::Ready(outputs.collect())
        } else {
            Poll::Pending
        }
    })
    .await
}
