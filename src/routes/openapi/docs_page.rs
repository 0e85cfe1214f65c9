//! [`DocsPage`]: a page that shows the API document.

use std::future::ready;
use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;

use super::docs_file::DocsFile;
use super::routes::{PATH as DOCUMENT, TAG};
use crate::routes::access::Access;
use crate::routes::answer::Answer;
use crate::routes::mounted::Mounted;
use crate::routes::operation::Operation;
use crate::routes::page::Page;
use crate::routes::parameter::Parameter;
use crate::routes::rejection::{Rejection, or_reject};
use crate::routes::relative::relative;
use crate::routes::request::RouteRequest;
use crate::routes::routes::Routes;

const HTML: &str = "text/html; charset=utf-8";

/// The files of all pages.
const SHARED: [DocsFile; 3] = [
    DocsFile::new("page.css", include_str!("pages/page.css")),
    DocsFile::new("document.js", include_str!("pages/document.js")),
    DocsFile::new("icon.svg", include_str!("pages/icon.svg")),
];

const CURRENT: Answer = Answer::empty(304, "The client has it already.");

const FILE: Operation = Operation {
    path: Some(Parameter {
        name: "name",
        description: "The name of a file.",
        schema: r#"{"type": "string", "minLength": 1}"#,
    }),
    ..Operation::new(
        TAG,
        "A file of a page",
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
            Answer::problem(404, "The page has no such file."),
        ],
    )
};

/// The documentation of a page.
pub(super) const fn page(summary: &'static str) -> Operation {
    const ANSWERS: [Answer; 2] = [Answer::new(200, "The page.", &[("text/html", "")]), CURRENT];
    Operation::new(TAG, summary, &ANSWERS)
}

/// What is special about a page.
pub(super) struct DocsPage {
    pub(super) title: &'static str,
    pub(super) path: &'static str,
    /// Ends in `/{name}`.
    pub(super) files_path: &'static str,
    pub(super) operation: Operation,
    /// The HTML that loads its files. `{{files}}` stands for their folder.
    pub(super) links: &'static str,
    pub(super) files: &'static [DocsFile],
    pub(super) policy: &'static str,
}

/// The pages of one router, because the paths of another one may differ.
#[derive(Clone, Default)]
struct Built(Vec<Arc<BuiltPage>>);

struct BuiltPage {
    path: &'static str,
    shell: Page,
    files: Vec<(&'static str, Page)>,
}

impl Routes {
    /// Adds a page, its files, and the document that it shows.
    pub(super) fn docs_page(self, page: &'static DocsPage, build: fn(&mut Mounted)) -> Self {
        let mut routes = self
            .openapi_json()
            .add(page.path, &page.operation, Access::Open, |request| {
                or_reject(ready(shell(page, &request)))
            })
            .add(page.files_path, &FILE, Access::Open, |request| {
                or_reject(file(page, request))
            });
        routes.at_build.push(build);
        routes
    }
}

impl DocsPage {
    pub(super) fn mount(&self, mounted: &mut Mounted) {
        let path = |default| mounted.path(default).unwrap_or(default);
        let page = path(self.path);
        let files = path(self.files_path);
        let files = relative(page, files.strip_suffix("/{name}").unwrap_or(files));
        // Paths hold no character that has a meaning in HTML.
        let shell = include_str!("pages/page.html")
            .replace("{{links}}", self.links)
            .replace("{{title}}", self.title)
            .replace("{{files}}", &files)
            .replace("{{openapi}}", &relative(page, path(DOCUMENT)));
        let all = self.files.iter().chain(&SHARED);
        let built = BuiltPage {
            path: self.path,
            shell: Page::new(shell.into(), HTML).policy(self.policy),
            files: all.map(|file| (file.name, file.page())).collect(),
        };
        let pages = mounted.sources.get_or_insert_default::<Built>();
        pages.0.push(Arc::new(built));
    }
}

fn shell(page: &DocsPage, request: &RouteRequest) -> Result<Response, Rejection> {
    let built = find(page, &request.mounted)?;
    Ok(built.shell.respond(&request.parts.headers))
}

async fn file(page: &DocsPage, mut request: RouteRequest) -> Result<Response, Rejection> {
    let name = request.name().await?;
    let built = find(page, &request.mounted)?;
    let known = built.files.iter().find(|(own, _)| *own == name);
    match known {
        Some((_, file)) => Ok(file.respond(&request.parts.headers)),
        None => Err(Rejection::new(
            StatusCode::NOT_FOUND,
            "The page has no such file.",
        )),
    }
}

/// Every router that is built has its pages.
fn find(page: &DocsPage, mounted: &Mounted) -> Result<Arc<BuiltPage>, Rejection> {
    let built = mounted
        .sources
        .get::<Built>()
        .map_or(&[][..], |built| &built.0);
    let built = built.iter().find(|built| built.path == page.path);
    built
        .cloned()
        .ok_or_else(|| Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "The page is not built."))
}
