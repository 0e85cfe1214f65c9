//! The documentation of the routes of the dashboard.

use crate::routes::answer::Answer;
use crate::routes::operation::Operation;
use crate::routes::parameter::Parameter;

const TAG: &str = "Dashboard";

const JSON: &str = "application/json";

const NAME: &str = r#"{"type": "string", "minLength": 1}"#;

const CURRENT: Answer = Answer::empty(304, "The client has it already.");
const UNAVAILABLE: Answer = Answer::problem(503, "Too many viewers, or none can be served now.");

pub(super) const PAGE: Operation = Operation {
    description: "The page holds no data.",
    ..Operation::new(
        TAG,
        "Dashboard",
        &[Answer::new(200, "The page.", &[("text/html", "")]), CURRENT],
    )
};

pub(super) const ASSET: Operation = Operation {
    path: Some(Parameter {
        name: "name",
        description: "The name of a file.",
        schema: NAME,
    }),
    ..Operation::new(
        TAG,
        "A file of the dashboard",
        &[
            Answer::new(
                200,
                "The file.",
                &[
                    ("text/javascript", ""),
                    ("text/css", ""),
                    ("image/svg+xml", ""),
                ],
            ),
            CURRENT,
            Answer::problem(400, "The name is not UTF-8."),
            Answer::problem(404, "The dashboard has no such file."),
        ],
    )
};

pub(super) const CONFIG: Operation = Operation::new(
    TAG,
    "Paths and names for the dashboard",
    &[Answer::new(
        200,
        "The configuration of the page.",
        &[(JSON, "dashboard/config")],
    )],
);

pub(super) const EVENTS: Operation = Operation {
    description: "Server-sent events, one a second, for a minute at most. The first one is whole; later ones have the rows that \
                  changed.",
    ..Operation::new(
        TAG,
        "Live values of the dashboard",
        &[
            Answer::new(
                200,
                "The stream.",
                &[("text/event-stream", "dashboard/event")],
            ),
            UNAVAILABLE,
        ],
    )
};

pub(super) const HISTORY: Operation = Operation {
    query: &[
        Parameter {
            name: "method",
            description: "Requests with this method.",
            schema: r#"{"type": "string"}"#,
        },
        Parameter {
            name: "endpoint",
            description: "Requests to this endpoint.",
            schema: r#"{"type": "string"}"#,
        },
        Parameter {
            name: "window",
            description: "How far to look back, such as `300`, `300s` or `5m`.",
            schema: r#"{"type": "string", "pattern": "^[0-9]{1,9}(\\.[0-9]{1,9})?(ms|s|m|h)?$"}"#,
        },
    ],
    ..Operation::new(
        TAG,
        "Requests of the last minutes",
        &[
            Answer::new(
                200,
                "Rates, quantiles and durations.",
                &[(JSON, "dashboard/history")],
            ),
            Answer::problem(400, "A parameter is wrong."),
            Answer::problem(404, "The service keeps no history."),
            UNAVAILABLE,
        ],
    )
};

pub(super) const FAMILIES: Operation = Operation::new(
    TAG,
    "Unit and help of each metric family",
    &[
        Answer::new(
            200,
            "The families by name.",
            &[(JSON, "dashboard/families")],
        ),
        UNAVAILABLE,
    ],
);

pub(super) const FAMILY: Operation = Operation {
    path: Some(Parameter {
        name: "name",
        description: "The name of a metric, with its prefix.",
        schema: NAME,
    }),
    ..Operation::new(
        TAG,
        "Series of one metric family",
        &[
            Answer::new(
                200,
                "The series with the highest values.",
                &[(JSON, "dashboard/family")],
            ),
            Answer::problem(400, "The name is not UTF-8."),
            Answer::problem(404, "There is no metric of this name that has series."),
        ],
    )
};
