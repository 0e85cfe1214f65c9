//! `Oven`: a check of one's own.

use tower_vitals::health::{Check, Outcome};

use crate::mood::Mood;

pub(crate) struct Oven(pub(crate) Mood);

impl Check for Oven {
    async fn check(&self) -> Outcome {
        if self.0.is_bad() {
            Outcome::unhealthy()
                .message(r#"the oven is <img src="x" onerror="alert(1)"> cold"#)
                .data("degrees", 21)
        } else {
            Outcome::healthy().data("degrees", 220)
        }
    }
}
