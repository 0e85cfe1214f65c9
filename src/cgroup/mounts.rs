//! Where the cgroups of this process lie, from `/proc/self/cgroup` and `/proc/self/mountinfo` (`man 5 proc`).

use std::path::{Component, Path, PathBuf};

use super::files;

/// The two files, read once.
pub(super) struct Mounts {
    root: PathBuf,
    cgroup: String,
    mountinfo: String,
}

/// One hierarchy as it is seen from here: where it is mounted, and the process' own cgroup below that.
#[derive(Debug, PartialEq)]
pub(super) struct Hierarchy {
    mount_point: PathBuf,
    own: PathBuf,
}

/// A line of mountinfo, as far as it matters.
struct Mount<'a> {
    /// Which directory of the file system is mounted: the container's own cgroup, often.
    root: String,
    point: String,
    kind: &'a str,
    /// The controllers are among them.
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

    /// The hierarchy of version 1 that has this controller, alone or with others.
    pub(super) fn v1(&self, controller: &str) -> Option<Hierarchy> {
        let named = |names: &str| names.split(',').any(|name| name == controller);
        let own = self.own(named)?;
        self.mounted(own, |mount| mount.kind == "cgroup" && named(mount.options))
    }

    /// The one hierarchy of version 2: its line names no controllers.
    pub(super) fn v2(&self) -> Option<Hierarchy> {
        let own = self.own(str::is_empty)?;
        self.mounted(own, |mount| mount.kind == "cgroup2")
    }

    /// The path in the line `id:controllers:path` of these controllers.
    fn own(&self, controllers: impl Fn(&str) -> bool) -> Option<&Path> {
        self.cgroup.lines().find_map(|line| {
            let (_id, line) = line.split_once(':')?;
            let (names, path) = line.split_once(':')?;
            controllers(names).then_some(Path::new(path))
        })
    }

    /// From the last such mount on, for it hides an earlier one at the same place: one that holds the own cgroup, else
    /// any one, whose mount point then is the nearest there is.
    fn mounted(&self, own: &Path, wanted: impl Fn(&Mount) -> bool) -> Option<Hierarchy> {
        let mut nearest = None;
        for mount in self.mountinfo.lines().rev().filter_map(Mount::parse) {
            if !wanted(&mount) {
                continue;
            }
            let mount_point = self.root.join(mount.point.trim_start_matches('/'));
            if let Some(own) = below(own, &mount.root) {
                return Some(Hierarchy { mount_point, own });
            }
            nearest.get_or_insert(Hierarchy {
                mount_point,
                own: PathBuf::new(),
            });
        }
        nearest
    }
}

impl Hierarchy {
    /// The own cgroup and those around it, up to the mount point.
    pub(super) fn levels(&self) -> impl Iterator<Item = &Path> {
        self.own.ancestors()
    }

    /// The directory of a level, of this hierarchy or of another.
    pub(super) fn directory(&self, level: &Path) -> PathBuf {
        self.mount_point.join(level)
    }
}

impl<'a> Mount<'a> {
    /// `36 35 0:31 /root /mount/point rw,relatime shared:1 - cgroup cgroup rw,memory`, with any number of optional
    /// fields before the dash.
    fn parse(line: &'a str) -> Option<Self> {
        let (place, system) = line.split_once(" - ")?;
        let mut place = place.split(' ').skip(3);
        let mut system = system.split(' ');
        Some(Self {
            root: decoded(place.next()?),
            point: decoded(place.next()?),
            kind: system.next()?,
            options: system.nth(1)?,
        })
    }
}

/// The path less the mount's root; None for one outside it. Where a namespace hides what is above, the kernel writes
/// such a path with `..`, and following that would leave the hierarchy.
fn below(path: &Path, root: &str) -> Option<PathBuf> {
    let path = path.strip_prefix(root).ok()?;
    path.components()
        .all(|part| matches!(part, Component::Normal(_)))
        .then(|| path.to_owned())
}

/// A field of mountinfo: space, tab, line feed and backslash are written in octal, as `\040`.
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

/// The byte that three octal digits stand for, and what follows them.
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
    fn the_mounts_root_is_taken_off_the_path() {
        let bound = "41 38 0:38 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw";
        for (path, own) in [
            ("/docker/abc", ""),
            ("/docker/abc/worker", "worker"),
            // Outside: a name that only begins alike, another one, and the root.
            ("/docker/abcdef", ""),
            ("/system.slice", ""),
            ("/", ""),
        ] {
            let found = v2_of(&format!("0::{path}"), bound);
            assert_eq!(found, Some(hierarchy("/sys/fs/cgroup", own)), "{path}");
        }
    }

    #[test]
    fn no_path_leads_out_of_the_mount() {
        for path in ["/..", "/../..", "/../neighbour", "/own/../../..", ""] {
            let found = v2_of(&format!("0::{path}"), UNIFIED);
            assert_eq!(found, Some(hierarchy("/sys/fs/cgroup", "")), "{path}");
        }
    }

    #[test]
    fn a_mount_that_holds_the_cgroup_goes_first_and_of_these_the_last() {
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
    fn controllers_are_whole_names() {
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
        fn any_text_is_read(cgroup in "(0:|1:memory)?:(/|\\.|a|\n|\\PC)*", field in "(\\\\|[0-9]|/|\\PC)*") {
            let mountinfo = format!("1 1 0:1 /{field} {field} rw - cgroup2 c rw\n1 1 0:1 / /{field} - cgroup {field} rw,memory");
            let mounts = mounts(&cgroup, &mountinfo);
            for found in [mounts.v1("memory"), mounts.v2()].into_iter().flatten() {
                prop_assert!(found.levels().all(|level| found.directory(level).starts_with(&found.mount_point)));
            }
        }
    }
}
