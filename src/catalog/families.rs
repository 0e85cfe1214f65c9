//! The crate's own families.

use metrics::Unit;

use super::family::Family;

type Labels = &'static [&'static str];

const fn counter(name: &'static str, labels: Labels, help: &'static str) -> Family {
    Family::counter(name, help).labels(labels)
}

const fn gauge(name: &'static str, labels: Labels, help: &'static str) -> Family {
    Family::gauge(name, help).labels(labels)
}

const fn seconds(name: &'static str, labels: Labels, help: &'static str) -> Family {
    Family::histogram(name, help)
        .labels(labels)
        .unit(Unit::Seconds)
}

const fn bytes(name: &'static str, labels: Labels, help: &'static str) -> Family {
    Family::histogram(name, help)
        .labels(labels)
        .unit(Unit::Bytes)
        .buckets(super::SIZE_BUCKETS)
}

/// Defines the families and `FAMILIES`. Their docs begin with name and help.
macro_rules! families {
    ($($(#[$docs:meta])* $id:ident = $new:ident($name:literal, $labels:expr, $help:literal $(,)?)
        $(.$with:ident($($value:expr)?))*;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $help)]
            $(#[doc = ""] #[$docs])*
            pub const $id: Family = $new($name, $labels, $help)$(.$with($($value)?))*;
        )*

        /// Every family the crate can emit.
        pub const FAMILIES: &[Family] = &[$($id),*];
    };
}

