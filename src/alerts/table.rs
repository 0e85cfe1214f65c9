//! `Table`: the points of the series of a metric that are read with the same window.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::time::Duration;

use super::course::{Course, MISSING};
use super::edges::Edges;
use super::family_part::FamilyPart;
use super::series::{ABSENT, Series, is_present, write_number};
use super::window::Window;
use crate::exporter::{self, Labels, Value};

/// The points of the series of a metric that are read with the same window: a column for each snapshot. A snapshot is added, and a
/// window is read, from front to back: a deque of points for each series took three times as long.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) window: Duration,
    /// The oldest first, with ascending times.
    columns: VecDeque<Column>,
    pub(super) series: Vec<Series>,
    /// Those of the series, by the same indexes.
    courses: Vec<Course>,
    by_labels: HashMap<Labels, usize>,
    /// The cells of a column.
    width: usize,
    /// The series that the last snapshot lacked.
    missing: usize,
    /// The series of the last snapshot that found no room.
    pub(super) refused: usize,
    /// The cells of a column that left.
    spare: Vec<f64>,
    /// The series that are histograms.
    histograms: usize,
    /// The edges of the whole window after the last column came, with what they depend on.
    edges: Option<(Points, Edges)>,
}

/// A window, the times of the first and of the last point in it, and the number of gaps between them.
type Points = (Window, (i64, i64), u32);

/// The points of one snapshot.
#[derive(Debug)]
pub(super) struct Column {
    /// In milliseconds since 1970.
    pub(super) time: i64,
    pub(super) cells: Vec<f64>,
    /// The number of cells that are not absent.
    size: usize,
}

impl Table {
    pub(super) fn new(window: Duration) -> Self {
        Self {
            window,
            columns: VecDeque::new(),
            series: Vec::new(),
            courses: Vec::new(),
            by_labels: HashMap::new(),
            width: 0,
            missing: 0,
            refused: 0,
            spare: Vec::new(),
            histograms: 0,
            edges: None,
        }
    }

    /// The number of points. A histogram has one for each bucket, and one for its sum.
    pub(super) fn size(&self) -> usize {
        self.columns.iter().map(|column| column.size).sum()
    }

    pub(super) fn oldest(&self) -> Option<i64> {
        self.columns.front().map(|column| column.time)
    }

    /// Forgets which rows of the snapshot the series are, from this row on.
    pub(super) fn unbind(&mut self, from: usize) {
        for course in &mut self.courses {
            if course.row >= from {
                course.row = MISSING;
            }
        }
        self.refused = 0;
    }

    /// Notes the row of a known series. `false` if it is unknown.
    pub(super) fn bind(&mut self, labels: &Labels, row: usize) -> bool {
        let index = self.by_labels.get(labels);
        index.map(|index| self.courses[*index].row = row).is_some()
    }

    /// Adds a series like `value`, and returns its index.
    pub(super) fn insert(&mut self, labels: &Labels, value: &Value, row: usize) -> usize {
        let index = self.series.len();
        let series = Series::new(labels, value, self.width, self.series.last());
        self.width += series.width();
        self.series.push(series);
        self.courses.push(Course::new(row));
        self.by_labels.insert(labels.clone(), index);
        index
    }

    /// Ends a change of the series.
    pub(super) fn settle(&mut self) {
        let missing = self.courses.iter().filter(|it| it.row == MISSING);
        self.missing = missing.count();
        let histograms = self.series.iter().filter(|it| it.bounds.is_some());
        self.histograms = histograms.count();
        for column in &mut self.columns {
            column.cells.resize(self.width, ABSENT);
        }
    }

    /// Adds a column with the values of the snapshot's rows. Returns the series that have another kind or other bounds than before,
    /// which get no points.
    pub(super) fn push(
        &mut self,
        time: i64,
        part: &FamilyPart<'_>,
        rows: &[exporter::Series],
    ) -> Vec<usize> {
        let mut cells = std::mem::take(&mut self.spare);
        cells.clear();
        cells.resize(self.width, ABSENT);
        let (mut size, mut others) = (0, Vec::new());
        let before = self.columns.back();
        let before = before.map_or(&[][..], |column| &*column.cells);
        let are_numbers = self.are_numbers();
        for (index, course) in self.courses.iter_mut().enumerate() {
            let Some(row) = rows.get(course.row) else {
                continue;
            };
            let (step, width) = if are_numbers {
                let write = |number| write_number(number, &mut cells[index], before.get(index));
                (part.number(&row.value).map(write), 1)
            } else {
                let series = &self.series[index];
                let value = part.value(&row.value);
                let step = value.and_then(|value| series.write(&value, &mut cells, before));
                (step, series.width())
            };
            match step {
                Some(step) => {
                    course.note(time, step);
                    size += width;
                }
                None => others.push(index),
            }
        }
        if size == 0 {
            self.spare = cells;
        } else {
            self.columns.push_back(Column { time, cells, size });
        }
        self.note_edges(time);
        others
    }

