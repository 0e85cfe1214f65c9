//! A profile as a flame graph: an SVG image without scripts, whose names are shown under the mouse.
//!
//! rpprof can draw one with inferno, for 10 crates more and with a script that a strict Content-Security-Policy forbids.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Write};

use super::cpu_profile::CpuProfile;

/// In pixels.
const WIDTH: f64 = 1200.0;
const ROW: f64 = 18.0;
const HEAD: f64 = 30.0;
/// The width of one letter of the font.
const LETTER: f64 = 7.2;
/// Narrower functions are left out.
const LEAST_WIDTH: f64 = 0.2;

const UNKNOWN: &str = "[unknown]";

/// Draws threads at the bottom, and each function upon its caller.
pub(super) fn flame_graph(profile: &CpuProfile) -> String {
    let root = root(profile);
    let pixels = WIDTH / root.samples.max(1) as f64;
    let height = HEAD + ROW * root.height(pixels) as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"monospace\" font-size=\"12\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/><text x=\"4\" y=\"18\">"
    );
    let program = profile.program.rsplit('/').next().unwrap_or_default();
    let (program, seconds) = (Escaped(program), profile.duration.as_secs_f64());
    let cpu = root.samples as f64 * profile.period.as_secs_f64();
    let head = match root.samples {
        0 => write!(
            svg,
            "{program}: no samples, because it used no CPU time in {seconds:.1} s"
        ),
        samples => write!(
            svg,
            "{program}: {cpu:.2} s of CPU time in {seconds:.1} s ({samples} samples)"
        ),
    };
    let image = Image {
        total: root.samples,
        pixels,
        height,
    };
    // A string takes everything.
    let _ = head
        .and_then(|()| svg.write_str("</text>"))
        .and_then(|()| image.draw(&root, "all", 0.0, 0, &mut svg))
        .and_then(|()| svg.write_str("</svg>"));
    svg
}

fn root(profile: &CpuProfile) -> Node<'_> {
    let mut root = Node::default();
    for stack in &profile.stacks {
        let mut node = root.add(stack.samples).child(&stack.thread);
        node.add(stack.samples);
        for address in stack.addresses.iter().rev() {
            let lines = profile.lines_of(*address);
            if lines.is_empty() {
                node = node.child(UNKNOWN);
                node.add(stack.samples);
            }
            for line in lines.iter().rev() {
                node = node.child(&line.function);
                node.add(stack.samples);
            }
        }
    }
    root
}

/// A function with a caller, or a thread.
#[derive(Default)]
struct Node<'a> {
    samples: u64,
    callees: BTreeMap<&'a str, Node<'a>>,
}

impl<'a> Node<'a> {
    fn add(&mut self, samples: u64) -> &mut Self {
        self.samples += samples;
        self
    }

    fn child(&mut self, name: &'a str) -> &mut Self {
        self.callees.entry(name).or_default()
    }

    /// The number of rows that are drawn.
    fn height(&self, pixels: f64) -> usize {
        if (self.samples as f64) * pixels < LEAST_WIDTH {
            return 0;
        }
        let callees = self.callees.values();
        1 + callees.map(|node| node.height(pixels)).max().unwrap_or(0)
    }
}

struct Image {
    total: u64,
    /// The width of one sample.
    pixels: f64,
    height: f64,
}

impl Image {
    fn draw(
        &self,
        node: &Node<'_>,
        name: &str,
        left: f64,
        row: usize,
        svg: &mut String,
    ) -> fmt::Result {
        let samples = node.samples as f64;
        let width = samples * self.pixels;
        if width < LEAST_WIDTH {
            return Ok(());
        }
        let top = self.height - ROW * (row + 1) as f64;
        let percent = 100.0 * samples / self.total as f64;
        write!(
            svg,
            "<g><title>{} ({} samples, {percent:.1} %)</title><rect x=\"{left:.1}\" y=\"{top}\" width=\"{width:.1}\" \
             height=\"{ROW}\" fill=\"{}\" stroke=\"#fff\" stroke-width=\".5\"/>",
            Escaped(name),
            node.samples,
            Colour(name),
        )?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most 166, and a negative number becomes 0"
        )]
        let letters = ((width - 6.0) / LETTER) as usize;
        if letters >= 3 {
            let label: String = name.chars().take(letters).collect();
            let (x, y) = (left + 3.0, top + 13.0);
            let label = Escaped(&label);
            write!(svg, "<text x=\"{x:.1}\" y=\"{y}\">{label}</text>")?;
        }
        svg.write_str("</g>")?;
        let mut left = left;
        for (name, callee) in &node.callees {
            self.draw(callee, name, left, row + 1, svg)?;
            left += callee.samples as f64 * self.pixels;
        }
        Ok(())
    }
}

/// The same warm colour for the same name.
struct Colour<'a>(&'a str);

impl Display for Colour<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = self.0.bytes().fold(5381_u32, |hash, byte| {
            hash.wrapping_mul(33) ^ u32::from(byte)
        });
        write!(f, "hsl({} 80% {}%)", hash % 50, 62 + hash / 50 % 14)
    }
}

/// Text of an XML document.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                // XML has no other control characters, not even as references.
                c if c.is_control() => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
