//! API documents: `/openapi.json`, and the pages that show it.

mod components;
mod document;
mod examples;
mod routes;
mod security;
