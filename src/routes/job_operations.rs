//! The documentation of the routes of jobs.

use super::answer::Answer;
use super::operation::Operation;
use super::parameter::Parameter;

const TAG: &str = "Jobs";

const JSON: &str = "application/json";

const UNAVAILABLE: Answer = Answer::problem(
    503,
    "The history of jobs cannot be read now, or too many requests read it.",
);
const UNKNOWN: Answer = Answer::problem(404, "There is no such job. The problem lists the jobs.");

pub(super) const JOBS: Operation = Operation::new(
    TAG,
    "All jobs, and the state of their history",
    &[
        Answer::new(
            200,
            "The jobs, each with its last run and its problems.",
            &[(JSON, "jobs/overview")],
        ),
        UNAVAILABLE,
    ],
);

pub(super) const STATUS: Operation = Operation {
    query: &[
        Parameter {
            name: "job_name",
            description: "Runs of this job.",
            schema: r#"{"type": "string"}"#,
        },
        Parameter {
            name: "status",
            description: "Runs with this status.",
            schema: r#"{"enum": ["running", "success", "failed", "cancelled", "lost"]}"#,
        },
        Parameter {
            name: "since",
            description: "Runs that started at this time or later (RFC 3339).",
            schema: r#"{"type": "string", "format": "date-time"}"#,
        },
        Parameter {
            name: "limit",
            description: "The most runs of a page.",
            schema: r#"{"type": "integer", "minimum": 1, "maximum": 1000, "default": 50}"#,
        },
        Parameter {
            name: "cursor",
            description: "The `next_cursor` of the page before.",
            schema: r#"{"type": "string", "pattern": "^-?[0-9]{1,15}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}"#,
        },
    ],
    ..Operation::new(
        TAG,
        "Runs of jobs, the latest first",
        &[
            Answer::new(200, "A page of runs.", &[(JSON, "jobs/status")]),
            Answer::problem(400, "A parameter is wrong."),
            UNKNOWN,
            UNAVAILABLE,
        ],
    )
};

pub(super) const STATS: Operation = Operation {
    path: Some(Parameter {
        name: "name",
        description: "The name of a job.",
        schema: r#"{"type": "string", "minLength": 1}"#,
    }),
    ..Operation::new(
        TAG,
        "Statistics of one job",
        &[
            Answer::new(200, "The statistics.", &[(JSON, "jobs/stats")]),
            Answer::problem(400, "The name is not UTF-8."),
            Answer::problem(404, "There is no such job, or it has not run yet."),
            UNAVAILABLE,
        ],
    )
};
