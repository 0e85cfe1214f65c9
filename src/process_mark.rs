//! A mark of a process, by which others on its machine see that it has ended.

use std::fs;
use std::io::ErrorKind;
use std::process;

/// The boot and the namespace that a process number belongs to, the number, and the time of the start, because numbers are used
/// again.
#[derive(Debug, PartialEq)]
struct Mark {
    boot: String,
    namespace: String,
    pid: u32,
    start: u64,
}

/// The mark of this process. `None` where `/proc` of Linux is not there.
pub(crate) fn own() -> Option<String> {
    let mark = Mark::own()?;
    Some(format!(
        "{},{},{},{}",
        mark.boot, mark.namespace, mark.pid, mark.start
    ))
}

/// Whether the process of this mark has certainly ended. Nobody knows that of a process on another machine.
pub(crate) fn has_ended(mark: &str) -> bool {
    let (Some(own), Some(other)) = (Mark::own(), Mark::parse(mark)) else {
        return false;
    };
    if (&own.boot, &own.namespace) != (&other.boot, &other.namespace) {
        return false;
    }
    match start_of(other.pid) {
        Ok(start) => start.is_some_and(|start| start != other.start),
        // Some mounts of `/proc` hide the processes of other users.
        Err(error) => error == ErrorKind::NotFound && start_of(1).is_ok(),
    }
}

impl Mark {
    fn own() -> Option<Self> {
        let pid = process::id();
        // Another mount of `/proc` has other numbers.
        let in_proc = fs::read_link("/proc/self").ok()?;
        (in_proc.to_str()?.parse() == Ok(pid)).then_some(())?;
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
        Some(Self {
            boot: boot.trim().to_owned(),
            namespace: namespace.to_str()?.to_owned(),
            pid,
            start: start_of(pid).ok()??,
        })
    }

    fn parse(mark: &str) -> Option<Self> {
        let mut parts = mark.split(',');
        let mark = Self {
            boot: parts.next()?.to_owned(),
            namespace: parts.next()?.to_owned(),
            pid: parts.next()?.parse().ok()?,
            start: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(mark)
    }
}

/// The start of a process, in ticks since the boot.
fn start_of(pid: u32) -> Result<Option<u64>, ErrorKind> {
    let fields = fs::read_to_string(format!("/proc/{pid}/stat")).map_err(|error| error.kind())?;
    // The name of the program, in parentheses, may have spaces.
    let after_name = fields.rsplit_once(')').map(|(_, rest)| rest);
    let start = after_name.and_then(|rest| rest.split_whitespace().nth(19));
    Ok(start.and_then(|start| start.parse().ok()))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_ended_when_its_number_is_free_or_another_ones() {
        let mark = own().unwrap();
        assert_eq!(Mark::parse(&mark), Mark::own());
        assert!(!has_ended(&mark));
        let changed = |change: fn(&mut Mark)| {
            let mut mark = Mark::own().unwrap();
            change(&mut mark);
            let Mark {
                boot,
                namespace,
                pid,
                start,
            } = mark;
            has_ended(&format!("{boot},{namespace},{pid},{start}"))
        };
        assert!(changed(|mark| mark.start += 1));
        // Above the highest number that Linux gives.
        assert!(changed(|mark| mark.pid = 1 << 23));
        assert!(!changed(|mark| {
            mark.pid = 1 << 23;
            mark.boot.clear();
        }));
        assert!(!changed(|mark| {
            mark.pid = 1 << 23;
            mark.namespace.clear();
        }));
        assert!(!has_ended(""));
        assert!(!has_ended("shop-1"));
    }
}
