//! The document of the routes that are mounted.

use serde_json::{Value, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{
    Operation as BuiltOperation, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, Paths,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Required, Response,
};

use super::components::{Components, keywords};
use super::examples;
use super::security::Security;
use crate::health::{Health, Status};
use crate::routes::access::{Access, Details};
use crate::routes::answer::Answer;
use crate::routes::method::Method;
use crate::routes::mounted::Mounted;
use crate::routes::mounted_route::MountedRoute;
use crate::routes::operation::Operation;
use crate::routes::parameter::Parameter;
use crate::routes::route::PARAMETER;

const UNAUTHORIZED: Answer = Answer::problem(
    401,
    "The guard needs a credential, or refuses the one that was sent.",
);
const FORBIDDEN: Answer =
    Answer::problem(403, "The service refuses the request. `detail` says why.");

/// Returns the document of these routes.
pub(super) fn document(mounted: &Mounted) -> OpenApi {
    let degraded = |health: &Health| health.status_code(Status::Degraded).as_u16();
    let mut document = Document {
        components: Components::default(),
        security: Security::new(&mounted.guard),
        details: mounted.details,
        degraded: mounted.health.as_ref().map_or(200, degraded),
    };
    let mut paths = Paths::new();
    for route in &mounted.routes {
        let (path, item) = document.item(route);
        paths.paths.insert(path, item);
    }
    let components = ComponentsBuilder::new().schemas_from_iter(document.components.into_schemas());
    let components = document
        .security
        .schemes()
        .fold(components, |components, (name, scheme)| {
            components.security_scheme(name, scheme)
        });
    let info = InfoBuilder::new()
        .title("Monitoring")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "The routes of [tower-vitals](https://docs.rs/tower-vitals) in this service. Each GET route responds to HEAD, too. \
             Errors are problems (RFC 9457).",
        ));
    OpenApiBuilder::new()
        .info(info.build())
        .paths(paths)
        .components(Some(components.build()))
        .build()
}

struct Document {
    components: Components,
    security: Security,
    details: Details,
    /// The status code of degraded health.
    degraded: u16,
}

impl Document {
    fn item(&mut self, route: &MountedRoute) -> (String, PathItem) {
        let operation = route.operation;
        let path = match &operation.path {
            Some(parameter) => {
                let name = format!("/{{{}}}", parameter.name);
                route.path.replacen(PARAMETER, &name, 1)
            }
            None => route.path.clone(),
        };
        let mut item = PathItem::default();
        match route.method {
            Method::Get => item.get = Some(self.operation(route, operation, "get")),
            Method::Post => item.post = Some(self.operation(route, operation, "post")),
            Method::GetAndPut => {
                item.get = Some(self.operation(route, operation, "get"));
                item.put = operation
                    .put
                    .map(|operation| self.operation(route, operation, "put"));
            }
        }
        (path, item)
    }

    fn operation(
        &mut self,
        route: &MountedRoute,
        operation: &Operation,
        verb: &str,
    ) -> BuiltOperation {
        let id = operation_id(verb, route.default_path);
        let mut built = OperationBuilder::new()
            .tag(operation.tag)
            .summary(Some(operation.summary))
            .operation_id(Some(&id));
        if !operation.description.is_empty() {
            built = built.description(Some(operation.description));
        }
        if let Some(path) = &operation.path {
            built = built.parameter(parameter(path, ParameterIn::Path));
        }
        for query in operation.query {
            built = built.parameter(parameter(query, ParameterIn::Query));
        }
        if let Some(body) = operation.body {
            let content = ContentBuilder::new().schema(Some(self.components.reference(body)));
            let body = RequestBodyBuilder::new()
                .content("application/json", content.build())
                .required(Some(Required::True));
            built = built.request_body(Some(body.build()));
        }
        for answer in operation.answers {
            built = built.response(answer.status.to_string(), self.response(answer, &id));
        }
        if let Some(answer) = self.degraded(operation.answers) {
            built = built.response(answer.status.to_string(), self.response(&answer, &id));
        }
        self.guarded(built, route, verb).build()
    }

    /// The answer of degraded health. Only reports of health have 503 as more than a problem.
    fn degraded(&self, answers: &[Answer]) -> Option<Answer> {
        answers
            .iter()
            .find(|answer| answer.status == 503 && !answer.is_problem())
            .filter(|_| self.degraded != 200)
            .map(|report| Answer::new(self.degraded, "The service is degraded.", report.contents))
    }

    /// Adds what the guard asks for, and how it refuses.
    fn guarded(
        &mut self,
        mut built: OperationBuilder,
        route: &MountedRoute,
        verb: &str,
    ) -> OperationBuilder {
        let is_guarded = route.access.is_guarded(self.details);
        let is_hidden = route.access == Access::Details && self.details == Details::Never;
        // A page of another origin may change nothing.
        let forbids = is_guarded && self.security.forbids || is_hidden || verb != "get";
        let mut requirements = Vec::new();
        if is_guarded && self.security.challenges() {
            requirements = self.security.requirements();
            let mut response = self.response(&UNAUTHORIZED, "");
            let challenge = HeaderBuilder::new()
                .schema(Some(keywords(json!({ "type": "string" }))))
                .description(Some("The schemes that the guard takes."));
            let headers = &mut response.headers;
            headers.insert("WWW-Authenticate".to_owned(), challenge.build().into());
            built = built.response("401", response);
        }
        // An operation with an answer of its own says there when it is refused.
        let has_own = route
            .operation
            .answers
            .iter()
            .any(|answer| answer.status == 403);
        if forbids && !has_own {
            built = built.response("403", self.response(&FORBIDDEN, ""));
        }
        built.securities(Some(requirements))
    }

    fn response(&mut self, answer: &Answer, operation_id: &str) -> Response {
        let mut response = ResponseBuilder::new().description(answer.description);
        for (media_type, schema) in answer.contents {
            let name = if schema.is_empty() { "text" } else { schema };
            let content = ContentBuilder::new()
                .schema(Some(self.components.reference(name)))
                .example(examples::find(operation_id, answer.status, media_type));
            response = response.content(*media_type, content.build());
        }
        response.build()
    }
}

fn parameter(parameter: &Parameter, place: ParameterIn) -> utoipa::openapi::path::Parameter {
    let required = match place {
        ParameterIn::Path => Required::True,
        _ => Required::False,
    };
    // A test reads all schemas.
    let schema: Value = serde_json::from_str(parameter.schema).unwrap_or_default();
    ParameterBuilder::new()
        .name(parameter.name)
        .parameter_in(place)
        .required(required)
        .description(Some(parameter.description))
        .schema(Some(keywords(schema)))
        .build()
}

/// `get` and `/jobs/stats/{name}` are `monitoring_get_jobs_stats_name`.
fn operation_id(verb: &str, default_path: &str) -> String {
    let words = default_path.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    ["monitoring", verb]
        .into_iter()
        .chain(words)
        .collect::<Vec<_>>()
        .join("_")
}
