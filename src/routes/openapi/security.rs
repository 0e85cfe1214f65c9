//! [`Security`]: what an API document says of the guard.

use std::collections::BTreeSet;

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};

use crate::routes::guard::{Guard, Kind};

/// The names of schemes begin as those of schemas do.
const BEARER: &str = "monitoring.bearer";
const BASIC: &str = "monitoring.basic";

/// The schemes of one way to pass a guard. Without any, no credential is needed.
type Schemes = BTreeSet<&'static str>;

/// What a guard asks for.
pub(super) struct Security {
    /// The ways to pass.
    ways: Vec<Schemes>,
    /// Whether the guard refuses some requests for reasons other than a credential.
    pub(super) forbids: bool,
}

impl Security {
    pub(super) fn new(guard: &Guard) -> Self {
        Self {
            ways: ways(guard),
            forbids: forbids(guard),
        }
    }

    /// Empty if no credential helps.
    pub(super) fn requirements(&self) -> Vec<SecurityRequirement> {
        if !self.challenges() {
            return Vec::new();
        }
        let ways = self.ways.iter().map(|schemes| {
            let none = SecurityRequirement::default();
            schemes.iter().fold(none, |all, scheme| {
                all.add::<_, [&str; 0], &str>(*scheme, [])
            })
        });
        ways.collect()
    }

    /// Whether a request without a credential gets 401.
    pub(super) fn challenges(&self) -> bool {
        self.ways.iter().any(|schemes| !schemes.is_empty())
    }

    pub(super) fn schemes(&self) -> impl Iterator<Item = (&'static str, SecurityScheme)> {
        let names: Schemes = self.ways.iter().flatten().copied().collect();
        names.into_iter().map(|name| {
            let (scheme, description) = if name == BEARER {
                (HttpAuthScheme::Bearer, "The token of the service's guard.")
            } else {
                (
                    HttpAuthScheme::Basic,
                    "The user and the password of the service's guard.",
                )
            };
            let http = HttpBuilder::new()
                .scheme(scheme)
                .description(Some(description));
            (name, SecurityScheme::Http(http.build()))
        })
    }
}

fn ways(guard: &Guard) -> Vec<Schemes> {
    match &guard.kind {
        Kind::Bearer(_) => vec![Schemes::from([BEARER])],
        Kind::Basic(_) => vec![Schemes::from([BASIC])],
        Kind::Closed | Kind::Open | Kind::Ip(_) | Kind::With(_) => vec![Schemes::new()],
        Kind::Any(guards) => {
            let mut all: Vec<Schemes> = Vec::new();
            for way in guards.iter().flat_map(ways) {
                if !all.contains(&way) {
                    all.push(way);
                }
            }
            all
        }
        Kind::All(guards) => guards.iter().fold(vec![Schemes::new()], |all, guard| {
            let ways = ways(guard);
            let joined =
                |one: &Schemes| -> Vec<Schemes> { ways.iter().map(|way| one | way).collect() };
            all.iter().flat_map(joined).collect()
        }),
    }
}

fn forbids(guard: &Guard) -> bool {
    guard.hosts.is_some()
        || match &guard.kind {
            Kind::Bearer(secret) => secret.is_empty(),
            Kind::Basic(basic) => basic.credentials.is_none(),
            Kind::Closed | Kind::Ip(_) | Kind::With(_) => true,
            Kind::Open => false,
            // Without a challenge, the status is 403.
            Kind::Any(guards) => guards.iter().all(forbids),
            Kind::All(guards) => guards.iter().any(forbids),
        }
}
