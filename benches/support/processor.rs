//! The processor, which every table names.

use std::fs;
use std::thread;

/// Prints the processor's model and the number of its cores that this process may use.
pub(crate) fn print_processor() {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim())
    };
    let model = field("model name").unwrap_or("unknown");
    let (family, number) = (
        field("cpu family").unwrap_or("?"),
        field("model\t").unwrap_or("?"),
    );
    let cores = thread::available_parallelism().map_or(0, usize::from);
    println!("processor: {model}, family {family}, model {number}, {cores} cores");
}
