//! The location of the process' cgroups, from `/proc/self/cgroup` and `/proc/self/mountinfo` (`man 5 proc`).

use std::path::{Component, Path, PathBuf};

use super::files;

/// The content of the two files.
pub(super) struct Mounts {
    root: PathBuf,
    cgroup: String,
    mountinfo: String,
}

/// A hierarchy: its mount point, and the path of the process' own cgroup below it.
#[derive(Debug, PartialEq)]
pub(super) struct Hierarchy {
    mount_point: PathBuf,
    own: PathBuf,
}

/// The relevant fields of a line of mountinfo.
struct Mount<'a> {
    /// The mounted directory of the file system, often the container's own cgroup.
    root: String,
    point: String,
    kind: &'a str,
    /// Contain the controllers.
    options: &'a str,
}

impl Mounts {
    pub(super) fn read(root: &Path) -> Option<Self> {
        let read = |name| files::text(&root.join("proc/self").join(name));
        Some(Self {
            root: root.to_owned(),
            cgroup: read("cgroup")?,
            mountinfo: read("mountinfo")?,
        })
    }

    /// The version 1 hierarchy with this controller.
    pub(super) fn v1(&self, controller: &str) -> Option<Hierarchy> {
        let named = |names: &str| names.split(',').any(|name| name == controller);
        let own = self.own(named)?;
        self.mounted(own, |mount| mount.kind == "cgroup" && named(mount.options))
    }

    /// The version 2 hierarchy. Its line names no controllers.
    pub(super) fn v2(&self) -> Option<Hierarchy> {
        let own = self.own(str::is_empty)?;
        self.mounted(own, |mount| mount.kind == "cgroup2")
    }

    /// The path in the line `id:controllers:path` with these controllers.
    fn own(&self, controllers: impl Fn(&str) -> bool) -> Option<&Path> {
        self.cgroup.lines().find_map(|line| {
            let (_id, line) = line.split_once(':')?;
            let (names, path) = line.split_once(':')?;
            controllers(names).then_some(Path::new(path))
        })
    }

    /// The last mount that contains the own cgroup, because a later mount hides an earlier one at the same place. Without such
    /// a mount, the mount point of the last one is the nearest directory.
    fn mounted(&self, own: &Path, wanted: impl Fn(&Mount) -> bool) -> Option<Hierarchy> {
        let mut fallback = None;
        for mount in self.mountinfo.lines().rev().filter_map(Mount::parse) {
            if !wanted(&mount) {
                continue;
            }
            let mount_point = self.root.join(mount.point.trim_start_matches('/'));
            if let Some(own) = below(own, &mount.root) {
                return Some(Hierarchy { mount_point, own });
            }
            fallback.get_or_insert(Hierarchy {
                mount_point,
                own: PathBuf::new(),
            });
        }
        fallback
    }
}

impl Hierarchy {
    /// The own cgroup and its ancestors, up to the mount point.
    pub(super) fn levels(&self) -> impl Iterator<Item = &Path> {
        self.own.ancestors()
    }

    /// The directory of a level of this or another hierarchy.
    pub(super) fn directory(&self, level: &Path) -> PathBuf {
        self.mount_point.join(level)
    }
}

impl<'a> Mount<'a> {
    /// Parses `36 35 0:31 /root /mount/point rw,relatime shared:1 - cgroup cgroup rw,memory`, with any number of optional
    /// fields before the dash.
    fn parse(line: &'a str) -> Option<Self> {
        let (mount, file_system) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let mut file_system = file_system.split(' ');
        Some(Self {
            root: decoded(mount.next()?),
            point: decoded(mount.next()?),
            kind: file_system.next()?,
            options: file_system.nth(1)?,
        })
    }
}

/// The path relative to the mount's root, or `None` for a path outside it. The kernel writes paths outside a namespace with
/// `..`, which must not be followed.
fn below(path: &Path, root: &str) -> Option<PathBuf> {
    let path = path.strip_prefix(root).ok()?;
    path.components()
        .all(|part| matches!(part, Component::Normal(_)))
        .then(|| path.to_owned())
}

