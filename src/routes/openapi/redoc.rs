//! `/redoc`: Redoc.

use super::docs_file::DocsFile;
use super::docs_page::{DocsPage, page};
use crate::routes::monitoring::Monitoring;
use crate::routes::routes::Routes;

static PAGE: DocsPage = DocsPage {
    title: "API documentation",
    path: "/redoc",
    files_path: "/redoc/assets/{name}",
    operation: page("API documentation, with Redoc"),
    links: "<script src=\"{{files}}/redoc.js\" type=\"module\"></script>",
    files: &[
        DocsFile::new("redoc.js", include_str!("pages/redoc.js")),
        DocsFile::gzip(
            "redoc.standalone.js",
            include_bytes!("vendor/redoc/redoc.standalone.js.gz"),
        ),
    ],
    // The hash is that of an empty style: Redoc adds such elements, and fills them by script. Its font of icons is in its script
    // as `data:`.
    policy: "default-src 'none'; script-src 'self'; \
             style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; font-src data:; connect-src 'self'; \
             img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

impl Routes {
    /// Adds `/redoc`, where Redoc shows the [document](Self::openapi) of all routes, and
    /// [`/openapi.json`](Self::openapi_json) (feature `redoc`).
    ///
    /// The page (`/redoc`, and its files below `/redoc/assets/{name}`) is open, because it holds no data. If
    /// [`Guard::bearer`](crate::routes::Guard::bearer) guards the document, the page asks for the token, which stays in the page.
    /// Everything comes from the crate and works offline. Redoc's telemetry is off.
    ///
    /// A page that is renamed to `/` finds its files only if the routes are not nested.
    ///
    /// ```
    /// use tower_vitals::{Prometheus, Routes, routes::Guard};
    ///
    /// let routes = Routes::new()
    ///     .metrics(Prometheus::builder().build()?)
    ///     .guard(Guard::bearer("s3cret"))
    ///     .redoc();
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn redoc(self) -> Self {
        self.docs_page(&PAGE, |mounted| PAGE.mount(mounted))
    }
}

impl Monitoring {
    /// Adds `/redoc` and `/openapi.json`, as [`Routes::redoc`] does.
    pub fn redoc(self) -> Self {
        self.change(Routes::redoc)
    }
}
