//! The task that evaluates the rules at every interval.

use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout_at};

use super::engine::Engine;
use super::inbox::Inbox;
use super::ticks::Ticks;
use super::when::When;
use crate::exporter::Prometheus;

/// Code that fires alerts in a loop causes at most one write of the store in this time.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest time without a look at what is due.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Evaluates the rules until the last handle of the engine is gone.
pub(super) async fn run(
    engine: Weak<Engine>,
    inbox: Arc<Inbox>,
    metrics: Option<Prometheus>,
    settle: Duration,
) {
    let Some(period) = engine.upgrade().map(|engine| engine.context.interval) else {
        return;
    };
    let started = Instant::now();
    // The first snapshot is taken at once, because windows begin with it.
    let mut next = started;
    let mut ticks = Ticks::new(period);
    loop {
        let Some(wait) = engine.upgrade().map(|engine| wait(&engine)) else {
            return;
        };
        let until = next.min(Instant::now() + wait);
        // The end of the wait is no error: a tick or a notification is due.
        let _ = timeout_at(until, inbox.arrived()).await;
        let Some(engine) = engine.upgrade() else {
            return;
        };
        if engine.has_ended() {
            return;
        }
        let now = Instant::now();
        if now >= next {
            let late = now - next;
            let missed = whole_periods(late, period);
            if missed > 0 {
                engine.missed(missed.into());
            }
            next += period * (missed + 1);
            let wall = SystemTime::now();
            // Before the closures of the service and the snapshot take their time.
            let due = wall
                .checked_sub(late.saturating_sub(period * missed))
                .unwrap_or(wall);
            let at = ticks.stamp(due);
            evaluate(&engine, metrics.as_ref(), now - started >= settle, at).await;
        } else {
            engine.wake().await;
            drop(engine);
            sleep(PAUSE).await;
        }
    }
}

async fn evaluate(engine: &Engine, metrics: Option<&Prometheus>, is_settled: bool, at: SystemTime) {
    engine.hold(When::Now).await;
    engine.share(When::Now).await;
    let Some(metrics) = metrics.cloned() else {
        engine.wake().await;
        engine.ticked();
        return;
    };
    engine.compute().await;
    let Ok(snapshot) = spawn_blocking(move || metrics.snapshot()).await else {
        // The runtime ends, or a hook panicked, which is logged there.
        return;
    };
    if is_settled {
        // A failure of the store is logged there, and the changes are written later.
        let _ = engine.evaluate(&snapshot, at, When::NotBefore(at)).await;
    } else {
        engine.observe(&snapshot, at);
        engine.wake().await;
        engine.ticked();
    }
}

/// The time until a notification is due.
fn wait(engine: &Engine) -> Duration {
    let now = SystemTime::now();
    let due = engine.next_due(now);
    let wait = due.map(|due| due.duration_since(now).unwrap_or_default());
    wait.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)
}

fn whole_periods(passed: Duration, period: Duration) -> u32 {
    let periods = passed.as_nanos() / period.as_nanos().max(1);
    u32::try_from(periods).unwrap_or(u32::MAX - 1)
}
