//! The families of the process, the host and the runtime, and of the crate itself.

use metrics::Unit;

use super::define::{counter, families, gauge, seconds};
use super::family::Family;
use super::values::Values;

families! { PROCESS:
    /// All `process_*` families have the names of Prometheus' client libraries.
    PROCESS_CPU = counter(
        "process_cpu_seconds_total",
        &[],
        "Total user and system CPU time spent in seconds.",
    )
    .unit(Unit::Seconds)
    .float();
    PROCESS_RESIDENT_MEMORY = gauge(
        "process_resident_memory_bytes",
        &[],
        "Resident memory size in bytes.",
    )
    .unit(Unit::Bytes);
    PROCESS_OPEN_FDS = gauge("process_open_fds", &[], "Number of open file descriptors.");
    PROCESS_MAX_FDS = gauge(
        "process_max_fds",
        &[],
        "Maximum number of open file descriptors.",
    );
    PROCESS_THREADS = gauge("process_threads", &[], "Number of threads in the process.");
    PROCESS_START_TIME = gauge(
        "process_start_time_seconds",
        &[],
        "Start time of the process since 1970 in seconds.",
    )
    .unit(Unit::Seconds);
    SYSTEM_CPU_USAGE = gauge(
        "system_cpu_usage_ratio",
        &[],
        "CPU usage from 0 to 1, relative to the container's limit, or to the host's cores if there is no limit.",
    );
    SYSTEM_MEMORY_USED = gauge(
        "system_memory_used_ratio",
        &[],
        "Memory usage from 0 to 1, relative to the container's limit, or to the host's memory if there is no limit.",
    );
    SYSTEM_MEMORY_AVAILABLE = gauge(
        "system_memory_available_bytes",
        &[],
        "Memory available within the container's limit, or on the host if there is no limit, in bytes.",
    )
    .unit(Unit::Bytes);
    SYSTEM_DISK_USED = gauge(
        "system_disk_used_ratio",
        &["mount"],
        "Usage of a file system from 0 to 1, as df reports it.",
    );
    SYSTEM_DISK_AVAILABLE = gauge(
        "system_disk_available_bytes",
        &["mount"],
        "Space available on a file system, in bytes.",
    )
    .unit(Unit::Bytes);
    TOKIO_WORKERS = gauge("tokio_workers", &[], "Worker threads of the tokio runtime.");
    TOKIO_ALIVE_TASKS = gauge(
        "tokio_alive_tasks",
        &[],
        "Tasks alive in the tokio runtime.",
    );
    TOKIO_GLOBAL_QUEUE_DEPTH = gauge(
        "tokio_global_queue_depth",
        &[],
        "Tasks waiting in the tokio runtime's global queue.",
    );
    TOKIO_BUSY_RATIO = gauge(
        "tokio_busy_ratio",
        &[],
        "Share of time the tokio runtime's workers were busy since the previous collection, from 0 to 1.",
    );
    TOKIO_PARKS = counter(
        "tokio_park_count_total",
        &[],
        "Times a worker of the tokio runtime parked because it had no work.",
    );
    TOKIO_SCHEDULING_DELAY = gauge(
        "tokio_scheduling_delay_seconds",
        &[],
        "Time that a new task of the tokio runtime waited for its first turn, or waits so far, in seconds.",
    )
    .unit(Unit::Seconds);
    /// The age of a collector that hangs keeps rising.
    MONITORING_ALERT_LAST_EVALUATION = gauge(
        "monitoring_alert_last_evaluation_timestamp_seconds",
        &[],
        "When the alert rules were last evaluated, in seconds since 1970.",
    )
    .unit(Unit::Seconds);
    MONITORING_ALERT_EVALUATION_DURATION = seconds(
        "monitoring_alert_evaluation_duration_seconds",
        &[],
        "Time to evaluate all alert rules once, in seconds.",
    );
    MONITORING_ALERT_EVALUATION_FAILURES = counter(
        "monitoring_alert_evaluation_failures_total",
        &[],
        "Evaluations of an alert rule that failed; its alerts keep their states.",
    );
    MONITORING_ALERT_MISSED_TICKS = counter(
        "monitoring_alert_missed_ticks_total",
        &[],
        "Evaluations of all alert rules that were left out because the one before took too long.",
    );
    MONITORING_ALERT_SERIES_LEFT_OUT = gauge(
        "monitoring_alert_series_left_out",
        &[],
        "Series that alert rules read and that found no room at the last evaluation.",
    );
    MONITORING_ALERT_EVENTS_DROPPED = counter(
        "monitoring_alert_events_dropped_total",
        &[],
        "Events of the alert history that were dropped because the store was away for too long.",
    );
    LOG_EVENTS = counter(
        "log_events_total",
        &["level"],
        "Log events that passed the filter of the log.",
    )
    .values(&[(
        "level",
        Values::Closed(&["error", "warn", "info", "debug", "trace"]),
    )]);
    MONITORING_COLLECTION_TIMESTAMP = gauge(
        "monitoring_collection_timestamp_seconds",
        &["collectors"],
        "When a group of collectors last ran, in seconds since 1970.",
    )
    .unit(Unit::Seconds);
    MONITORING_SCRAPE_DURATION = seconds(
        "monitoring_scrape_duration_seconds",
        &[],
        "Time to render the metrics, in seconds.",
    );
    MONITORING_GUARD_REFUSALS = counter(
        "monitoring_guard_refusals_total",
        &["route"],
        "Requests that a guarded route refused; route is its default path.",
    );
    MONITORING_SERIES_DROPPED = counter(
        "monitoring_series_dropped_total",
        &["metric"],
        "Registrations past the series limit; counters and histograms are counted in the series labelled other, gauges dropped.",
    );
    MONITORING_SERIES_REJECTED = counter(
        "monitoring_series_rejected_total",
        &["metric"],
        "Registrations under a name that a metric of another kind has; they are not recorded.",
    );
    MONITORING_EXEMPLARS_DROPPED = counter(
        "monitoring_exemplars_dropped_total",
        &[],
        "Exemplars that were dropped because their labels have more than 128 characters.",
    );
    MONITORING_SPANS_EXPORTED = counter(
        "monitoring_spans_exported_total",
        &[],
        "Spans that the collector of traces took.",
    );
    MONITORING_SPANS_DROPPED = counter(
        "monitoring_spans_dropped_total",
        &["reason"],
        "Sampled spans that did not reach the collector; reason is queue_full, export_failed, rejected or shutdown.",
    );
    MONITORING_SPAN_EXPORT_FAILURES = counter(
        "monitoring_span_export_failures_total",
        &[],
        "Failed attempts to export spans; a batch is retried, so not each failure loses spans.",
    );
    MONITORING_SAMPLES_DROPPED = counter(
        "monitoring_samples_dropped_total",
        &["metric"],
        "Samples of a histogram or float counter that were dropped because they are infinite, not a number, or a decrease.",
    );
    MONITORING_LOG_LINES_DROPPED = counter(
        "monitoring_log_lines_dropped_total",
        &["sink"],
        "Log lines that were dropped because the queue of a log file was full, because the file was closed, or because the console took no more.",
    );
}
