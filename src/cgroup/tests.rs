//! On trees of small files below `tests/cgroups`, laid out as machines of each kind show themselves. The figures are
//! made up.

use std::path::Path;
use std::time::Duration;

use super::{Cgroup, Cpu, Memory};

const MIB: u64 = 1 << 20;

fn tree(name: &str) -> Cgroup {
    Cgroup::recorded(name)
}

fn memory(limit: u64, used: u64) -> Memory {
    Memory { limit, used }
}

fn cpu(cores: f64, used: Duration) -> Cpu {
    Cpu { cores, used }
}

#[test]
fn docker_on_v1_mounts_the_own_cgroup_under_its_path_on_the_host() {
    let tree = tree("docker-v1");
    // A cgroup within holds another mebibyte of inactive files: the total counts.
    assert_eq!(tree.memory(), Some(memory(256 * MIB, (100 - 20 - 1) * MIB)));
    assert_eq!(
        tree.cpu(),
        Some(cpu(1.5, Duration::from_nanos(83_214_507_219)))
    );
}

#[test]
fn docker_on_v2_has_a_namespace_of_its_own() {
    let tree = tree("docker-v2");
    assert_eq!(tree.memory(), Some(memory(512 * MIB, (150 - 30) * MIB)));
    assert_eq!(
        tree.cpu(),
        Some(cpu(0.5, Duration::from_micros(12_365_450)))
    );
}

#[test]
fn a_pods_limit_below_the_containers_wins() {
    let tree = tree("kubernetes-v2");
    assert_eq!(tree.memory(), Some(memory(512 * MIB, (400 - 60) * MIB)));
    assert_eq!(
        tree.cpu(),
        Some(cpu(1.5, Duration::from_micros(8_365_450_023)))
    );
}

#[test]
fn a_slice_limits_the_services_in_it() {
    let tree = tree("systemd-v2");
    let used = 1_288_490_188 - 214_748_364;
    assert_eq!(tree.memory(), Some(memory(2048 * MIB, used)));
    // The quota is the service's own.
    assert_eq!(
        tree.cpu(),
        Some(cpu(2.0, Duration::from_micros(3_610_300_450)))
    );
}

#[test]
fn a_hybrid_host_keeps_the_controllers_on_v1() {
    let tree = tree("hybrid");
    assert_eq!(tree.memory(), Some(memory(1024 * MIB, (500 - 100) * MIB)));
    let used = Duration::from_nanos(88_504_054_720_723);
    assert_eq!(tree.cpu(), Some(cpu(4.0, used)));
}

#[test]
fn cpu_time_may_be_counted_in_another_hierarchy() {
    let used = Duration::from_nanos(504_054_720_723);
    assert_eq!(tree("cpu-and-cpuacct").cpu(), Some(cpu(0.5, used)));
}

#[test]
fn of_equal_limits_the_outermost_is_the_one_that_holds() {
    let found = tree("cpu-and-cpuacct").memory();
    assert_eq!(found, Some(memory(128 * MIB, (80 - 8) * MIB)));
}

#[test]
fn no_limit_is_none() {
    for name in ["unlimited-v1", "unlimited-v2"] {
        let tree = tree(name);
        assert_eq!((tree.memory(), tree.cpu()), (None, None), "{name}");
    }
}

#[test]
fn what_is_broken_is_none() {
    for name in ["broken-v1", "broken-v2", "broken-proc"] {
        let tree = tree(name);
        assert_eq!((tree.memory(), tree.cpu()), (None, None), "{name}");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cgroups/none");
    let nothing = Cgroup { root };
    assert_eq!((nothing.memory(), nothing.cpu()), (None, None));
}

#[test]
fn this_machine_can_be_asked() {
    let own = Cgroup::of_this_process();
    assert!(own.memory().is_none_or(|memory| memory.limit > 0));
    assert!(own.cpu().is_none_or(|cpu| cpu.cores > 0.0));
}

/// Recorded from a real kernel: a process in a group of 200 MiB and half a core, with a loop that used all of that.
#[test]
fn a_recorded_group_of_version_1_is_read() {
    let tree = tree("recorded-v1");
    assert_eq!(tree.memory(), Some(memory(200 * MIB, 2_572_288 - 20_480)));
    let cpu = tree.cpu().unwrap();
    assert_eq!(cpu.used, std::time::Duration::from_nanos(1_313_160_991));
    assert!((cpu.cores - 0.5).abs() < f64::EPSILON);
}
