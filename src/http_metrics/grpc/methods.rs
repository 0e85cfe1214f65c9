//! `Methods`: the methods that are known to exist.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::decide::Evidence;
use crate::http_metrics::outcome::Side;

/// The paths of methods, learned from answers. A server cannot tell which of its paths exist, and its clients choose them.
///
/// An authentication in front of the service rejects all paths, also those that do not exist. So methods that have only
/// failed so far are few: a client that invents paths cannot take the room of those that exist.
pub(crate) struct Methods {
    max: usize,
    /// The number of methods that may have only failed.
    max_unproven: usize,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    methods: HashMap<Arc<str>, bool>,
    unproven: usize,
}

/// The state of a path.
#[derive(Debug, PartialEq)]
pub(crate) enum Lookup {
    /// A call to it has succeeded.
    Proven(Arc<str>),
    /// Calls to it have only failed.
    Unproven(Arc<str>),
    Unknown,
}

impl Methods {
    /// A client's paths come from its own code.
    pub(crate) fn new(max: usize, side: Side) -> Self {
        Self {
            max,
            max_unproven: match side {
                Side::Server => max.div_ceil(10),
                Side::Client => max,
            },
            known: RwLock::default(),
        }
    }

    pub(crate) fn find(&self, path: &str) -> Lookup {
        match self.known.read().methods.get_key_value(path) {
            Some((name, true)) => Lookup::Proven(Arc::clone(name)),
            Some((name, false)) => Lookup::Unproven(Arc::clone(name)),
            None => Lookup::Unknown,
        }
    }

    /// Learns from the answer to a path. Returns whether the path may name an endpoint.
    pub(crate) fn learn(&self, path: &str, evidence: Evidence) -> bool {
        let is_proven = evidence == Evidence::Exists;
        let mut known = self.known.write();
        let Known { methods, unproven } = &mut *known;
        if let Some(was_proven) = methods.get_mut(path) {
            if is_proven && !*was_proven {
                *was_proven = true;
                *unproven -= 1;
            }
            return true;
        }
        match evidence {
            Evidence::Absent => return false,
            Evidence::Failed if *unproven >= self.max_unproven => return false,
            // The endpoint of further methods is `other`.
            _ if methods.len() >= self.max => return true,
            Evidence::Failed => *unproven += 1,
            Evidence::Exists => {}
        }
        methods.insert(path.into(), is_proven);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invented_paths_take_a_tenth_of_the_room() {
        let methods = Methods::new(20, Side::Server);
        for path in 0..100 {
            assert!(!methods.learn(&format!("/a/{path}"), Evidence::Absent));
        }
        for path in 0..100 {
            let is_learned = methods.learn(&format!("/a/{path}"), Evidence::Failed);
            assert_eq!(is_learned, path < 2);
        }
        for path in 0..18 {
            assert!(methods.learn(&format!("/b/{path}"), Evidence::Exists));
            let name = format!("/b/{path}").into();
            assert_eq!(methods.find(&format!("/b/{path}")), Lookup::Proven(name));
        }
        assert!(methods.learn("/c/1", Evidence::Exists));
        assert_eq!(methods.find("/c/1"), Lookup::Unknown);
    }

    #[test]
    fn a_method_that_succeeds_makes_room_for_another_that_fails() {
        let methods = Methods::new(1, Side::Server);
        assert!(methods.learn("/a/b", Evidence::Failed));
        assert_eq!(methods.find("/a/b"), Lookup::Unproven("/a/b".into()));
        let methods = Methods::new(10, Side::Server);
        assert!(methods.learn("/a/b", Evidence::Failed));
        assert!(!methods.learn("/a/c", Evidence::Failed));
        assert!(methods.learn("/a/b", Evidence::Exists));
        assert_eq!(methods.find("/a/b"), Lookup::Proven("/a/b".into()));
        assert!(methods.learn("/a/c", Evidence::Failed));
        // An answer of UNIMPLEMENTED takes nothing back.
        assert!(methods.learn("/a/b", Evidence::Absent));
    }

    #[test]
    fn all_methods_of_a_client_may_fail() {
        let methods = Methods::new(20, Side::Client);
        let mut paths = (0..20).map(|path| format!("/a/{path}"));
        assert!(paths.all(|path| methods.learn(&path, Evidence::Failed)));
    }
}
