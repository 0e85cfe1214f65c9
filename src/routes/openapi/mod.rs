//! API documents: `/openapi.json`, and the pages that show it.

mod components;
#[cfg(any(feature = "docs-ui", feature = "redoc"))]
mod docs_file;
#[cfg(any(feature = "docs-ui", feature = "redoc"))]
mod docs_page;
#[cfg(feature = "docs-ui")]
mod docs_ui;
mod document;
mod examples;
#[cfg(feature = "redoc")]
mod redoc;
mod routes;
mod security;
