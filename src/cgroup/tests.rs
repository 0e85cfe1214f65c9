//! Read from `tests/cgroups`, which has the files of one machine of each kind. Most values are invented.

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
fn docker_on_v1_mounts_the_cgroup_under_its_host_path() {
    let tree = tree("docker-v1");
    // An inner cgroup has another mebibyte of inactive files, so the total counts.
    assert_eq!(tree.memory(), Some(memory(256 * MIB, (100 - 20 - 1) * MIB)));
    assert_eq!(
        tree.cpu(),
        Some(cpu(1.5, Duration::from_nanos(83_214_507_219)))
    );
}

#[test]
fn docker_on_v2_has_its_own_namespace() {
    let tree = tree("docker-v2");
    assert_eq!(tree.memory(), Some(memory(512 * MIB, (150 - 30) * MIB)));
    assert_eq!(
        tree.cpu(),
        Some(cpu(0.5, Duration::from_micros(12_365_450)))
    );
}

#[test]
fn a_lower_limit_of_the_pod_applies_to_the_container() {
    let tree = tree("kubernetes-v2");
    assert_eq!(tree.memory(), Some(memory(512 * MIB, (400 - 60) * MIB)));
    assert_eq!(
        tree.cpu(),
        Some(cpu(1.5, Duration::from_micros(8_365_450_023)))
    );
}

#[test]
fn the_limit_of_a_slice_applies_to_its_services() {
    let tree = tree("systemd-v2");
    let used = 1_288_490_188 - 214_748_364;
    assert_eq!(tree.memory(), Some(memory(2048 * MIB, used)));
    // The quota belongs to the service itself.
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
fn the_outermost_of_equal_limits_applies() {
    let found = tree("cpu-and-cpuacct").memory();
    assert_eq!(found, Some(memory(128 * MIB, (80 - 8) * MIB)));
}

#[test]
fn unlimited_groups_have_no_limit() {
    for name in ["unlimited-v1", "unlimited-v2"] {
        let tree = tree(name);
        assert_eq!((tree.memory(), tree.cpu()), (None, None), "{name}");
    }
}

#[test]
fn malformed_files_mean_no_limit() {
    for name in ["broken-v1", "broken-v2", "broken-proc"] {
        let tree = tree(name);
        assert_eq!((tree.memory(), tree.cpu()), (None, None), "{name}");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cgroups/none");
    let missing = Cgroup { root };
    assert_eq!((missing.memory(), missing.cpu()), (None, None));
}

#[test]
fn the_groups_of_this_machine_are_readable() {
    let own = Cgroup::of_this_process();
    assert!(own.memory().is_none_or(|memory| memory.limit > 0));
    assert!(own.cpu().is_none_or(|cpu| cpu.cores > 0.0));
}

/// Recorded from a real kernel: a group of 200 MiB and half a core, with a process that used up its quota.
#[test]
fn a_group_recorded_on_version_1_is_read() {
    let tree = tree("recorded-v1");
    assert_eq!(tree.memory(), Some(memory(200 * MIB, 2_572_288 - 20_480)));
    let cpu = tree.cpu().unwrap();
    assert_eq!(cpu.used, std::time::Duration::from_nanos(1_313_160_991));
    assert!((cpu.cores - 0.5).abs() < f64::EPSILON);
}
