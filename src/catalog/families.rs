//! The crate's own families.

use metrics::Unit;

use super::family::Family;

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Family {
    Family::counter(name, help).labels(labels)
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Family {
    Family::gauge(name, help).labels(labels)
}

const fn seconds(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Family {
    Family::histogram(name, help)
        .labels(labels)
        .unit(Unit::Seconds)
}

const fn bytes(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Family {
    Family::histogram(name, help)
        .labels(labels)
        .unit(Unit::Bytes)
        .buckets(super::SIZE_BUCKETS)
}

macro_rules! families {
    ($($(#[$docs:meta])* $id:ident = $family:expr;)*) => {
        $($(#[$docs])* pub const $id: Family = $family;)*

        /// Every family the crate can emit, in the order of this page.
        pub const FAMILIES: &[Family] = &[$($id),*];
    };
}

families! {
    /// Requests served, by method, endpoint and status.
    HTTP_REQUESTS = counter(
        "http_requests_total",
        &["method", "endpoint", "status"],
        "HTTP requests served, whatever ended them.",
    );
    /// How long requests took.
    HTTP_REQUEST_DURATION = seconds(
        "http_request_duration_seconds",
        &["method", "endpoint"],
        "Time from the request's arrival to the end of its response, or to its head where so configured, in seconds.",
    );
    /// Requests being served right now.
    HTTP_REQUESTS_IN_PROGRESS = gauge(
        "http_requests_in_progress",
        &["method", "endpoint"],
        "HTTP requests being served, to the end of the response body.",
    );
    /// Requests that did not run to their end.
    HTTP_REQUESTS_ABORTED = counter(
        "http_requests_aborted_total",
        &["method", "endpoint", "reason"],
        "HTTP requests that ended early: cancelled, panic, service_error, body_error or body_dropped.",
    );
    /// Size of request bodies (opt-in).
    HTTP_REQUEST_BODY_SIZE = bytes(
        "http_request_body_size_bytes",
        &["method", "endpoint"],
        "Bytes read of the request body.",
    );
    /// Size of response bodies (opt-in).
    HTTP_RESPONSE_BODY_SIZE = bytes(
        "http_response_body_size_bytes",
        &["method", "endpoint"],
        "Bytes sent of the response body, before any compression further out.",
    );
    /// OpenTelemetry's `http.server.request.duration`.
    OTEL_REQUEST_DURATION = seconds(
        "http_server_request_duration_seconds",
        &["http_request_method", "http_route", "http_response_status_code"],
        "Duration of HTTP server requests, in seconds.",
    );
    /// OpenTelemetry's `http.server.active_requests`.
    OTEL_ACTIVE_REQUESTS = gauge(
        "http_server_active_requests",
        &["http_request_method", "http_route"],
        "Number of active HTTP server requests.",
    );
    /// Requests that ended early, beside OpenTelemetry's families (which have none for it).
    OTEL_REQUESTS_ABORTED = counter(
        "http_server_requests_aborted_total",
        &["http_request_method", "http_route", "error_type"],
        "HTTP requests that ended early: cancelled, panic, service_error, body_error or body_dropped.",
    );
    /// OpenTelemetry's `http.server.request.body.size` (opt-in).
    OTEL_REQUEST_BODY_SIZE = bytes(
        "http_server_request_body_size_bytes",
        &["http_request_method", "http_route"],
        "Size of HTTP server request bodies, in bytes.",
    );
    /// OpenTelemetry's `http.server.response.body.size` (opt-in).
    OTEL_RESPONSE_BODY_SIZE = bytes(
        "http_server_response_body_size_bytes",
        &["http_request_method", "http_route"],
        "Size of HTTP server response bodies, in bytes.",
    );
    /// Calls made to other services.
    EXTERNAL_API_REQUESTS = counter(
        "external_api_requests_total",
        &["service", "endpoint", "status"],
        "Outbound HTTP requests; status is the code, or error or timeout when no response came.",
    );
    /// How long calls to other services took.
    EXTERNAL_API_DURATION = seconds(
        "external_api_duration_seconds",
        &["service"],
        "Time from an outbound request to the end of its response, in seconds.",
    );
    /// Calls of services, by how they ended.
    SERVICE_CALLS = counter(
        "service_calls_total",
        &["service_name", "status"],
        "Calls of a service; status is success, failure, cancelled or panic.",
    );
    /// How long calls of services took.
    SERVICE_CALL_DURATION = seconds(
        "service_call_duration_seconds",
        &["service_name"],
        "Time a call of a service took, in seconds.",
    );
    /// Connections to the database that are in use.
    DB_CONNECTIONS_ACTIVE = gauge(
        "db_connections_active",
        &[],
        "Connections to the database that are in use.",
    );
    /// Connections to the database that are open.
    DATABASE_CONNECTIONS = gauge(
        "database_connections",
        &[],
        "Connections to the database that are open.",
    );
    /// Connections to Redis that are open.
    REDIS_CONNECTIONS = gauge(
        "redis_connections",
        &[],
        "Connections to Redis that are open.",
    );
    /// How long queries took.
    DB_QUERY_DURATION = seconds(
        "db_query_duration_seconds",
        &["query_type"],
        "Time a query took, in seconds.",
    );
    /// Operations of stores.
    STORAGE_OPERATIONS = counter(
        "storage_operations_total",
        &["operation", "namespace"],
        "Operations of a store.",
    );
    /// Events, by type.
    EVENTS = counter("events_total", &["event_type"], "Events that took place.");
    /// Plugins that are loaded.
    PLUGINS_LOADED = gauge("plugins_loaded", &[], "Plugins that are loaded.");
    /// Errors, by type and component.
    ERRORS = counter(
        "errors_total",
        &["error_type", "component"],
        "Errors that occurred.",
    );
    /// Tokens of language models.
    TOKENS = counter(
        "tokens_total",
        &["model", "kind"],
        "Tokens of a language model; kind is prompt or completion.",
    );
    /// What tokens cost.
    TOKEN_COST = counter(
        "token_cost_total",
        &["model", "currency"],
        "Cost of tokens, in the currency's unit.",
    )
    .fractional();
    /// Connections that clients have open.
    ACTIVE_CONNECTIONS = gauge(
        "active_connections",
        &[],
        "Connections that clients have open.",
    );
    /// Runs of jobs that ended, by how.
    SCHEDULER_JOBS = counter(
        "scheduler_jobs_total",
        &["job_name", "status"],
        "Runs of a background job that ended; status is success, failed, cancelled or lost.",
    );
    /// How long runs of jobs took.
    SCHEDULER_JOB_DURATION = seconds(
        "scheduler_job_duration_seconds",
        &["job_name"],
        "Time a run of a background job took, in seconds.",
    )
    .buckets(super::JOB_BUCKETS);
    /// Runs of jobs right now.
    SCHEDULER_JOBS_IN_PROGRESS = gauge(
        "scheduler_jobs_in_progress",
        &["job_name"],
        "Runs of a background job that have not ended.",
    );
    /// When jobs last ended well.
    SCHEDULER_JOB_LAST_SUCCESS = gauge(
        "scheduler_job_last_success_timestamp_seconds",
        &["job_name"],
        "When a background job last ended with success, in seconds since 1970.",
    )
    .unit(Unit::Seconds);
    /// When jobs are expected.
    SCHEDULER_JOB_EXPECTED = gauge(
        "scheduler_job_expected_timestamp_seconds",
        &["job_name"],
        "When a background job is expected to start next, in seconds since 1970; in the past if it is late.",
    )
    .unit(Unit::Seconds);
    /// How often jobs failed since they last did not.
    SCHEDULER_JOB_FAILURES_IN_A_ROW = gauge(
        "scheduler_job_failures_in_a_row",
        &["job_name"],
        "Runs of a background job that failed or were lost since its last success.",
    );
    /// What is wrong with jobs.
    SCHEDULER_JOB_PROBLEM = gauge(
        "scheduler_job_problem",
        &["job_name", "problem"],
        "1 while something is wrong with a background job, else 0; problem is late, missed, too_long or failing.",
    );
    /// Events of jobs that their history never learned of.
    MONITORING_JOB_EVENTS_DROPPED = counter(
        "monitoring_job_events_dropped_total",
        &["job_name"],
        "Starts and ends of a background job that were not kept in its history: it was down for too long.",
    );
    /// What the last run of a health check found.
    HEALTH_CHECK_STATUS = gauge(
        "health_check_status",
        &["check"],
        "What the last run of a health check found: 1 healthy, 0.5 degraded, 0 unhealthy.",
    );
    /// How long health checks took.
    HEALTH_CHECK_DURATION = seconds(
        "health_check_duration_seconds",
        &["check"],
        "Time a run of a health check took, in seconds.",
    );
    /// When checks ran last: an age that rises on is a check that hangs.
    MONITORING_CHECK_TIMESTAMP = gauge(
        "monitoring_check_timestamp_seconds",
        &["check"],
        "When the last run of a health check ended, in seconds since 1970.",
    )
    .unit(Unit::Seconds);
    /// What is running.
    APP_INFO = gauge(
        "app_info",
        &["version", "environment"],
        "The running version and its environment; always 1.",
    );
    /// How long the service has been running.
    APP_UPTIME = gauge(
        "app_uptime_seconds",
        &[],
        "Time since the service started, in seconds.",
    )
    .unit(Unit::Seconds);
    /// When the service started.
    APP_START_TIME = gauge(
        "app_start_time_seconds",
        &[],
        "When the service started, in seconds since 1970.",
    )
    .unit(Unit::Seconds);
    /// CPU time of the process, as Prometheus' own client libraries name it (and the other `process_*`).
    PROCESS_CPU = counter(
        "process_cpu_seconds_total",
        &[],
        "Total user and system CPU time spent in seconds.",
    )
    .unit(Unit::Seconds)
    .fractional();
    /// Memory of the process.
    PROCESS_RESIDENT_MEMORY = gauge(
        "process_resident_memory_bytes",
        &[],
        "Resident memory size in bytes.",
    )
    .unit(Unit::Bytes);
    /// Open file descriptors.
    PROCESS_OPEN_FDS = gauge("process_open_fds", &[], "Number of open file descriptors.");
    /// How many there may be.
    PROCESS_MAX_FDS = gauge(
        "process_max_fds",
        &[],
        "Maximum number of open file descriptors.",
    );
    /// Threads of the process.
    PROCESS_THREADS = gauge("process_threads", &[], "Number of threads in the process.");
    /// When the process started.
    PROCESS_START_TIME = gauge(
        "process_start_time_seconds",
        &[],
        "Start time of the process since 1970 in seconds.",
    )
    .unit(Unit::Seconds);
    /// Use of the CPU.
    SYSTEM_CPU_USAGE = gauge(
        "system_cpu_usage_ratio",
        &[],
        "CPU in use, 0 to 1: of the container's limit where there is one, else of the host's cores.",
    );
    /// Use of memory.
    SYSTEM_MEMORY_USED = gauge(
        "system_memory_used_ratio",
        &[],
        "Memory in use, 0 to 1: of the container's limit where there is one, else of the host's.",
    );
    /// What is left of memory.
    SYSTEM_MEMORY_AVAILABLE = gauge(
        "system_memory_available_bytes",
        &[],
        "Memory that may still be used: of the container's limit where there is one, else of the host's.",
    )
    .unit(Unit::Bytes);
    /// Use of a disk.
    SYSTEM_DISK_USED = gauge(
        "system_disk_used_ratio",
        &["mount"],
        "Space in use on a file system, 0 to 1, as df shows it.",
    );
    /// What is left of a disk.
    SYSTEM_DISK_AVAILABLE = gauge(
        "system_disk_available_bytes",
        &["mount"],
        "Space on a file system that may still be used.",
    )
    .unit(Unit::Bytes);
    /// Worker threads of the runtime.
    TOKIO_WORKERS = gauge("tokio_workers", &[], "Worker threads of the tokio runtime.");
    /// Tasks of the runtime.
    TOKIO_ALIVE_TASKS = gauge(
        "tokio_alive_tasks",
        &[],
        "Tasks of the tokio runtime that have not ended.",
    );
    /// Tasks that wait for a worker.
    TOKIO_GLOBAL_QUEUE_DEPTH = gauge(
        "tokio_global_queue_depth",
        &[],
        "Tasks in the tokio runtime's global queue.",
    );
    /// How busy the workers are.
    TOKIO_BUSY_RATIO = gauge(
        "tokio_busy_ratio",
        &[],
        "Time the tokio runtime's workers were busy since the collection before, 0 to 1.",
    );
    /// How often workers ran out of work.
    TOKIO_PARKS = counter(
        "tokio_park_count_total",
        &[],
        "Times a worker of the tokio runtime ran out of work and parked.",
    );
    /// When collectors were last read: an age that rises on is one that hangs.
    MONITORING_COLLECTION_TIMESTAMP = gauge(
        "monitoring_collection_timestamp_seconds",
        &["collectors"],
        "When collectors were last read, in seconds since 1970.",
    )
    .unit(Unit::Seconds);
    /// How long reading the metrics took.
    MONITORING_SCRAPE_DURATION = seconds(
        "monitoring_scrape_duration_seconds",
        &[],
        "Time a reading of the metrics took to be written, in seconds.",
    );
    /// What the series limit turned away.
    MONITORING_SERIES_DROPPED = counter(
        "monitoring_series_dropped_total",
        &["metric"],
        "Times a series was asked for past its metric's limit and became the one labelled other.",
    );
}