/// Decodes a field of mountinfo, where space, tab, line feed and backslash are octal escapes such as `\040`.
fn decoded(field: &str) -> String {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let (byte, after) = match octal(after) {
            Some(escaped) if first == b'\\' => escaped,
            _ => (first, after),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Parses three octal digits into a byte. Returns it with the remaining text.
fn octal(text: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, rest) = text.split_first_chunk::<3>()?;
    let byte = digits.iter().try_fold(0_u8, |byte, digit| match digit {
        b'0'..=b'7' => byte.checked_mul(8)?.checked_add(digit - b'0'),
        _ => None,
    })?;
    Some((byte, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mounts(cgroup: &str, mountinfo: &str) -> Mounts {
        Mounts {
            root: "/".into(),
            cgroup: cgroup.into(),
            mountinfo: mountinfo.into(),
        }
    }

    fn v2_of(cgroup: &str, mountinfo: &str) -> Option<Hierarchy> {
        mounts(cgroup, mountinfo).v2()
    }

    fn hierarchy(mount_point: &str, own: &str) -> Hierarchy {
        Hierarchy {
            mount_point: mount_point.into(),
            own: own.into(),
        }
    }

    const UNIFIED: &str = "30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw";

    #[test]
    fn paths_are_relative_to_the_root_of_the_mount() {
        let bound = "41 38 0:38 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw";
        for (path, own) in [
            ("/docker/abc", ""),
            ("/docker/abc/worker", "worker"),
            // Outside: a longer name with the same prefix, another name, and the root.
            ("/docker/abcdef", ""),
            ("/system.slice", ""),
            ("/", ""),
        ] {
            let found = v2_of(&format!("0::{path}"), bound);
            assert_eq!(found, Some(hierarchy("/sys/fs/cgroup", own)), "{path}");
        }
    }

    #[test]
    fn no_path_escapes_the_mount() {
        for path in ["/..", "/../..", "/../neighbour", "/own/../../..", ""] {
            let found = v2_of(&format!("0::{path}"), UNIFIED);
            assert_eq!(found, Some(hierarchy("/sys/fs/cgroup", "")), "{path}");
        }
    }

    #[test]
    fn the_last_mount_that_contains_the_cgroup_is_used() {
        let other = "50 23 0:26 /other /other rw - cgroup2 cgroup2 rw";
        let later = "51 23 0:26 / /later rw - cgroup2 cgroup2 rw";
        let found = v2_of("0::/own", &format!("{UNIFIED}\n{other}"));
        assert_eq!(found, Some(hierarchy("/sys/fs/cgroup", "own")));
        let found = v2_of("0::/own", &format!("{UNIFIED}\n{later}\n{other}"));
        assert_eq!(found, Some(hierarchy("/later", "own")));
    }

    #[test]
    fn escapes_are_decoded() {
        let escaped = r"30 23 0:26 /a\134x2db /mnt/c\040group rw - cgroup2 none rw";
        let found = v2_of(r"0::/a\x2db/own", escaped);
        assert_eq!(found, Some(hierarchy("/mnt/c group", "own")));
        assert_eq!(decoded(r"\04"), r"\04");
        assert_eq!(decoded(r"\777 \09x \"), r"\777 \09x \");
        assert_eq!(decoded(r"\303\244"), "ä");
    }

    #[test]
    fn controllers_match_by_their_whole_name() {
        let cgroup = "3:cpuset:/set\n2:cpuacct,cpu:/both\n1:name=memory:/named";
        let mountinfo = "33 32 0:30 / /set rw - cgroup cgroup rw,cpuset\n\
            34 32 0:31 / /both rw - cgroup cgroup rw,cpu,cpuacct\n\
            35 32 0:32 / /named rw - cgroup cgroup rw,name=memory";
        let mounts = mounts(cgroup, mountinfo);
        let both = hierarchy("/both", "both");
        assert_eq!(mounts.v1("cpu").as_ref(), Some(&both));
        assert_eq!(mounts.v1("cpuacct").as_ref(), Some(&both));
        assert_eq!(mounts.v1("memory"), None);
        assert_eq!(mounts.v2(), None);
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics_and_stays_below_the_mount(cgroup in "(0:|1:memory)?:(/|\\.|a|\n|\\PC)*", field in "(\\\\|[0-9]|/|\\PC)*") {
            let mountinfo = format!("1 1 0:1 /{field} {field} rw - cgroup2 c rw\n1 1 0:1 / /{field} - cgroup {field} rw,memory");
            let mounts = mounts(&cgroup, &mountinfo);
            for found in [mounts.v1("memory"), mounts.v2()].into_iter().flatten() {
                prop_assert!(found.levels().all(|level| found.directory(level).starts_with(&found.mount_point)));
            }
        }
    }
}
