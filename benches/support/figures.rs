//! `Figures`: named numbers, one of each from every process.

/// Named numbers in the order of their first appearance.
#[derive(Default)]
pub(crate) struct Figures(Vec<(String, Vec<f64>)>);

/// A figure over all processes.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// Of a figure that no process could measure.
    const NONE: Self = Self {
        median: f64::NAN,
        least: f64::NAN,
        most: f64::NAN,
    };
}

impl Figures {
    pub(crate) fn push(&mut self, name: impl Into<String>, value: f64) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => self.0.push((name, vec![value])),
        }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }

    /// The figure of this name, if there is one.
    pub(crate) fn find(&self, name: &str) -> Option<Spread> {
        let (_, values) = self.0.iter().find(|(known, _)| known == name)?;
        let mut sorted: Vec<_> = values
            .iter()
            .copied()
            .filter(|value| !value.is_nan())
            .collect();
        sorted.sort_by(f64::total_cmp);
        if sorted.is_empty() {
            return Some(Spread::NONE);
        }
        Some(Spread {
            median: sorted[sorted.len() / 2],
            least: sorted[0],
            most: sorted[sorted.len() - 1],
        })
    }

    pub(crate) fn get(&self, name: &str) -> Spread {
        self.find(name)
            .unwrap_or_else(|| unreachable!("no figure is called {name}"))
    }

    /// One line for each figure, which [`read`](Self::read) takes back.
    pub(crate) fn write(&self) {
        for (name, values) in &self.0 {
            for value in values {
                println!("{name}\t{value}");
            }
        }
    }

    pub(crate) fn read(&mut self, text: &str) {
        for line in text.lines() {
            let (name, value) = line.split_once('\t').unwrap();
            self.push(name, value.parse().unwrap());
        }
    }
}
