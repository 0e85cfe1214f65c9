//! The default rules.

use std::time::Duration;

use super::level::Level;
use super::rule::Rule;
use super::scope::Scope;
use super::selector::Selector;
use super::signal::Signal;
use super::state::Inhibition;
use super::thresholds::Thresholds;
use crate::catalog::{
    DATABASE_CONNECTIONS_MAX, DB_CONNECTIONS_ACTIVE, HEALTH_CHECK_STATUS, SCHEDULER_JOB_PROBLEM,
    SYSTEM_CPU_USAGE, SYSTEM_DISK_USED, SYSTEM_MEMORY_USED, TOKIO_SCHEDULING_DELAY,
};
use crate::http_metrics::Naming;

/// The window of ratios and quantiles.
const WINDOW: Duration = Duration::from_secs(5 * 60);

/// One error in so many requests is 5 %, which is not more than the default threshold.
const MIN_REQUESTS: u64 = 20;

/// The rules over the metrics of layers with these names.
pub(super) fn rules(thresholds: &Thresholds, server: &Naming, client: &Naming) -> Vec<Rule> {
    let mut rules = host(thresholds);
    rules.extend(requests(thresholds, server));
    rules.push(calls(thresholds, client));
    rules.extend(service(thresholds));
    rules.extend(jobs());
    rules
}

fn host(thresholds: &Thresholds) -> Vec<Rule> {
    let memory = || Signal::max(SYSTEM_MEMORY_USED.name);
    let critical = thresholds.critical_memory.max(thresholds.memory);
    vec![
        Rule::new("HighCpu", Signal::max(SYSTEM_CPU_USAGE.name))
            .gt(thresholds.cpu)
            .consecutive(2)
            .summary("{{ value | percent }} of CPU time is used")
            .description(
                "Relative to the container's limit, or to the host's cores without a limit.",
            ),
        Rule::new("HighMemory", memory())
            .gt(thresholds.memory)
            .consecutive(2)
            .inhibited_by("CriticalMemory")
            .summary("{{ value | percent }} of memory is used")
            .description(
                "Relative to the container's limit, or to the host's memory without a limit.",
            ),
        Rule::new("CriticalMemory", memory())
            .gt(critical)
            .level(Level::Critical)
            .summary("{{ value | percent }} of memory is used")
            .description(
                "Beyond the container's limit, or the host's memory, processes are killed.",
            ),
        Rule::new(
            "DiskAlmostFull",
            Signal::max(SYSTEM_DISK_USED.name).by(["mount"]),
        )
        .gt(thresholds.disk)
        .level(Level::Error)
        .summary("{{ labels.mount }} is {{ value | percent }} full")
        .description("As df reports it. Writes fail when the file system is full."),
    ]
}

fn requests(thresholds: &Thresholds, naming: &Naming) -> Vec<Rule> {
    let requests = counter(naming);
    let failed = if naming.has_error_type() {
        // The clients that went away did not see an error.
        failed(&requests, naming, &["cancelled", "body_dropped"])
    } else {
        requests.clone().starts_with(&*naming.status, "5")
    };
    let duration = Signal::quantile(0.95, &*naming.duration.name, WINDOW);
    vec![
        Rule::new("HighErrorRate", Signal::ratio(failed, requests, WINDOW))
            .gt(thresholds.request_errors)
            .min_events(MIN_REQUESTS)
            .level(Level::Critical)
            .summary("{{ value | percent }} of requests fail")
            .description("The share that ended with a status of 500 or more, in 5 minutes."),
        Rule::new("SlowRequests", duration)
            .gt(thresholds.request_duration.as_secs_f64())
            .min_events(MIN_REQUESTS)
            .summary("95 % of requests take up to {{ value | seconds }}")
            .description("In 5 minutes, from the arrival of a request to the end of its response."),
    ]
}

