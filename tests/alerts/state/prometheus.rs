//! The state machine against Prometheus: `promtool test rules` decides at each evaluation whether each alert fires.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use proptest::collection::vec;
use proptest::prelude::*;
use tower_vitals::alerts::state::AlertState;

use super::world::{World, at, members};

/// The seconds between two evaluations.
const INTERVAL: u64 = 60;
const PODS: [&str; 2] = ["a", "b"];

/// A rule, and for each evaluation whether the condition of each pod holds.
#[derive(Debug, Clone)]
struct Case {
    for_duration: u64,
    keep_firing_for: u64,
    results: Vec<[bool; 2]>,
}

fn case() -> impl Strategy<Value = Case> {
    // Zero, the interval, multiples of it and times between.
    let duration = || prop_oneof![1 => Just(0_u64), 3 => (0_u64..6).prop_map(|n| n * INTERVAL), 2 => 1_u64..300];
    let often = prop_oneof![Just(0.2), Just(0.5), Just(0.8)];
    (duration(), duration(), often).prop_flat_map(|(for_duration, keep_firing_for, often)| {
        let pod = || proptest::bool::weighted(often);
        vec([pod(), pod()], 25).prop_map(move |results| Case {
            for_duration,
            keep_firing_for,
            results,
        })
    })
}

fn rules(cases: &[Case]) -> String {
    let mut text = String::from("groups:\n- name: rules\n  rules:\n");
    for (number, case) in cases.iter().enumerate() {
        let (for_duration, keep) = (case.for_duration, case.keep_firing_for);
        write!(
            text,
            "  - {{alert: rule_{number}, expr: 'm{{case=\"{number}\"}} > 0', for: {for_duration}s"
        )
        .unwrap();
        // Prometheus 2.42 has no zero here.
        if keep > 0 {
            write!(text, ", keep_firing_for: {keep}s").unwrap();
        }
        text.push_str("}\n");
    }
    text
}

/// The test file, in which the alerts fire that `fires` names: case, evaluation, pod.
fn expectations(cases: &[Case], fires: impl Fn(usize, usize, usize) -> bool) -> String {
    let mut text = format!(
        "rule_files: [rules.yml]\nevaluation_interval: {INTERVAL}s\ntests:\n- interval: {INTERVAL}s\n  input_series:\n"
    );
    for (number, case) in cases.iter().enumerate() {
        for (pod, name) in PODS.into_iter().enumerate() {
            let values = case
                .results
                .iter()
                .map(|result| if result[pod] { "1 " } else { "0 " });
            let values: String = values.collect();
            writeln!(
                text,
                "  - {{series: 'm{{case=\"{number}\", pod=\"{name}\"}}', values: '{values}'}}"
            )
            .unwrap();
        }
    }
    text.push_str("  alert_rule_test:\n");
    for (number, case) in cases.iter().enumerate() {
        for step in 0..case.results.len() {
            let firing = (0..PODS.len()).filter(|&pod| fires(number, step, pod));
            let alerts = firing
                .map(|pod| format!("{{exp_labels: {{case: '{number}', pod: {}}}}}", PODS[pod]));
            let alerts = alerts.collect::<Vec<_>>().join(", ");
            let seconds = step as u64 * INTERVAL;
            writeln!(
                text,
                "  - {{eval_time: {seconds}s, alertname: rule_{number}, exp_alerts: [{alerts}]}}"
            )
            .unwrap();
        }
    }
    text
}

/// Whether each alert fires after each evaluation.
fn ours(case: &Case) -> Vec<[bool; 2]> {
    let mut world = World::new(case.for_duration, case.keep_firing_for);
    let step = |(step, holds): (usize, &[bool; 2])| {
        let sign = |pod: usize| if holds[pod] { '+' } else { '-' };
        let evaluation = members(&format!("a{} b{}", sign(0), sign(1)));
        world
            .try_take(evaluation, at(step as u64 * INTERVAL))
            .unwrap();
        PODS.map(|name| world.state_of(name) == Some(AlertState::Firing))
    };
    case.results.iter().enumerate().map(step).collect()
}

/// Runs `promtool test rules`, and returns its complaints.
fn promtool(folder: &Path, rules: &str, test: &str) -> Result<(), String> {
    std::fs::write(folder.join("rules.yml"), rules).unwrap();
    std::fs::write(folder.join("test.yml"), test).unwrap();
    let mut promtool = Command::new("promtool");
    let output = promtool
        .args(["test", "rules", "test.yml"])
        .current_dir(folder)
        .output()
        .unwrap();
    let complaints = [output.stdout, output.stderr].concat();
    let complaints = String::from_utf8_lossy(&complaints).into_owned();
    if output.status.success() {
        Ok(())
    } else {
        Err(complaints)
    }
}

fn folder() -> std::path::PathBuf {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("promtool-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    #[ignore = "needs Prometheus: tests/run"]
    fn alerts_fire_when_those_of_prometheus_do(cases in vec(case(), 30)) {
        let firing: Vec<_> = cases.iter().map(ours).collect();
        let folder = folder();
        let expected = expectations(&cases, |case, step, pod| firing[case][step][pod]);
        let result = promtool(&folder, &rules(&cases), &expected);
        // The same with one wrong expectation, so that silence is agreement.
        let wrong = expectations(&cases, |case, step, pod| firing[case][step][pod] != ((case, step, pod) == (7, 11, 1)));
        let complaint = promtool(&folder, &rules(&cases), &wrong);
        std::fs::remove_dir_all(folder).unwrap();
        let first = result.map_err(|text| text.trim_start_matches("Unit Testing:  test.yml").trim().chars().take(600).collect::<String>());
        prop_assert_eq!(first, Ok(()));
        prop_assert!(complaint.is_err_and(|text| text.contains("alertname: rule_7, time: 11m")));
    }
}
