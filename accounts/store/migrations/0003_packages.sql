-- A package: canvases and further files that are brought to one destination together. What they are is a list of their
-- own, as JSON: it is read and written as a whole, and a canvas that is gone has to stay in it until somebody decides.
CREATE TABLE packages (
	id         TEXT PRIMARY KEY,
	revision   INTEGER NOT NULL,
	name       TEXT NOT NULL UNIQUE,
	canvases   TEXT NOT NULL,
	files      TEXT NOT NULL,
	target     TEXT NOT NULL,
	layout     TEXT NOT NULL,
	serial     INTEGER NOT NULL,
	synced     TEXT NOT NULL,
	tried_at   INTEGER NOT NULL,
	problem    TEXT NOT NULL,
	created_at INTEGER NOT NULL
);
