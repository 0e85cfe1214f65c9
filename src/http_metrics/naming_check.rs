//! The checks of a `Naming`.

use super::naming::{Name, Named, Naming};
use crate::catalog::{self, check_label_name, check_name};

impl Naming {
    /// All mistakes in these names and in the names of `extra` labels beside them.
    pub(crate) fn problems<'a>(&'a self, extra: impl Iterator<Item = &'a Name>) -> Vec<String> {
        let families: Vec<_> = self.families().collect();
        let metrics: Vec<_> = families.iter().map(|named| &named.name).collect();
        let own: Vec<_> = [&self.endpoint, &self.status, &self.reason]
            .into_iter()
            .chain(&self.method)
            .chain(&self.service)
            .collect();
        let extra: Vec<_> = extra.collect();
        let labels: Vec<_> = own.iter().chain(&extra).copied().collect();
        let taken = extra.iter().filter(|name| own.contains(name)).map(|name| {
            format!("label name {name:?} is a label of the layer itself: choose another")
        });
        let metric_names = metrics.iter().map(|name| check_name("metric name", name));
        let label_names = labels.iter().map(|name| check_label_name(name));
        metric_names
            .chain(label_names)
            .filter_map(|checked| Some(checked.err()?.to_string()))
            .chain(repeated("metric", &metrics))
            .chain(repeated("label", &own))
            .chain(repeated("label", &extra))
            .chain(taken)
            .chain(clashes(&families))
            .collect()
    }
}

fn repeated(what: &str, names: &[&Name]) -> impl Iterator<Item = String> {
    names
        .iter()
        .enumerate()
        .filter(|(index, name)| names[..*index].contains(name))
        .map(move |(_, name)| {
            format!("{what} name {name:?} is used twice: each name must be unique")
        })
}

/// Two families must not share a name in the exposition, where a histogram also has its `_count`, and a name of the
/// catalogue must keep its kind.
fn clashes(families: &[&Named]) -> impl Iterator<Item = String> {
    families.iter().enumerate().filter_map(|(index, named)| {
        let (name, kind) = (&named.name, named.family.kind);
        let before = &families[..index];
        if before.iter().any(|other| other.name == *name) {
            return None;
        }
        let names = catalog::reserved_names(name, kind);
        let own = before.iter().find(|other| {
            let others = catalog::reserved_names(&other.name, other.family.kind);
            others.iter().any(|name| names.contains(name))
        });
        let own = own.map(|other| (other.family.kind, &*other.name));
        let mut catalogued = catalog::FAMILIES.iter();
        let catalogued = catalogued.find(|family| family.name == *name && family.kind != kind);
        let catalogued = catalogued.map(|family| (family.kind, family.name));
        let (other_kind, other) = own.or(catalogued)?;
        Some(format!(
            "{} {name:?} clashes with {} {other:?}: they would share a name in the exposition",
            kind.as_str(),
            other_kind.as_str()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(naming: &Naming) -> Vec<String> {
        naming.problems([].into_iter())
    }

    #[test]
    fn both_conventions_pass_their_own_check() {
        assert_eq!(problems(&Naming::prometheus()), [""; 0]);
        assert_eq!(problems(&Naming::open_telemetry()), [""; 0]);
    }

    #[test]
    fn all_wrong_names_are_reported_with_the_allowed_ones() {
        let labels = ["", "le", "__name__", "http-method", "größe"].map(Name::from);
        let naming = Naming::prometheus().duration("9lives");
        let problems = naming.problems(labels.iter());
        assert!(
            problems[0].contains("\"9lives\"")
                && problems[0].contains("letters, digits and underscores"),
            "{problems:?}"
        );
        assert_eq!(problems.len(), 6, "{problems:?}");
        for (label, problem) in labels.iter().zip(&problems[1..]) {
            assert!(problem.contains(&format!("{label:?}")), "{problem}");
        }
    }

    #[test]
    fn an_extra_label_has_a_name_of_its_own() {
        let labels = ["status", "tier", "tier"].map(Name::from);
        assert_eq!(
            Naming::prometheus().problems(labels.iter()),
            [
                "label name \"tier\" is used twice: each name must be unique",
                "label name \"status\" is a label of the layer itself: choose another"
            ]
        );
    }

    #[test]
    fn each_clash_is_refused_once() {
        let count = "http_server_request_duration_seconds_count";
        for (naming, words) in [
            (
                Naming::open_telemetry().requests(count),
                "clashes with counter \"http_server_request_duration_seconds_count\"",
            ),
            (
                Naming::prometheus().duration("db_connections_active"),
                "clashes with gauge \"db_connections_active\"",
            ),
            (
                Naming::prometheus().duration("http_requests_total"),
                "\"http_requests_total\" is used twice",
            ),
            (
                Naming::prometheus().method_label("endpoint"),
                "\"endpoint\" is used twice",
            ),
        ] {
            let problems = problems(&naming);
            assert!(
                problems.len() == 1 && problems[0].contains(words),
                "{problems:?}"
            );
        }
    }
}
