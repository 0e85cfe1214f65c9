use loom::sync::Arc;
use loom::thread;

use crate::cells::{Bounds, HistogramCells};
use crate::run::run;

#[test]
fn a_reader_beside_shared_and_own_samples_never_sees_a_fall() {
    run(2, || {
        let histogram = Arc::new(HistogramCells::new(std::sync::Arc::new(Bounds::new([]))));
        let threads = [(0.5, 3), (2.0, 1)].map(|(value, samples)| {
            let histogram = Arc::clone(&histogram);
            thread::spawn(move || {
                for _ in 0..samples {
                    histogram.record(value);
                }
            })
        });
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let sums = (
            histogram.read_into(&mut first),
            histogram.read_into(&mut second),
        );
        assert!(
            sums.0 <= sums.1 && first[0] <= second[0],
            "{first:?} {second:?} {sums:?}"
        );
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        let sum = histogram.read_into(&mut first);
        assert_eq!((first, sum), (vec![4], 3.5));
    });
}
