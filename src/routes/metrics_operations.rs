//! The documentation of the routes of metrics.

use super::answer::Answer;
use super::operation::Operation;
use super::parameter::Parameter;
use crate::exporter::Format;

const TAG: &str = "Metrics";

const JSON: (&str, &str) = ("application/json", "metrics");
const TEXT: (&str, &str) = ("text/plain", "");
const OPEN_METRICS: (&str, &str) = ("application/openmetrics-text", "");
const PROTOBUF: (&str, &str) = ("application/vnd.google.protobuf", "");

const BUSY: Answer = Answer::problem(
    503,
    "Too many requests for metrics at once. `Retry-After` says when to try again.",
);

/// The description of `/metrics`, which offers these formats and JSON.
pub(super) fn negotiated(formats: &[Format]) -> &'static Operation {
    if formats.contains(&Format::Protobuf) {
        &WITH_PROTOBUF
    } else if formats.contains(&Format::OpenMetrics) {
        &WITH_OPEN_METRICS
    } else {
        &TEXT_OR_JSON
    }
}

const WITH_PROTOBUF: Operation = metrics(&[
    Answer::new(200, ALL, &[TEXT, OPEN_METRICS, PROTOBUF, JSON]),
    BUSY,
]);
const WITH_OPEN_METRICS: Operation =
    metrics(&[Answer::new(200, ALL, &[TEXT, OPEN_METRICS, JSON]), BUSY]);
const TEXT_OR_JSON: Operation = metrics(&[Answer::new(200, ALL, &[TEXT, JSON]), BUSY]);

const ALL: &str = "All metrics.";

const fn metrics(answers: &'static [Answer]) -> Operation {
    Operation {
        description: "`Accept` chooses the format. Text is the default.",
        ..Operation::new(
            TAG,
            "All metrics in a format of Prometheus or in JSON",
            answers,
        )
    }
}

pub(super) const PROMETHEUS: Operation = Operation::new(
    TAG,
    "All metrics in Prometheus' text format 0.0.4",
    &[Answer::new(200, ALL, &[TEXT]), BUSY],
);

pub(super) const METRICS_JSON: Operation = Operation {
    description: "Counts from `since`, which a reset moves to now.",
    ..Operation::new(
        TAG,
        "All metrics in JSON",
        &[Answer::new(200, ALL, &[JSON]), BUSY],
    )
};

pub(super) const REGISTRIES: Operation = Operation::new(
    TAG,
    "Metric families and their numbers of series",
    &[
        Answer::new(
            200,
            "The families by name.",
            &[("application/json", "registries")],
        ),
        BUSY,
    ],
);

pub(super) const HISTORY: Operation = Operation {
    description: "Without parameters an overview of the history. With `metric` the points of its series, oldest first.",
    query: &[
        Parameter {
            name: "metric",
            description: "The name of a metric in the history, with its prefix. All other parameters need it.",
            schema: r#"{"type": "string"}"#,
        },
        Parameter {
            name: "kind",
            description: "By default `rate` for a counter, `values` for a gauge, `quantile` for a histogram.",
            schema: r#"{"enum": ["values", "rate", "average", "quantile"]}"#,
        },
        Parameter {
            name: "q",
            description: "The quantile. Needs `kind=quantile`.",
            schema: r#"{"type": "number", "minimum": 0, "maximum": 1, "default": 0.95}"#,
        },
        Parameter {
            name: "window",
            description: "How far to look back, such as `300`, `300s`, `5m` or `1h`. By default the whole history.",
            schema: r#"{"type": "string", "pattern": "^[0-9]{1,9}(\\.[0-9]{1,9})?(ms|s|m|h)?$"}"#,
        },
        Parameter {
            name: "sum",
            description: "All series as one.",
            schema: r#"{"type": "boolean", "default": false}"#,
        },
        Parameter {
            name: "label",
            description: "Series with this label, as `name:value`.",
            schema: r#"{"type": "array", "items": {"type": "string", "pattern": "^[^:]+:.*$"}}"#,
        },
    ],
    ..Operation::new(
        TAG,
        "Recent past of the metrics",
        &[
            Answer::new(
                200,
                "An overview, or the points of a metric.",
                &[("application/json", "history")],
            ),
            Answer::problem(
                400,
                "A parameter is wrong, or the history has no such metric.",
            ),
            Answer::problem(404, "The service keeps no history."),
            BUSY,
        ],
    )
};

pub(super) const RESET: Operation = Operation {
    description: "`/metrics/json` counts from now on, and the history is emptied. `/metrics` does not change.",
    ..Operation::new(
        TAG,
        "Reset of JSON and history",
        &[
            Answer::new(200, "The reset is done.", &[("application/json", "reset")]),
            BUSY,
        ],
    )
};
