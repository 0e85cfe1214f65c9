//! `/debug/pprof/`: the index of the routes that look into the process.

use http::StatusCode;
use serde_json::{Value, json};

use super::access::Access;
use super::answer::Answer;
use super::method::Method;
use super::operation::Operation;
use super::relative::relative;
use super::respond;
use super::route::Route;
use super::routes::Routes;

const PATH: &str = "/debug/pprof/";

const INDEX: Operation = Operation::new(
    "Debugging",
    "Routes that look into the process",
    &[Answer::new(
        200,
        "The routes.",
        &[("application/json", "pprof_index")],
    )],
);

/// Default paths, and what their routes show.
const DESCRIPTIONS: [(&str, &str); 3] = [
    (
        "/debug/pprof/profile",
        "CPU profile. Parameters: seconds (30), format (pprof or svg)",
    ),
    ("/debug/pprof/heap", "Heap profile"),
    ("/debug/tasks", "Tasks and workers of a tokio runtime"),
];

impl Routes {
    /// Adds the index, unless it is there.
    pub(super) fn pprof_index(mut self) -> Self {
        if self.find(PATH).is_none() {
            self.added.push(Route {
                gives_way: true,
                ..Route::new(
                    Method::Get,
                    PATH,
                    &INDEX,
                    Access::Guarded,
                    |request| async move {
                        let shown =
                            DESCRIPTIONS
                                .iter()
                                .filter_map(|(default_path, description)| {
                                    let path = request.mounted.path(default_path)?;
                                    let own = request.mounted.path(PATH).unwrap_or(PATH);
                                    let path = relative(own, path);
                                    Some(json!({ "description": description, "path": path }))
                                });
                        let shown: Vec<Value> = shown.collect();
                        respond::json(StatusCode::OK, &json!({ "routes": shown }))
                    },
                )
            });
        }
        self
    }
}
