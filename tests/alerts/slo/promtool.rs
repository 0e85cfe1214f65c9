//! The alerts of a scripted series here, and those of the expressions that Sloth generates in the promtool of Prometheus 3.

use std::fmt::Write;
use std::process::Command;

use tower_vitals::alerts::slo::{Slo, SloSeverity};

use super::super::support::env;
use super::world::{DAY, HOUR, MINUTE, World};

/// The bad ones of 1,000 requests in a minute.
fn bad(now: u64) -> u64 {
    let hour = (now - 1) / HOUR;
    match hour {
        // 20 times the budget, 8 times, 3.5 times, 2 times; nothing between.
        12..14 => 20,
        // Two minutes in each quarter of an hour: 1.3 % on average.
        20..22 if (now - 1) / MINUTE % 15 < 2 => 100,
        30..40 => 8,
        48..72 => 4,
        // Half of the minutes, of one request in 250.
        90..126 if (now / MINUTE).is_multiple_of(2) => 4,
        _ => 0,
    }
}

/// The expression of an alert, as Sloth writes it.
fn expression(severity: SloSeverity) -> String {
    let ratio = |window| {
        format!(
            "(sum(rate(http_requests_total{{status=~\"5..\"}}[{window}])) / sum(rate(http_requests_total[{window}])))"
        )
    };
    let pairs = severity.pairs().map(|pair| {
        let (long, short, factor) = (ratio(pair.long), ratio(pair.short), pair.factor);
        format!("({short} > ({factor} * 0.001) and {long} > ({factor} * 0.001))")
    });
    pairs.join(" or ")
}

/// The times at which an alert begins and ends to fire.
fn changes(firing: &[(u64, bool)]) -> Vec<u64> {
    let before = [false].into_iter().chain(firing.iter().map(|(_, is)| *is));
    let changes = firing.iter().zip(before).filter(|((_, is), was)| is != was);
    changes.map(|((time, _), _)| *time).collect()
}

#[test]
#[ignore = "needs Prometheus: tests/run"]
fn alerts_fire_when_the_expressions_of_sloth_do() {
    let promtool = env("VITALS_PROMTOOL_3");
    if promtool.is_empty() {
        println!("left out: there is no promtool of Prometheus 3");
        return;
    }
    let end = 6 * DAY;
    let mut world = World::new(Slo::availability("checkout", 0.999).min_events(0));
    let (mut good, mut failed) = (vec![0], vec![0]);
    let mut tests = String::new();
    let mut ours = [Vec::new(), Vec::new()];
    for minute in 1..=end / MINUTE {
        let now = minute * MINUTE;
        let bad = bad(now);
        world.run(MINUTE, MINUTE, |_| (1_000 - bad, bad));
        good.push(good.last().unwrap() + 1_000 - bad);
        failed.push(failed.last().unwrap() + bad);
        // The windows of the ticket are long, and promtool reads all their points.
        let looks = [minute >= 60, minute >= 60 && minute % 5 == 0];
        for ((severity, ours), looks) in SloSeverity::ALL.into_iter().zip(&mut ours).zip(looks) {
            if !looks {
                continue;
            }
            let status = world.status();
            let mut pairs = severity.pairs().into_iter();
            ours.push((now, pairs.any(|pair| status.exceeds(pair))));
            let expression = expression(severity);
            writeln!(
                tests,
                "      - expr: '{expression}'\n        eval_time: {minute}m"
            )
            .unwrap();
            // No expected sample is right, so that promtool prints what it got.
            writeln!(tests, "        exp_samples: [{{labels: never, value: 1}}]").unwrap();
        }
    }
    let mut file =
        "evaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n".to_owned();
    for (status, values) in [("200", &good), ("503", &failed)] {
        let values: Vec<_> = values.iter().map(u64::to_string).collect();
        let values = values.join(" ");
        writeln!(
            file,
            "      - series: 'http_requests_total{{status=\"{status}\"}}'"
        )
        .unwrap();
        writeln!(file, "        values: '{values}'").unwrap();
    }
    file += "    promql_expr_test:\n";
    let path = std::env::temp_dir().join(format!("slo-{}.yml", std::process::id()));
    std::fs::write(&path, file + &tests).unwrap();
    let output = Command::new(promtool)
        .args(["test", "rules"])
        .arg(&path)
        .output()
        .unwrap();
    std::fs::remove_file(&path).unwrap();
    let output =
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    let got = output
        .lines()
        .filter_map(|line| line.trim().strip_prefix("got: "));
    let mut got: Vec<_> = got.map(|got| got != "nil").collect();
    let count = ours[0].len() + ours[1].len();
    assert_eq!(got.len(), count, "{}", &output[..output.len().min(2000)]);
    // They are in the order of the evaluations.
    got.reverse();
    let mut theirs = [Vec::new(), Vec::new()];
    for minute in 60..=end / MINUTE {
        theirs[0].push((minute * MINUTE, got.pop().unwrap()));
        if minute % 5 == 0 {
            theirs[1].push((minute * MINUTE, got.pop().unwrap()));
        }
    }
    for (severity, (ours, theirs)) in SloSeverity::ALL.into_iter().zip(ours.iter().zip(&theirs)) {
        let differ = ours
            .iter()
            .zip(theirs)
            .filter(|(one, other)| one != other)
            .count();
        let (here, there) = (changes(ours), changes(theirs));
        let minutes = |times: &[u64]| times.iter().map(|time| time / MINUTE).collect::<Vec<_>>();
        println!(
            "{severity}: {differ} of {} evaluations differ; minutes here {:?}, there {:?}",
            ours.len(),
            minutes(&here),
            minutes(&there)
        );
        assert_eq!(here.len(), there.len());
        assert!(here.len() >= 4);
        // At the same evaluation or at the next one.
        let step = ours[1].0 - ours[0].0;
        for (one, other) in here.iter().zip(&there) {
            assert!(one.abs_diff(*other) <= step, "{one} {other}");
        }
    }
}
