//! `Routes::openapi`, and `/openapi.json`.

use bytes::Bytes;
use http::StatusCode;
use utoipa::openapi::{OpenApi, ServerBuilder};

use super::document::document;
use crate::routes::access::Access;
use crate::routes::answer::Answer;
use crate::routes::monitoring::Monitoring;
use crate::routes::mounted::Mounted;
use crate::routes::operation::Operation;
use crate::routes::respond;
use crate::routes::routes::{Change, Routes};

/// The group of these routes.
pub(super) const TAG: &str = "API documents";
pub(super) const PATH: &str = "/openapi.json";

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
        document(&resolved.mounted)
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
            self = self.add(PATH, &OPERATION, Access::Guarded, async |request| {
                // Every router that is built has one.
                let text = request.mounted.sources.get::<Served>().cloned();
                let text = text.unwrap_or_default().0;
                respond::text(StatusCode::OK, "application/json", text)
            });
            // Each of `docs_ui` and `redoc` adds it, also in builders that are merged.
            if let Some(route) = self.find(PATH) {
                route.gives_way = true;
            }
            self.at_build.push(mount);
        }
        self
    }

    /// Lets everyone read `/openapi.json`. The document names the routes and what protects them, but holds no data of the service.
    /// [`protect`](Self::protect) of the route wins over this.
    /// Without [`openapi_json`](Self::openapi_json) this is a [mistake](Self#mistakes).
    pub fn public_openapi(mut self) -> Self {
        self.changes.push((PATH.to_owned(), Change::Open));
        self
    }
}

impl Monitoring {
    /// Adds `/openapi.json`, as [`Routes::openapi_json`] does.
    pub fn openapi_json(self) -> Self {
        self.change(Routes::openapi_json)
    }
}

/// The text of the document.
#[derive(Clone, Default)]
struct Served(Bytes);

fn mount(mounted: &mut Mounted) {
    let mut document = document(mounted);
    // Relative to the document itself, because the routes may be nested, also by a proxy.
    let own = mounted.path(PATH).unwrap_or(PATH);
    let base = match own.matches('/').count() {
        0 | 1 => ".".to_owned(),
        segments => vec![".."; segments - 1].join("/"),
    };
    document.servers = Some(vec![ServerBuilder::new().url(base).build()]);
    // As a value first, which has the keywords of schemas in the order of their names.
    let text = serde_json::to_value(&document).and_then(|document| serde_json::to_vec(&document));
    let text = Bytes::from(text.unwrap_or_default());
    mounted.sources.insert(Served(text));
}
