//! The queue of paid orders, and the worker that delivers them.

use std::future::Future;
use std::time::Duration;

use metrics::gauge;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tower_vitals::health::checks::Heartbeat;
use tower_vitals::instrument::{Events, ServiceCalls};

use crate::metrics::WAITING;
use crate::mood::Mood;

const MAX_WAITING: usize = 100;

/// Returns the end of the queue that takes orders, and the worker.
pub(crate) fn queue(
    mood: Mood,
    beat: Heartbeat,
) -> (mpsc::Sender<u64>, impl Future<Output = ()> + Send) {
    let (sender, receiver) = mpsc::channel(MAX_WAITING);
    (sender, deliver(receiver, mood, beat))
}

async fn deliver(mut orders: mpsc::Receiver<u64>, mood: Mood, beat: Heartbeat) {
    let delivered = Events::new("order.delivered");
    let courier = ServiceCalls::new("courier");
    loop {
        beat.beat();
        gauge!(WAITING.name).set(orders.len() as f64);
        let Ok(order) = timeout(Duration::from_secs(1), orders.recv()).await else {
            continue;
        };
        let Some(order) = order else { return };
        // In bad times, fewer than are ordered.
        let (is_bad, ride) = (mood.is_bad(), Duration::from_millis(20));
        let ride = if is_bad { ride * 30 } else { ride };
        let ridden = async {
            sleep(ride).await;
            if is_bad && order % 5 == 0 {
                Err("a flat tyre")
            } else {
                Ok(())
            }
        };
        match courier.observe(ridden).await {
            Ok(()) => delivered.record(),
            Err(error) => tracing::warn!(order, error, "the order goes back to the <em>shop</em>"),
        }
    }
}
