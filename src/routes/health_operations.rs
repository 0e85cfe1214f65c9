//! The documentation of the health routes.

use super::answer::Answer;
use super::operation::Operation;
use super::parameter::Parameter;

const TAG: &str = "Health";

const JSON: &str = "application/json";
pub(super) const HEALTH_JSON: &str = "application/health+json";

const BRIEF: &[(&str, &str)] = &[(JSON, "health"), (HEALTH_JSON, "health_json")];
const HEALTHZ_CONTENTS: &[(&str, &str)] = &[(JSON, "healthz"), (HEALTH_JSON, "health_json")];
const PROBE: &[(&str, &str)] = &[(JSON, "health")];
const REPORT: &[(&str, &str)] = &[(JSON, "detailed")];
const RESULT: &[(&str, &str)] = &[(JSON, "checker")];

const HEALTHY: &str = "The service is healthy.";
const UNHEALTHY: &str = "The service is unhealthy.";
const PASSING: &str = "The probe passes.";
const FAILING: &str = "The probe fails. `reason` says why, unless it is a check.";
const NOT_UTF8: Answer = Answer::problem(400, "The name is not UTF-8.");

/// `/livez` of a service without checks.
pub(super) const ALIVE: Operation = Operation::new(
    TAG,
    "Liveness",
    &[Answer::new(200, "The process responds.", PROBE)],
);

pub(super) const HEALTH: Operation = Operation {
    description: "Runs all checks, or returns results that are fresh enough. Callers that see details get the checks by name.",
    ..Operation::new(
        TAG,
        "Health of the service",
        &[
            Answer::new(200, HEALTHY, BRIEF),
            Answer::new(503, UNHEALTHY, BRIEF),
        ],
    )
};

pub(super) const HEALTHZ: Operation = Operation {
    description: "As `/health`, with the status of each check as `ok`, `warning` or `error`.",
    ..Operation::new(
        TAG,
        "Health of the service and of each check",
        &[
            Answer::new(200, HEALTHY, HEALTHZ_CONTENTS),
            Answer::new(503, UNHEALTHY, HEALTHZ_CONTENTS),
        ],
    )
};

pub(super) const LIVENESS: Operation = Operation {
    description: "Whether the process has to be restarted. Runs no check of a dependency.",
    ..probe("Liveness")
};

pub(super) const READINESS: Operation = Operation {
    description: "Whether the service takes requests. Fails during a drain.",
    ..probe("Readiness")
};

pub(super) const STARTUP: Operation = Operation {
    description: "Whether the service has started.",
    ..probe("Startup")
};

const fn probe(summary: &'static str) -> Operation {
    const ANSWERS: [Answer; 2] = [
        Answer::new(200, PASSING, PROBE),
        Answer::new(503, FAILING, PROBE),
    ];
    Operation::new(TAG, summary, &ANSWERS)
}

pub(super) const DETAILED: Operation = Operation::new(
    TAG,
    "Results of all checks",
    &[
        Answer::new(200, HEALTHY, REPORT),
        Answer::new(503, UNHEALTHY, REPORT),
    ],
);

pub(super) const CHECKER: Operation = Operation {
    path: Some(Parameter {
        name: "name",
        description: "The name of a check.",
        schema: r#"{"type": "string", "minLength": 1}"#,
    }),
    ..Operation::new(
        TAG,
        "Result of one check",
        &[
            Answer::new(200, "The check passes.", RESULT),
            NOT_UTF8,
            Answer::problem(404, "There is no such check. The problem lists the checks."),
            Answer::new(503, "The check fails.", RESULT),
        ],
    )
};

pub(super) const GROUP: Operation = Operation {
    path: Some(Parameter {
        name: "tag",
        description: "A tag of checks.",
        schema: r#"{"type": "string", "minLength": 1}"#,
    }),
    ..Operation::new(
        TAG,
        "Results of the checks with a tag",
        &[
            Answer::new(200, "The checks pass.", REPORT),
            NOT_UTF8,
            Answer::problem(404, "No check has this tag. The problem lists the tags."),
            Answer::new(503, "A check fails.", REPORT),
        ],
    )
};

pub(super) const STATUS: Operation = Operation {
    description: "The settings and the last status of each check. Runs none of them.",
    ..Operation::new(
        TAG,
        "Registered checks",
        &[Answer::new(200, "The checks.", &[(JSON, "status")])],
    )
};
