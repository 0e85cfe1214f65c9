//! Names of all characters, beside the names that every scraper can take.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::allowlist::Allowlist;
use super::family_info::FamilyInfo;
use super::rejection::clash;
use super::store::Store;
use super::stored_family::{StoredFamily, Warned};
use crate::catalog::Kind;
use crate::exporter::escaping::Escaping;

/// A service that makes label names of user input must not fill the memory.
const MAX_LABEL_NAMES: usize = 1_000;

impl Store {
    /// Makes a family that is left out for scrapers which would have to take it for another one.
    pub(super) fn new_utf8_family(
        &self,
        mut info: FamilyInfo,
        allowlist: Allowlist,
    ) -> Arc<StoredFamily> {
        let mut plain_names = self.plain_names.lock();
        let plain_name = info.plain_name().to_owned();
        info.shadowed_by = shadow(&plain_names, &plain_name, info.kind());
        let family = Arc::new(StoredFamily::new(info, allowlist));
        if family.info.shadowed_by.is_none() {
            plain_names.insert(plain_name.into(), Arc::clone(&family));
        }
        for (label, _) in &self.config.global_labels {
            family.label_name(label);
        }
        family
    }
}

/// Returns the family that has this name, or samples of the same name.
fn shadow(
    families: &BTreeMap<Box<str>, Arc<StoredFamily>>,
    name: &str,
    kind: Kind,
) -> Option<Box<str>> {
    let same = families.get(name).map(|_| name.to_owned());
    let other = same.or_else(|| clash(families, name, kind))?;
    // By its own name, not by that which both have.
    let name = families.get(&*other).map(|family| family.info.name());
    name.map(Into::into)
}

impl StoredFamily {
    /// Logs once that not every scraper gets the family. No lock may be held, because a log can be counted.
    pub(super) fn warn_of_shadow(&self) {
        if let Some(other) = &self.info.shadowed_by
            && Warned::is_first(&self.warned.shadowed)
        {
            tracing::warn!(
                metric = self.info.name(),
                other = &**other,
                "scrapers that cannot take the metric's name do not get it, because its name or that of its samples would be \
                 that of `other`"
            );
        }
    }

    /// Gives each label the name that it has in the family.
    pub(super) fn unite_labels(&self, labels: &mut [(Cow<'_, str>, Cow<'_, str>)]) {
        for (label, _) in labels {
            let name = self.label_name(label).into_owned();
            if name == *label {
                continue;
            }
            if Warned::is_first(&self.warned.united) {
                tracing::warn!(
                    metric = self.info.name(),
                    label = &**label,
                    name,
                    "two label names differ only in characters that not every scraper can take: they are one label, `name`"
                );
            }
            *label = name.into();
        }
    }

    /// Returns the name that this label has in the family. Labels whose names differ only in characters that not every scraper
    /// takes are one, because two series that differ in nothing else would be one for such a scraper.
    pub(super) fn label_name<'a>(&self, name: &'a str) -> Cow<'a, str> {
        let plain = Escaping::Underscores.label_name(name);
        let mut names = self.label_names.lock();
        let mut known = names.iter();
        if let Some(known) = known.find(|known| Escaping::Underscores.label_name(known) == plain) {
            return if **known == *name {
                name.into()
            } else {
                known.to_string().into()
            };
        }
        if names.len() >= MAX_LABEL_NAMES {
            // Unknown, so no other name of the family becomes this one.
            return plain;
        }
        names.push(name.into());
        name.into()
    }
}
