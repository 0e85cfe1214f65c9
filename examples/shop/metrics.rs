//! The shop's own metrics.

use tower_vitals::Error;
use tower_vitals::catalog::{Catalog, Family, Values};

pub(crate) const ORDERS: Family = Family::counter("shop_orders_total", "Orders paid.")
    .labels(&["product"])
    .values(&[("product", Values::AtMost(50))]);
pub(crate) const REVENUE: Family = Family::counter(
    "shop_revenue_euros_total",
    "Money of paid orders, in euros.",
)
.float();
pub(crate) const BASKET: Family = Family::histogram("shop_basket_items", "Items of an order.")
    .buckets(&[1.0, 2.0, 3.0, 5.0, 10.0]);
pub(crate) const WAITING: Family = Family::gauge(
    "shop_deliveries_waiting",
    "Paid orders that wait for their delivery.",
);
/// Customers invent coupons, so this family reaches the series limit.
pub(crate) const COUPONS: Family = Family::counter(
    "shop_coupons_total",
    "Coupons that customers tried, as <b>they</b> spell them.",
)
.labels(&["coupon"]);

pub(crate) fn catalog() -> Result<Catalog, Error> {
    let mut catalog = Catalog::new();
    for family in [ORDERS, REVENUE, BASKET, WAITING, COUPONS] {
        catalog.register(family)?;
    }
    Ok(catalog)
}
