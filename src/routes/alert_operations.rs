//! The documentation of the routes that show alerts.

use super::answer::Answer;
use super::operation::Operation;
use super::parameter::Parameter;

pub(super) const TAG: &str = "Alerts";

pub(super) const JSON: &str = "application/json";

pub(super) const UNAVAILABLE: Answer =
    Answer::problem(503, "The alerts cannot be read or written now.");
const WRONG_PARAMETER: Answer = Answer::problem(400, "A parameter is wrong.");

const LIMIT: Parameter = Parameter {
    name: "limit",
    description: "The most entries of a page.",
    schema: r#"{"type": "integer", "minimum": 1, "maximum": 1000, "default": 50}"#,
};

pub(super) const LIST: Operation = Operation {
    query: &[
        Parameter {
            name: "state",
            description: "Alerts in this state.",
            schema: r#"{"enum": ["inactive", "pending", "firing", "resolved"]}"#,
        },
        Parameter {
            name: "level",
            description: "Alerts of this level.",
            schema: r#"{"enum": ["info", "warning", "error", "critical"]}"#,
        },
        Parameter {
            name: "name",
            description: "Alerts of this rule, or of code with this name.",
            schema: r#"{"type": "string"}"#,
        },
        LIMIT,
        Parameter {
            name: "cursor",
            description: "The `next_cursor` of the page before.",
            schema: r#"{"type": "string", "pattern": "^[0-3][0-3]-[0-9a-f]{16}-[0-9a-f]{16}$"}"#,
        },
    ],
    ..Operation::new(
        TAG,
        "Alerts, the firing ones first",
        &[
            Answer::new(200, "A page of alerts.", &[(JSON, "alerts/list")]),
            WRONG_PARAMETER,
            UNAVAILABLE,
        ],
    )
};

pub(super) const HISTORY: Operation = Operation {
    query: &[
        Parameter {
            name: "alert",
            description: "Events of the alert with this id.",
            schema: r#"{"type": "string", "pattern": "^[0-9a-f]{16}$"}"#,
        },
        Parameter {
            name: "since",
            description: "Events at this time or later (RFC 3339).",
            schema: r#"{"type": "string", "format": "date-time"}"#,
        },
        LIMIT,
        Parameter {
            name: "cursor",
            description: "The `next_cursor` of the page before.",
            schema: r#"{"type": "string", "pattern": "^[0-9]{1,18}$"}"#,
        },
    ],
    ..Operation::new(
        TAG,
        "Transitions, notifications and silences, the latest first",
        &[
            Answer::new(200, "A page of events.", &[(JSON, "alerts/history")]),
            WRONG_PARAMETER,
            UNAVAILABLE,
        ],
    )
};

pub(super) const STATS: Operation = Operation::new(
    TAG,
    "Numbers of the engine, and the channels",
    &[Answer::new(200, "The numbers.", &[(JSON, "alerts/stats")])],
);

pub(super) const RULES: Operation = Operation::new(
    TAG,
    "Alert rules and SLOs",
    &[Answer::new(200, "The rules.", &[(JSON, "alerts/rules")])],
);

pub(super) const EXPLAIN: Operation = Operation {
    description: "Value, threshold, state and deadline of each alert, and what holds its notifications back.",
    path: Some(Parameter {
        name: "name",
        description: "The name of a rule, of an alert of code, or `SloBurn:NAME:page` and `SloBurn:NAME:ticket` of an SLO.",
        schema: r#"{"type": "string", "minLength": 1}"#,
    }),
    ..Operation::new(
        TAG,
        "Why alerts fire or do not",
        &[
            Answer::new(200, "The explanation.", &[(JSON, "alerts/explained")]),
            Answer::problem(400, "The name is not UTF-8."),
            Answer::problem(
                404,
                "There is no such rule and no such alert. The problem lists the names.",
            ),
            UNAVAILABLE,
        ],
    )
};

pub(super) const SILENCES: Operation = Operation::new(
    TAG,
    "Silences that are not over",
    &[
        Answer::new(200, "The silences.", &[(JSON, "alerts/silences")]),
        UNAVAILABLE,
    ],
);
