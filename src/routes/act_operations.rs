//! The documentation of the acts of people on alerts.

use super::alert_operations::{JSON, TAG, UNAVAILABLE};
use super::answer::Answer;
use super::operation::Operation;
use super::parameter::Parameter;

const ID: Parameter = Parameter {
    name: "id",
    description: "The id of an alert.",
    schema: r#"{"type": "string", "pattern": "^[0-9a-f]{16}$"}"#,
};

const ALERT: Answer = Answer::new(
    200,
    "The act is done. `alert` is null if it is forgotten now.",
    &[(JSON, "alerts/acted")],
);
const FORWARDED: Answer = Answer::new(
    202,
    "Another instance holds the alert, and does the act at its next evaluation.",
    &[(JSON, "alerts/forwarded")],
);
const MADE: Answer = Answer::new(201, "The silences.", &[(JSON, "alerts/made")]);
const WRONG: Answer = Answer::problem(
    400,
    "The body or the path is wrong. The problem names each mistake.",
);
const NO_ALERT: Answer = Answer::problem(404, "There is no such alert.");
const SLOW: Answer = Answer::problem(408, "The body took longer than 10 s.");
const CONFLICT: Answer = Answer::problem(
    409,
    "The act does not fit the state of the alert, or a limit is reached.",
);
const LARGE: Answer = Answer::problem(413, "The body has more than 64 KiB.");

pub(super) const ACKNOWLEDGE: Operation = Operation {
    description: "Nobody else is called, and nothing is repeated.",
    path: Some(ID),
    body: Some("alerts/acknowledge_body"),
    ..Operation::new(
        TAG,
        "Acknowledge an alert",
        &[
            ALERT,
            FORWARDED,
            WRONG,
            NO_ALERT,
            SLOW,
            CONFLICT,
            LARGE,
            UNAVAILABLE,
        ],
    )
};

pub(super) const RESOLVE: Operation = Operation {
    description: "The alert stays resolved until its condition was false once.",
    path: Some(ID),
    body: Some("alerts/person_body"),
    ..Operation::new(
        TAG,
        "Resolve an alert",
        &[
            ALERT,
            FORWARDED,
            WRONG,
            NO_ALERT,
            SLOW,
            CONFLICT,
            LARGE,
            UNAVAILABLE,
        ],
    )
};

pub(super) const SUPPRESS_ALERT: Operation = Operation {
    path: Some(ID),
    body: Some("alerts/suppress_alert_body"),
    ..Operation::new(
        TAG,
        "Silence an alert",
        &[MADE, WRONG, NO_ALERT, SLOW, CONFLICT, LARGE, UNAVAILABLE],
    )
};

pub(super) const SUPPRESS: Operation = Operation {
    body: Some("alerts/suppress_body"),
    ..Operation::new(
        TAG,
        "Silence all alerts with some labels",
        &[MADE, WRONG, SLOW, CONFLICT, LARGE, UNAVAILABLE],
    )
};

pub(super) const END_SILENCE: Operation = Operation {
    path: Some(Parameter {
        name: "id",
        description: "The id of a silence.",
        schema: r#"{"type": "string", "minLength": 1}"#,
    }),
    body: Some("alerts/person_body"),
    ..Operation::new(
        TAG,
        "End a silence",
        &[
            Answer::new(200, "The silence has ended.", &[(JSON, "alerts/ended")]),
            WRONG,
            Answer::problem(404, "There is no such silence."),
            SLOW,
            CONFLICT,
            LARGE,
            UNAVAILABLE,
        ],
    )
};

pub(super) const TEST_CHANNEL: Operation = Operation {
    description: "Sends a test message. If it arrives, a stopped channel works again.",
    path: Some(Parameter {
        name: "name",
        description: "The name of a channel.",
        schema: r#"{"type": "string", "minLength": 1}"#,
    }),
    ..Operation::new(
        TAG,
        "Test a channel",
        &[
            Answer::new(200, "The message arrived.", &[(JSON, "alerts/tested")]),
            Answer::problem(400, "The name is not UTF-8."),
            Answer::problem(
                404,
                "There is no such channel. The problem lists the channels.",
            ),
            Answer::problem(502, "The message did not arrive."),
            UNAVAILABLE,
        ],
    )
};
