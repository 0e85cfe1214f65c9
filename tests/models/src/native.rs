use std::sync::Arc as Shared;

use loom::sync::Arc;
use loom::thread;

use crate::cells::{Bounds, NativeCells, NativeCounts, NativeLayout, NativeOptions};
use crate::run::run;

/// A third bucket halves the resolution.
fn histogram(schema: i8) -> Arc<NativeCells> {
    let options = NativeOptions {
        schema,
        zero_threshold: 0.0,
        max_buckets: 2,
    };
    let bounds = Shared::new(Bounds::new([3.0]));
    Arc::new(NativeCells::new(Shared::new(NativeLayout::new(
        options, bounds,
    ))))
}

fn record(cells: &NativeCells, value: f64) {
    if !cells.record_fast(value) {
        cells.record_many(value, 1);
    }
}

fn recorder(cells: &Arc<NativeCells>, values: &'static [f64]) -> thread::JoinHandle<()> {
    let cells = Arc::clone(cells);
    thread::spawn(move || values.iter().for_each(|value| record(&cells, *value)))
}

/// The samples in classic and in exponential buckets, the sum, and the schema.
fn read(cells: &NativeCells) -> (u64, u64, f64, i8) {
    let (mut counts, mut native) = (Vec::new(), NativeCounts::default());
    let sum = cells.read_native(&mut counts, &mut native);
    let buckets = native.positive.iter().chain(&native.negative);
    let exponential = native.zero + buckets.map(|(_, count)| count).sum::<u64>();
    (counts.iter().sum(), exponential, sum, native.schema)
}

/// Either thread may halve the resolution while the other records to the old generation.
#[test]
fn no_sample_is_lost_or_counted_twice_while_the_resolution_is_halved() {
    run(2, || {
        let cells = histogram(0);
        record(&cells, 2.0);
        let threads = [
            recorder(&cells, &[2.0, 4.0, 16.0]),
            recorder(&cells, &[3.5, 64.0]),
        ];
        for thread in threads {
            thread.join().unwrap();
        }
        let (classic, exponential, sum, schema) = read(&cells);
        assert_eq!((classic, exponential), (6, 6));
        assert!((sum - 91.5).abs() < f64::EPSILON, "{sum}");
        assert!(schema < 0, "{schema}");
    });
}

#[test]
fn a_reader_beside_a_halving_sees_the_same_samples_in_both_kinds_of_buckets() {
    run(2, || {
        let cells = histogram(0);
        record(&cells, 2.0);
        let thread = recorder(&cells, &[4.0, 16.0, 16.0]);
        let (first, second) = (read(&cells), read(&cells));
        for read in [first, second] {
            assert_eq!(read.0, read.1);
        }
        assert!(
            first.0 <= second.0 && first.3 >= second.3,
            "{first:?} {second:?}"
        );
        thread.join().unwrap();
        assert_eq!(read(&cells), (4, 4, 38.0, -1));
    });
}

/// Threads that get cells of their own in the old generation lose nothing by the new one.
#[test]
fn own_cells_of_an_old_generation_count() {
    run(2, || {
        let cells = histogram(0);
        let threads = [
            recorder(&cells, &[2.0, 2.0, 2.0]),
            recorder(&cells, &[4.0, 16.0]),
        ];
        for thread in threads {
            thread.join().unwrap();
        }
        let (classic, exponential, sum, _) = read(&cells);
        assert_eq!((classic, exponential, sum), (5, 5, 26.0));
    });
}