/// As in OpenTelemetry, a status of 400 or more is an error of a client. A caller that goes away is none.
fn calls(thresholds: &Thresholds, naming: &Naming) -> Rule {
    let calls = counter(naming);
    let failed = if naming.has_error_type() {
        failed(&calls, naming, &[])
    } else {
        let status = &*naming.status;
        let other = calls.clone().ne(status, "success").ne(status, "cancelled");
        let other = other.not_starts_with(status, "1");
        other
            .not_starts_with(status, "2")
            .not_starts_with(status, "3")
    };
    let service = naming.service.as_deref().unwrap_or("server_address");
    Rule::new(
        "ExternalApiErrors",
        Signal::ratio(failed, calls, WINDOW).by([service]),
    )
    .gt(thresholds.external_api_errors)
    .consecutive(3)
    .level(Level::Error)
    .summary(format!(
        "{{{{ value | percent }}}} of requests to {{{{ labels.{service} }}}} fail"
    ))
    .description(
        "The share that timed out, got no response or a status of 400 or more, in 5 minutes.",
    )
}

/// The counter of requests, or the count of their durations.
fn counter(naming: &Naming) -> Selector {
    match &naming.requests {
        Some(requests) => Selector::new(&*requests.name),
        None => Selector::new([&*naming.duration.name, "_count"].concat()),
    }
}

/// The requests with an `error_type` other than these.
fn failed(requests: &Selector, naming: &Naming, harmless: &[&str]) -> Selector {
    let failed = requests.clone().ne(&*naming.reason, "");
    let harmless = harmless.iter();
    harmless.fold(failed, |failed, reason| failed.ne(&*naming.reason, *reason))
}

fn service(thresholds: &Thresholds) -> Vec<Rule> {
    let in_use = Signal::quotient(DB_CONNECTIONS_ACTIVE.name, DATABASE_CONNECTIONS_MAX.name);
    vec![
        Rule::new("DatabasePoolBusy", in_use)
            .gt(thresholds.database_connections)
            .consecutive(2)
            .summary("{{ value | percent }} of the database connections are in use")
            .description(
                "Relative to the most that the pool may open. Queries wait when all are in use.",
            ),
        Rule::new(
            "HealthCheckUnhealthy",
            Signal::min(HEALTH_CHECK_STATUS.name).by(["check"]),
        )
        .lt(0.5)
        .level(Level::Error)
        .summary("health check {{ labels.check }} is unhealthy")
        .description(
            "The route /healthz shows the check's message to callers that pass the guard.",
        ),
        Rule::new("RuntimeStuck", Signal::max(TOKIO_SCHEDULING_DELAY.name))
            .gt(thresholds.scheduling_delay.as_secs_f64())
            .level(Level::Critical)
            .summary("a new task waits {{ value | seconds }} for its first turn")
            .description("Tasks that block keep the workers of the tokio runtime from others."),
    ]
}

/// Problems as the jobs report them. Instances may share their jobs.
fn jobs() -> Vec<Rule> {
    let problems = || Selector::new(SCHEDULER_JOB_PROBLEM.name);
    let job = |name, problems: Selector| {
        Rule::new(name, Signal::max(problems).by(["job_name"])).scope(Scope::Shared)
    };
    vec![
        job("JobFailing", problems().eq("problem", "failing"))
            .level(Level::Error)
            .summary("job {{ labels.job_name }} fails again and again")
            .description(
                "Runs failed or were lost several times in a row. It ends with the next success.",
            ),
        job(
            "JobLate",
            problems()
                .ne("problem", "failing")
                .ne("problem", "too_long"),
        )
        .inhibited_by(Inhibition::by("JobTooLong").equal(["job_name"]))
        .summary("job {{ labels.job_name }} did not start when it was expected")
        .description("It ends with the next start."),
        job("JobTooLong", problems().eq("problem", "too_long"))
            .summary("a run of job {{ labels.job_name }} takes longer than allowed")
            .description("It ends with the run."),
    ]
}
