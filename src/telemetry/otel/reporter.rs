//! `Reporter`: logs that spans are lost, at most once a minute.

use super::counters::Counters;
use super::exporter::Exported;
use crate::log_limit::LogLimit;
use crate::outage::{Outage, Transition};

/// Counts the spans of a batch, and logs that spans are lost. Used by the exporter's thread only.
#[derive(Debug, Default)]
pub(super) struct Reporter {
    outage: Outage,
    refusals: LogLimit,
    overflows: LogLimit,
    known_overflow: u64,
}

impl Reporter {
    pub(super) fn exported(&self, exported: &Exported, spans: u64, counters: &Counters) {
        match exported {
            Exported::Taken { rejected } => {
                let rejected = spans.min(*rejected);
                counters.exported.add(spans - rejected);
                self.refused(rejected, "the collector took the other spans", counters);
            }
            Exported::Refused(failure) | Exported::TooLarge(failure) => {
                self.refused(spans, &failure.message, counters);
            }
            Exported::Failed(_) => counters.export_failed.add(spans),
        }
        let is_failing = matches!(exported, Exported::Failed(_));
        match (self.outage.update(is_failing), exported) {
            (Some(Transition::Started), Exported::Failed(failure)) => {
                let (error, left_out) = (&*failure.message, self.outage.left_out());
                tracing::warn!(error, left_out, "spans cannot be exported and are lost");
            }
            (Some(Transition::Ended), _) => {
                let lost = counters.counts().lost();
                tracing::info!(lost_so_far = lost, "spans are exported again");
            }
            _ => {}
        }
    }

    fn refused(&self, spans: u64, reason: &str, counters: &Counters) {
        counters.rejected.add(spans);
        if spans > 0
            && let Some(left_out) = self.refusals.next()
        {
            tracing::warn!(spans, reason, left_out, "the collector refused spans");
        }
    }

    /// Spans that found no room are logged here, because they end where nothing may be logged.
    pub(super) fn overflows(&mut self, counters: &Counters) {
        let lost = counters.queue_full.get();
        if lost > self.known_overflow
            && let Some(_) = self.overflows.next()
        {
            let spans = lost - self.known_overflow;
            tracing::warn!(spans, "spans were dropped because the queue is full");
            self.known_overflow = lost;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use tokio::time::advance;

    use super::super::failure::{Failure, Retry};
    use super::*;
    use crate::recorder::RecorderRef;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Log {
        /// The lines since the last call.
        fn take(&self) -> Vec<String> {
            let bytes = std::mem::take(&mut *self.0.lock().unwrap());
            let text = String::from_utf8(bytes).unwrap();
            text.lines().map(str::to_owned).collect()
        }
    }

    fn failure() -> Failure {
        Failure {
            message: "no route to host".to_owned(),
            retry: Retry::Soon,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_kind_of_loss_is_counted_and_logged_once_a_minute() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        let _subscribed = tracing::subscriber::set_default(subscriber);
        let counters = Counters::new(&RecorderRef::default());
        let mut reporter = Reporter::default();

        for _ in 0..3 {
            reporter.exported(&Exported::Failed(failure()), 10, &counters);
        }
        let lines = log.take();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].contains("WARN") && lines[0].contains("no route to host"),
            "{lines:?}"
        );
        reporter.exported(&Exported::Taken { rejected: 0 }, 5, &counters);
        let lines = log.take();
        assert!(
            lines[0].contains("exported again lost_so_far=30"),
            "{lines:?}"
        );

        reporter.exported(&Exported::Refused(failure()), 4, &counters);
        reporter.exported(&Exported::Taken { rejected: 2 }, 5, &counters);
        let lines = log.take();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("refused spans spans=4"), "{lines:?}");
        advance(Duration::from_secs(60)).await;
        reporter.exported(&Exported::Taken { rejected: 1 }, 5, &counters);
        assert!(log.take()[0].contains("spans=1"));

        counters.queue_full.add(7);
        reporter.overflows(&counters);
        counters.queue_full.add(3);
        reporter.overflows(&counters);
        let lines = log.take();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("queue is full spans=7"), "{lines:?}");
        advance(Duration::from_secs(60)).await;
        reporter.overflows(&counters);
        assert!(log.take()[0].contains("spans=3"));
        reporter.overflows(&counters);
        assert_eq!(log.take().len(), 0);

        let counts = counters.counts();
        let expected = (12, 10, 30, 7);
        let seen = (
            counts.exported,
            counts.queue_full,
            counts.export_failed,
            counts.rejected,
        );
        assert_eq!(seen, expected);
    }
}
