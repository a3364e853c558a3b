-- Times are microseconds since 1970 UTC, 0 = never or not known. Lists, maps and structures that are only carried are JSON.
-- References are checked at the end of a transaction, so the order of writes inside it does not matter.

CREATE TABLE state (
	one      INTEGER PRIMARY KEY CHECK (one = 1),
	revision INTEGER NOT NULL
);
INSERT INTO state VALUES (1, 0);

CREATE TABLE meta (
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;

-- What many accounts have alike (server, scopes, …) is one column, and so is what most observations say: reading a
-- long list costs by the column, and takes each text apart only once.
CREATE TABLE accounts (
	id                 TEXT PRIMARY KEY,
	revision           INTEGER NOT NULL,
	name               TEXT NOT NULL UNIQUE,
	alike              TEXT NOT NULL,
	subject            TEXT NOT NULL,
	email              TEXT NOT NULL,
	holder             TEXT NOT NULL,
	generation         INTEGER NOT NULL,
	authorized_at      INTEGER NOT NULL,
	refreshed_at       INTEGER NOT NULL,
	proven_at          INTEGER NOT NULL,
	access_expires_at  INTEGER NOT NULL,
	refresh_expires_at INTEGER NOT NULL,
	resources_at       INTEGER NOT NULL,
	created_at         INTEGER NOT NULL
);

CREATE TABLE grants (
	account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
	role       TEXT NOT NULL,
	seq        INTEGER NOT NULL,
	generation INTEGER NOT NULL,
	holder     TEXT NOT NULL,
	blob       BLOB,
	facts      BLOB,
	written_at INTEGER NOT NULL,
	PRIMARY KEY (account_id, role)
);

CREATE TABLE intents (
	account_id TEXT PRIMARY KEY REFERENCES accounts ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
	seq        INTEGER NOT NULL,
	token_hash TEXT NOT NULL,
	at         INTEGER NOT NULL,
	pid        INTEGER NOT NULL
);

CREATE TABLE observations (
	account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
	kind       TEXT NOT NULL,
	at         INTEGER NOT NULL,
	fails_from INTEGER NOT NULL,
	last_good  INTEGER NOT NULL,
	outcome    TEXT NOT NULL,
	PRIMARY KEY (account_id, kind)
) WITHOUT ROWID;

CREATE TABLE resources (
	account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
	service    TEXT NOT NULL,
	id         TEXT NOT NULL,
	name       TEXT NOT NULL,
	parent     TEXT NOT NULL,
	first_seen INTEGER NOT NULL,
	last_seen  INTEGER NOT NULL,
	PRIMARY KEY (account_id, service, id)
) WITHOUT ROWID;

CREATE TABLE clients (
	id         TEXT PRIMARY KEY,
	revision   INTEGER NOT NULL,
	provider   TEXT NOT NULL,
	label      TEXT NOT NULL,
	oauth_id   TEXT NOT NULL,
	auth       TEXT NOT NULL,
	kind       TEXT NOT NULL,
	redirects  TEXT NOT NULL,
	seq        INTEGER NOT NULL,
	blob       BLOB,
	created_at INTEGER NOT NULL
);

CREATE TABLE flows (
	id         TEXT PRIMARY KEY,
	revision   INTEGER NOT NULL,
	name       TEXT NOT NULL,
	account_id TEXT NOT NULL,
	provider   TEXT NOT NULL,
	client_id  TEXT NOT NULL,
	services   TEXT NOT NULL,
	kind       TEXT NOT NULL,
	public     BLOB,
	blob       BLOB,
	started_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL
);

CREATE TABLE events (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	at         INTEGER NOT NULL,
	actor      TEXT NOT NULL,
	action     TEXT NOT NULL,
	account_id TEXT NOT NULL,
	canvas_id  TEXT NOT NULL,
	subject    TEXT NOT NULL,
	ok         INTEGER NOT NULL,
	detail     TEXT NOT NULL
);
CREATE INDEX events_at ON events (at);
CREATE INDEX events_account ON events (account_id, at) WHERE account_id <> '';
CREATE INDEX events_canvas ON events (canvas_id, at) WHERE canvas_id <> '';

CREATE TABLE canvases (
	id          TEXT PRIMARY KEY,
	revision    INTEGER NOT NULL,
	name        TEXT NOT NULL UNIQUE,
	path        TEXT NOT NULL,
	account_ids TEXT NOT NULL,
	recipients  TEXT NOT NULL,
	passphrase  INTEGER NOT NULL,
	file_group  TEXT NOT NULL,
	file_id     TEXT NOT NULL,
	serial      INTEGER NOT NULL,
	written     TEXT NOT NULL,
	created_at  INTEGER NOT NULL
);

CREATE TABLE places (
	id         TEXT PRIMARY KEY,
	revision   INTEGER NOT NULL,
	canvas_id  TEXT NOT NULL REFERENCES canvases ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
	kind       TEXT NOT NULL,
	target     TEXT NOT NULL,
	position   INTEGER NOT NULL,
	checked_at INTEGER NOT NULL,
	sha256     TEXT NOT NULL,
	serial     INTEGER NOT NULL,
	problem    TEXT NOT NULL
);
CREATE INDEX places_canvas ON places (canvas_id, position);

CREATE TABLE runs (
	id         TEXT PRIMARY KEY,
	revision   INTEGER NOT NULL,
	started_at INTEGER NOT NULL,
	ended_at   INTEGER NOT NULL,
	actor      TEXT NOT NULL,
	lines      TEXT NOT NULL
);
CREATE INDEX runs_started ON runs (started_at);
