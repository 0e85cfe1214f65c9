//! `Columns`: reads a row of any database.

use sqlx::{ColumnIndex, Decode, Row, Type};

pub(crate) trait Columns: Row {
    fn text(&self, column: usize) -> Result<Option<String>, sqlx::Error>;
    fn float(&self, column: usize) -> Result<Option<f64>, sqlx::Error>;
    fn integer(&self, column: usize) -> Result<i64, sqlx::Error>;
    fn boolean(&self, column: usize) -> Result<bool, sqlx::Error>;
    fn bytes(&self, column: usize) -> Result<Vec<u8>, sqlx::Error>;
}

impl<R: Row> Columns for R
where
    usize: ColumnIndex<R>,
    for<'r> Option<String>: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> Option<f64>: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> bool: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn text(&self, column: usize) -> Result<Option<String>, sqlx::Error> {
        self.try_get(column)
    }

    fn float(&self, column: usize) -> Result<Option<f64>, sqlx::Error> {
        self.try_get(column)
    }

    fn integer(&self, column: usize) -> Result<i64, sqlx::Error> {
        self.try_get(column)
    }

    fn boolean(&self, column: usize) -> Result<bool, sqlx::Error> {
        self.try_get(column)
    }

    fn bytes(&self, column: usize) -> Result<Vec<u8>, sqlx::Error> {
        self.try_get(column)
    }
}
