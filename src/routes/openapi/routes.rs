//! `Routes::openapi`, and `/openapi.json`.

use bytes::Bytes;
use http::StatusCode;
use utoipa::openapi::{OpenApi, ServerBuilder};

use super::document::document;
use crate::health::Health;
use crate::routes::access::{Access, Details};
use crate::routes::answer::Answer;
use crate::routes::guard::Guard;
use crate::routes::operation::Operation;
use crate::routes::problem::problem;
use crate::routes::respond;
use crate::routes::route::{Handler, Route, handler};
use crate::routes::routes::{Change, Routes};

pub(super) const TAG: &str = "API documents";
const PATH: &str = "/openapi.json";

const OPERATION: Operation = Operation::new(
    TAG,
    "This document",
    &[Answer::new(
        200,
        "An OpenAPI 3.1 document.",
        &[("application/json", "openapi")],
    )],
);

impl Routes {
    /// Returns the OpenAPI 3.1 document of these routes (feature `openapi`): as they are renamed, removed and guarded now, with
    /// the schemas of their responses.
    ///
    /// An app with a document of its own merges it, or nests it if the routes are nested. Names of schemas, security schemes
    /// and operations begin with `monitoring`, so they clash with none of the app.
    ///
    /// ```
    /// use axum::Router;
    /// use tower_vitals::Routes;
    /// use utoipa::openapi::{InfoBuilder, OpenApiBuilder};
    ///
    /// let routes = Routes::new().liveness();
    /// let shop = InfoBuilder::new().title("Shop").version("1.0.0").build();
    /// let document = OpenApiBuilder::new().info(shop).build().nest("/ops", routes.openapi());
    /// let app: Router = Router::new().nest("/ops", routes.into());
    /// assert!(document.paths.paths.contains_key("/ops/livez"));
    /// ```
    #[must_use]
    pub fn openapi(&self) -> OpenApi {
        let (resolved, _) = self.clone().resolve();
        document(
            &resolved.routes,
            &resolved.guard,
            resolved.details,
            resolved.health.as_ref(),
        )
    }

    /// Adds `/openapi.json` ([guarded](Self::guard)): the [document](Self::openapi) of all routes of this builder (feature
    /// `openapi`).
    ///
    /// ```
    /// use tower_vitals::{Health, Routes, routes::Guard};
    ///
    /// let health = Health::builder().build()?;
    /// let routes = Routes::new().health(health).openapi_json().guard(Guard::bearer("s3cret"));
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn openapi_json(mut self) -> Self {
        if self.find(PATH).is_none() {
            self = self.add(PATH, &OPERATION, Access::Guarded, async |_| {
                // Only until the routes are built.
                problem(StatusCode::SERVICE_UNAVAILABLE, "The routes are not built.")
            });
            if let Some(route) = self.find(PATH) {
                route.late_handler = Some(show);
            }
        }
        self
    }

    /// Lets everyone read `/openapi.json`. The document names the routes and what protects them, but holds no data of the service.
    /// Without [`openapi_json`](Self::openapi_json) this is a [mistake](Self#mistakes).
    pub fn public_openapi(mut self) -> Self {
        self.changes.push((PATH.to_owned(), Change::Open));
        self
    }
}

fn show(routes: &[Route], guard: &Guard, details: Details, health: Option<&Health>) -> Handler {
    let mut document = document(routes, guard, details, health);
    // Relative to the document itself, because the routes may be nested, also by a proxy.
    let own = routes.iter().find(|route| route.default_path == PATH);
    let folders = own.map_or(0, |own| own.path.matches('/').count().saturating_sub(1));
    let base = match folders {
        0 => ".".to_owned(),
        folders => vec![".."; folders].join("/"),
    };
    document.servers = Some(vec![ServerBuilder::new().url(base).build()]);
    // As a value first, which has the keywords of schemas in the order of their names.
    let text = serde_json::to_value(&document).and_then(|document| serde_json::to_vec(&document));
    let text = Bytes::from(text.unwrap_or_default());
    handler(move |_| {
        let response = respond::text(StatusCode::OK, "application/json", text.clone());
        async { response }
    })
}
