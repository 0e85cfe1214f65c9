//! `/docs`: Swagger UI.

use super::docs_file::DocsFile;
use super::docs_page::{DocsPage, page};
use crate::routes::monitoring::Monitoring;
use crate::routes::routes::Routes;

static PAGE: DocsPage = DocsPage {
    title: "API documentation",
    path: "/docs",
    files_path: "/docs/assets/{name}",
    operation: page("API documentation, with Swagger UI"),
    links: concat!(
        "<link rel=\"stylesheet\" href=\"{{files}}/swagger-ui.css\">\n",
        "<script src=\"{{files}}/swagger-ui-bundle.js\" defer></script>\n",
        "<script src=\"{{files}}/docs.js\" type=\"module\"></script>"
    ),
    files: &[
        DocsFile::new("docs.js", include_str!("pages/docs.js")),
        DocsFile::gzip(
            "swagger-ui-bundle.js",
            include_bytes!("vendor/swagger-ui/swagger-ui-bundle.js.gz"),
        ),
        DocsFile::gzip(
            "swagger-ui.css",
            include_bytes!("vendor/swagger-ui/swagger-ui.css.gz"),
        ),
    ],
    // Images from `data:`, because the icons of Swagger UI's style sheet are some.
    policy: "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

impl Routes {
    /// Adds `/docs`, where Swagger UI shows the [document](Self::openapi) of all routes and calls them, and
    /// [`/openapi.json`](Self::openapi_json) (feature `docs-ui`).
    ///
    /// The page (`/docs`, and its files below `/docs/assets/{name}`) is open, because it holds no data. If
    /// [`Guard::bearer`](crate::routes::Guard::bearer) guards the document, the page asks for the token, and calls routes with it. The
    /// token stays in the page. [`protect`](Self::protect) guards the page as well, for guards that a browser can pass.
    ///
    /// Everything comes from the crate and works offline. The page's Content-Security-Policy allows its own files, its own
    /// origin, and images from `data:`.
    ///
    /// A page that is renamed to `/` finds its files only if the routes are not nested.
    ///
    /// ```
    /// use tower_vitals::{Prometheus, Routes, routes::Guard};
    ///
    /// let routes = Routes::new()
    ///     .metrics(Prometheus::builder().build()?)
    ///     .guard(Guard::bearer("s3cret"))
    ///     .docs_ui();
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn docs_ui(self) -> Self {
        self.docs_page(&PAGE, |mounted| PAGE.mount(mounted))
    }
}

impl Monitoring {
    /// Adds `/docs` and `/openapi.json`, as [`Routes::docs_ui`] does.
    pub fn docs_ui(self) -> Self {
        self.change(Routes::docs_ui)
    }
}