    /// Notes the edges that most rules ask for next.
    fn note_edges(&mut self, now: i64) {
        let window = Window::before(now, self.window);
        let ends = self.oldest().zip(self.columns.back());
        let points = ends.and_then(|(first, last)| {
            let gaps = u32::try_from(self.columns.len() - 1).ok()?;
            (gaps > 0).then_some((window, (first, last.time), gaps))
        });
        self.edges = points.map(|points| (points, edges(points)));
    }

    /// The edges of the series that have a point in each of these columns.
    pub(super) fn edges(&self, window: Window, ends: (i64, i64), gaps: u32) -> Edges {
        let points = (window, ends, gaps);
        match &self.edges {
            Some((known, edges)) if *known == points => *edges,
            _ => edges(points),
        }
    }

    /// Whether no series is a histogram. Then each has one cell, so its index is that of its cell.
    pub(super) fn are_numbers(&self) -> bool {
        self.histograms == 0
    }

    /// Whether all series are histograms.
    pub(super) fn are_histograms(&self) -> bool {
        self.histograms == self.series.len()
    }

    pub(super) fn courses(&self) -> &[Course] {
        &self.courses
    }

    /// Removes the points up to `time`.
    pub(super) fn drop_until(&mut self, time: i64) {
        while self.oldest().is_some_and(|oldest| oldest <= time) {
            let column = self.columns.pop_front();
            self.spare = column.map(|column| column.cells).unwrap_or_default();
        }
    }

    /// Removes the points from `time` on.
    pub(super) fn drop_from(&mut self, time: i64) {
        while self.columns.back().is_some_and(|last| last.time >= time) {
            self.columns.pop_back();
        }
    }

    /// Whether there are series without points, which only those can be that the last snapshot lacked.
    pub(super) fn has_empty(&self) -> bool {
        self.missing > 0 && (0..self.series.len()).any(|index| !self.has_points(index))
    }

    /// Removes the series that are gone. Returns the new indexes of the others.
    pub(super) fn remove(&mut self, gone: &[bool]) -> Vec<Option<usize>> {
        for column in &mut self.columns {
            let mut end = 0;
            for (series, is_gone) in self.series.iter().zip(gone) {
                let own = series.cells();
                if !is_gone {
                    column.cells.copy_within(own.clone(), end);
                    end += own.len();
                } else if is_present(column.cells[own.start]) {
                    column.size -= own.len();
                }
            }
            column.cells.truncate(end);
        }
        self.width = 0;
        self.by_labels.clear();
        let mut index = 0;
        let moved = gone.iter().map(|is_gone| {
            index += usize::from(!is_gone);
            (!is_gone).then(|| index - 1)
        });
        let moved: Vec<_> = moved.collect();
        let mut rest = gone.iter();
        self.series.retain(|_| rest.next() == Some(&false));
        let mut rest = gone.iter();
        self.courses.retain(|_| rest.next() == Some(&false));
        for (index, series) in self.series.iter_mut().enumerate() {
            series.cell = self.width;
            self.width += series.width();
            self.by_labels.insert(series.labels.clone(), index);
        }
        self.settle();
        moved
    }

    /// Whether any snapshot had a point of the series.
    pub(super) fn has_points(&self, series: usize) -> bool {
        let cell = self.series[series].cell;
        let mut columns = self.columns.iter().rev();
        columns.any(|column| is_present(column.cells[cell]))
    }

    /// The indexes of the columns in a window. Usually it holds all of them.
    pub(super) fn within(&self, window: Window) -> Range<usize> {
        let columns = &self.columns;
        let is_after_start = |column: &Column| column.time > window.start;
        let is_before_end = |column: &Column| column.time <= window.end;
        let from = if columns.front().is_none_or(is_after_start) {
            0
        } else {
            columns.partition_point(|column| !is_after_start(column))
        };
        let to = if columns.back().is_none_or(is_before_end) {
            columns.len()
        } else {
            columns.partition_point(is_before_end)
        };
        from..to.max(from)
    }

    pub(super) fn column(&self, index: usize) -> Option<&Column> {
        self.columns.get(index)
    }

    pub(super) fn columns(&self, within: Range<usize>) -> impl DoubleEndedIterator<Item = &Column> {
        self.columns.range(within)
    }
}

fn edges((window, (first, last), gaps): Points) -> Edges {
    Edges::new(window, first, last, gaps)
}
