//! Advice on errors of PgBouncer.

/// PgBouncer refuses a connection whose startup parameters it does not know.
pub(crate) fn advice(error: &sqlx::Error) -> Option<&'static str> {
    let error = error.as_database_error()?;
    let is_refused = error.message().starts_with("unsupported startup parameter");
    is_refused.then_some(
        "PgBouncer refuses a startup parameter: remove it from the connection's options, or add it to PgBouncer's \
         `ignore_startup_parameters`",
    )
}
