//! The metrics of an SLO.

use tower_vitals::Prometheus;
use tower_vitals::alerts::slo::Slo;

use super::world::{MINUTE, World};

#[test]
fn objective_budget_and_burn_rates_are_gauges() {
    let mut world = World::new(Slo::availability("checkout", 0.99));
    world.run(10 * MINUTE, MINUTE, |now| {
        (950, if now <= 2 * MINUTE { 50 } else { 0 })
    });
    let prometheus = Prometheus::builder().build().unwrap();
    world.status().record(&prometheus);
    let snapshot = prometheus.snapshot();
    let value = |name, labels: &[(&str, &str)]| snapshot.sum(name, labels).unwrap();
    let slo = ("slo", "checkout");
    assert_eq!(value("slo_objective_ratio", &[slo]), 0.99);
    let share = 100.0 / 9_600.0;
    assert!(
        (value("slo_error_budget_remaining_ratio", &[slo]) - (1.0 - share / 0.01)).abs() < 1e-9
    );
    let burn = |window| value("slo_burn_rate", &[slo, ("window", window)]);
    assert!((burn("1h") - share / 0.01).abs() < 1e-9);
    assert_eq!(burn("5m"), 0.0);
    assert_eq!(burn("1h"), burn("3d"));
    assert_eq!(snapshot.family("slo_burn_rate").unwrap().series.len(), 7);
}