families! {
    HTTP_REQUESTS = counter(
        "http_requests_total",
        &["method", "endpoint", "status"],
        "HTTP requests served, including those that ended early.",
    );
    HTTP_REQUEST_DURATION = seconds(
        "http_request_duration_seconds",
        &["method", "endpoint"],
        "Time from the arrival of a request to the end of its response, or to the response head if so configured, in seconds.",
    );
    HTTP_REQUESTS_IN_PROGRESS = gauge(
        "http_requests_in_progress",
        &["method", "endpoint"],
        "HTTP requests in progress, until the end of the response body.",
    );
    HTTP_REQUESTS_ABORTED = counter(
        "http_requests_aborted_total",
        &["method", "endpoint", "reason"],
        "HTTP requests that ended early; reason is cancelled, panic, service_error, body_error or body_dropped.",
    );
    /// Opt-in.
    HTTP_REQUEST_BODY_SIZE = bytes(
        "http_request_body_size_bytes",
        &["method", "endpoint"],
        "Bytes read from the request body.",
    );
    /// Opt-in.
    HTTP_RESPONSE_BODY_SIZE = bytes(
        "http_response_body_size_bytes",
        &["method", "endpoint"],
        "Bytes sent of the response body, before compression by outer layers.",
    );
    /// OpenTelemetry's `http.server.request.duration`.
    OTEL_REQUEST_DURATION = seconds(
        "http_server_request_duration_seconds",
        &["http_request_method", "url_scheme", "http_route", "http_response_status_code", "error_type"],
        "Duration of HTTP server requests, in seconds.",
    );
    /// OpenTelemetry's `http.server.active_requests`.
    OTEL_ACTIVE_REQUESTS = gauge(
        "http_server_active_requests",
        &["http_request_method", "url_scheme"],
        "Number of active HTTP server requests.",
    );
    /// OpenTelemetry defines no such metric.
    OTEL_REQUESTS_ABORTED = counter(
        "http_server_requests_aborted_total",
        &["http_request_method", "url_scheme", "http_route", "error_type"],
        "HTTP requests that ended early; error_type is cancelled, panic, service_error, body_error or body_dropped.",
    );
    /// OpenTelemetry's `http.server.request.body.size`; opt-in.
    OTEL_REQUEST_BODY_SIZE = bytes(
        "http_server_request_body_size_bytes",
        &["http_request_method", "url_scheme", "http_route"],
        "Size of HTTP server request bodies, in bytes.",
    );
    /// OpenTelemetry's `http.server.response.body.size`; opt-in.
    OTEL_RESPONSE_BODY_SIZE = bytes(
        "http_server_response_body_size_bytes",
        &["http_request_method", "url_scheme", "http_route"],
        "Size of HTTP server response bodies, in bytes.",
    );
    /// OpenTelemetry's `http.client.request.duration`.
    OTEL_CLIENT_REQUEST_DURATION = seconds(
        "http_client_request_duration_seconds",
        &["http_request_method", "url_template", "server_address", "server_port", "http_response_status_code", "error_type"],
        "Duration of HTTP client requests, in seconds.",
    );
    /// axum-prometheus' name.
    AXUM_REQUESTS = counter(
        "axum_http_requests_total",
        &["method", "endpoint", "status"],
        "HTTP requests served, including those that ended early.",
    );
    /// axum-prometheus' name and buckets.
    AXUM_REQUEST_DURATION = seconds(
        "axum_http_requests_duration_seconds",
        &["method", "endpoint", "status"],
        "Time from the arrival of a request to the end of its response, or to the response head if so configured, in seconds.",
    ).buckets(super::AXUM_DURATION_BUCKETS);
    /// axum-prometheus' name.
    AXUM_REQUESTS_PENDING = gauge(
        "axum_http_requests_pending",
        &["method", "endpoint"],
        "HTTP requests in progress, until the end of the response body.",
    );
    /// axum-prometheus has no such metric; opt-in.
    AXUM_REQUEST_BODY_SIZE = bytes(
        "axum_http_request_body_size",
        &["method", "endpoint"],
        "Bytes read from the request body.",
    ).unit(Unit::Count);
    /// axum-prometheus' name; opt-in.
    AXUM_RESPONSE_BODY_SIZE = bytes(
        "axum_http_response_body_size",
        &["method", "endpoint"],
        "Bytes sent of the response body, before compression by outer layers.",
    ).unit(Unit::Count);
    /// OpenTelemetry's `rpc.server.call.duration`.
    RPC_SERVER_CALL_DURATION = seconds(
        "rpc_server_call_duration_seconds",
        &["rpc_system_name", "rpc_method", "rpc_response_status_code", "error_type"],
        "Duration of incoming remote procedure calls, in seconds.",
    );
    /// OpenTelemetry's `rpc.client.call.duration`.
    RPC_CLIENT_CALL_DURATION = seconds(
        "rpc_client_call_duration_seconds",
        &[
            "rpc_system_name",
            "rpc_method",
            "rpc_response_status_code",
            "server_address",
            "server_port",
            "error_type",
        ],
        "Duration of outgoing remote procedure calls, in seconds.",
    );
    EXTERNAL_API_REQUESTS = counter(
        "external_api_requests_total",
        &["service", "endpoint", "status"],
        "Outbound HTTP requests; status is the status code, success, error, timeout or cancelled.",
    );
    EXTERNAL_API_DURATION = seconds(
        "external_api_duration_seconds",
        &["service"],
        "Time from an outbound request to the end of its response, in seconds.",
    );
    SERVICE_CALLS = counter(
        "service_calls_total",
        &["service_name", "status"],
        "Calls to a service; status is success, failure, cancelled or panic.",
    );
    SERVICE_CALL_DURATION = seconds(
        "service_call_duration_seconds",
        &["service_name"],
        "Duration of calls to a service, in seconds.",
    );
    DB_CONNECTIONS_ACTIVE = gauge(
        "db_connections_active",
        &[],
        "Database connections in use.",
    );
    DATABASE_CONNECTIONS = gauge(
        "database_connections",
        &[],
        "Open database connections.",
    );
    DATABASE_CONNECTIONS_MAX = gauge(
        "database_connections_max",
        &[],
        "Database connections that the pool may open.",
    );
    REDIS_CONNECTIONS = gauge(
        "redis_connections",
        &[],
        "Open Redis connections.",
    );
    DB_QUERY_DURATION = seconds(
        "db_query_duration_seconds",
        &["query_type"],
        "Duration of database queries, in seconds.",
    );
    STORAGE_OPERATIONS = counter(
        "storage_operations_total",
        &["operation", "namespace"],
        "Storage operations.",
    );
    EVENTS = counter("events_total", &["event_type"], "Events, by type.");
    PLUGINS_LOADED = gauge("plugins_loaded", &[], "Loaded plugins.");
    ERRORS = counter(
        "errors_total",
        &["error_type", "component"],
        "Errors, by type and component.",
    );
    TOKENS = counter(
        "tokens_total",
        &["model", "kind"],
        "Language model tokens used; kind is prompt or completion.",
    );
    TOKEN_COST = counter(
        "token_cost_total",
        &["model", "currency"],
        "Cost of language model tokens, in units of the currency.",
    )
    .float();
    ACTIVE_CONNECTIONS = gauge(
        "active_connections",
        &[],
        "Open client connections.",
    );
    SCHEDULER_JOBS = counter(
        "scheduler_jobs_total",
        &["job_name", "status"],
        "Ended runs of a background job; status is success, failed, cancelled or lost.",
    );
    SCHEDULER_JOB_DURATION = seconds(
        "scheduler_job_duration_seconds",
        &["job_name"],
        "Duration of the runs of a background job, in seconds.",
    )
    .buckets(super::JOB_BUCKETS);
    SCHEDULER_JOBS_IN_PROGRESS = gauge(
        "scheduler_jobs_in_progress",
        &["job_name"],
        "Runs of a background job in progress.",
    );
    SCHEDULER_JOB_LAST_SUCCESS = gauge(
        "scheduler_job_last_success_timestamp_seconds",
        &["job_name"],
        "When a run of a background job last succeeded, in seconds since 1970.",
    )
    .unit(Unit::Seconds);
    SCHEDULER_JOB_EXPECTED = gauge(
        "scheduler_job_expected_timestamp_seconds",
        &["job_name"],
        "When a background job is expected to start next, in seconds since 1970; in the past while the job is late.",
    )
    .unit(Unit::Seconds);
    SCHEDULER_JOB_FAILURES_IN_A_ROW = gauge(
        "scheduler_job_failures_in_a_row",
        &["job_name"],
        "Runs of a background job that failed or were lost since its last success.",
    );
    SCHEDULER_JOB_PROBLEM = gauge(
        "scheduler_job_problem",
        &["job_name", "problem"],
        "1 while a background job has this problem, else 0; problem is late, missed, too_long or failing.",
    );
    MONITORING_JOB_EVENTS_DROPPED = counter(
        "monitoring_job_events_dropped_total",
        &["job_name"],
        "Starts and ends of runs of a background job that were dropped before they reached the job history.",
    );
    MONITORING_HISTORY_UP = gauge(
        "monitoring_history_up",
        &["store"],
        "1 while this instance reaches the store of a history, else 0; store is jobs.",
    );
    MONITORING_HISTORY_LAST_WRITE = gauge(
        "monitoring_history_last_write_timestamp_seconds",
        &["store"],
        "When the store of a history last accepted a write of this instance, in seconds since 1970; store is jobs.",
    )
    .unit(Unit::Seconds);
    MONITORING_ALERT_DELIVERIES = counter(
        "monitoring_alert_deliveries_total",
        &["channel", "result"],
        "Results of alert notifications; result is delivered, failed (it is tried again), rejected, stopped, expired or dropped.",
    );
    MONITORING_ALERT_OUTBOX_LENGTH = gauge(
        "monitoring_alert_outbox_length",
        &["ledger"],
        "Alert notifications that wait for their delivery.",
    );
    MONITORING_ALERT_OLDEST_UNDELIVERED = gauge(
        "monitoring_alert_oldest_undelivered_timestamp_seconds",
        &["ledger"],
        "When the oldest waiting alert notification was decided, in seconds since 1970; 0 while none waits.",
    )
    .unit(Unit::Seconds);
    MONITORING_ALERT_CHANNEL_STOPPED = gauge(
        "monitoring_alert_channel_stopped",
        &["ledger", "channel"],
        "1 while an alert channel is stopped because its receiver refuses it, else 0.",
    );
    SLO_OBJECTIVE = gauge(
        "slo_objective_ratio",
        &["slo"],
        "Share of good events that a service level objective promises, from 0 to 1.",
    );
    SLO_ERROR_BUDGET_REMAINING = gauge(
        "slo_error_budget_remaining_ratio",
        &["slo"],
        "Share of the error budget that is left of the period, 1 at most; negative once more events failed than may.",
    );
    SLO_BURN_RATE = gauge(
        "slo_burn_rate",
        &["slo", "window"],
        "Share of bad events over the window, divided by the allowed share; window is 5m, 30m, 1h, 2h, 6h, 1d or 3d.",
    );
    HEALTH_CHECK_STATUS = gauge(
        "health_check_status",
        &["check"],
        "Status of a health check: 1 healthy, 0.5 degraded, 0 unhealthy.",
    );
    HEALTH_CHECK_DURATION = seconds(
        "health_check_duration_seconds",
        &["check"],
        "Duration of the runs of a health check, in seconds.",
    );
    /// The age of a check that hangs keeps rising.
    MONITORING_CHECK_TIMESTAMP = gauge(
        "monitoring_check_timestamp_seconds",
        &["check"],
        "When the last run of a health check ended, in seconds since 1970.",
    )
    .unit(Unit::Seconds);
    APP_INFO = gauge(
        "app_info",
        &["version", "environment"],
        "Version and environment of the running service; always 1.",
    );
    APP_UPTIME = gauge(
        "app_uptime_seconds",
        &[],
        "Time since the service started, in seconds.",
    )
    .unit(Unit::Seconds);
    APP_START_TIME = gauge(
        "app_start_time_seconds",
        &[],
        "When the service started, in seconds since 1970.",
    )
    .unit(Unit::Seconds);
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
    MONITORING_ALERT_EVENTS_DROPPED = counter(
        "monitoring_alert_events_dropped_total",
        &[],
        "Events of the alert history that were dropped because the store was away for too long.",
    );
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
    MONITORING_SAMPLES_DROPPED = counter(
        "monitoring_samples_dropped_total",
        &["metric"],
        "Samples of a histogram or float counter that were dropped because they are infinite, not a number, or a decrease.",
    );
}
