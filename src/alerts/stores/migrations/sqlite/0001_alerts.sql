CREATE TABLE vitals_alert_ledgers (
    ledger TEXT NOT NULL PRIMARY KEY,
    seen TEXT,
    written_at REAL NOT NULL,
    holder TEXT,
    epoch INTEGER NOT NULL DEFAULT 0,
    lease_until REAL
) WITHOUT ROWID;
CREATE TABLE vitals_alert_documents (
    ledger TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (ledger, name)
);
CREATE TABLE vitals_alert_outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    ledger TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (ledger, id)
);
CREATE TABLE vitals_alert_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ledger TEXT NOT NULL,
    at TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX vitals_alert_history_by_ledger ON vitals_alert_history (ledger, id);
CREATE INDEX vitals_alert_history_by_time ON vitals_alert_history (at, id);
CREATE TABLE vitals_alert_history_alerts (
    alert TEXT NOT NULL,
    event INTEGER NOT NULL,
    PRIMARY KEY (alert, event)
) WITHOUT ROWID;
CREATE INDEX vitals_alert_history_alerts_by_event ON vitals_alert_history_alerts (event);
