-- Version 4. docs/format.md says what each table and view is. Ledgers of other versions are made again, never altered.

CREATE TABLE events (
	id         INTEGER PRIMARY KEY, -- days since 0000-01-01 × 2^40 + offset in the day's file: the book's order
	day        TEXT NOT NULL,
	event_id   TEXT NOT NULL,
	timestamp  TEXT NOT NULL,       -- UTC, microseconds: 2025-11-08T14:32:15.123456Z
	utc_offset INTEGER NOT NULL,    -- of the timestamp as the event spells it, in minutes
	event_type TEXT,
	canvas_id  TEXT,
	camera_id  TEXT,
	node_id    TEXT,
	line       TEXT NOT NULL        -- as it stands in the book, byte for byte
) STRICT;

-- The indexes of events are in indexes.sql: much is posted faster without them.

-- Words of texts, by events.id. It holds no copy of them.
CREATE VIRTUAL TABLE texts USING fts5 (text, content = '', contentless_delete = 1, tokenize = 'unicode61');

-- Which version this is, as the user_version.
CREATE TABLE schema_version (version INTEGER PRIMARY KEY) STRICT;
INSERT INTO schema_version VALUES (4);

-- How far each day is posted.
CREATE TABLE cursors (
	day        TEXT PRIMARY KEY,
	posted     INTEGER NOT NULL, -- bytes of the day's file
	sum        INTEGER NOT NULL, -- CRC32C of these
	tail       INTEGER NOT NULL, -- where the last line of these begins
	tail_sum   INTEGER NOT NULL, -- CRC32C of that line
	device     INTEGER NOT NULL, -- which file it was
	inode      INTEGER NOT NULL,
	damaged    INTEGER NOT NULL, -- lines that were left out
	-- Of a day that is retired by deletion: bytes of its files that are gone, behind which the events of the present one stand; how
	-- many bytes of the present one may be deleted at any time, and the CRC32C of these.
	base        INTEGER NOT NULL,
	retired     INTEGER NOT NULL,
	retired_sum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the files of a day looked like when all of it was posted, so that nobody has to open them to see that.
CREATE TABLE glances (
	day    TEXT PRIMARY KEY,
	looks  TEXT NOT NULL,    -- size, time and number of each file
	posted INTEGER NOT NULL, -- what the cursor said then
	sum    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the events of a day come to, by one palette.
CREATE TABLE days (
	day                  TEXT PRIMARY KEY,
	events               INTEGER NOT NULL,
	boards               INTEGER NOT NULL,
	changes              INTEGER NOT NULL, -- events of boards
	first_timestamp      TEXT,
	last_timestamp       TEXT,
	learning_seconds     REAL NOT NULL,
	active_seconds       REAL NOT NULL,
	understanding_rate   REAL NOT NULL,
	nodes_not_understood INTEGER NOT NULL, -- cards over all boards as of the last event, by role
	nodes_partial        INTEGER NOT NULL,
	nodes_mastered       INTEGER NOT NULL,
	nodes_explanation    INTEGER NOT NULL,
	nodes_own_words      INTEGER NOT NULL,
	statistics           TEXT NOT NULL,    -- JSON, as in the session document
	colors               TEXT NOT NULL,    -- JSON: board → code → cards, as of the last event
	start_sum            INTEGER NOT NULL, -- a hash of colors of the day before
	colors_sum           INTEGER NOT NULL, -- of colors
	palette_sum          INTEGER NOT NULL  -- and of the palette: where one of them does not fit, the row is made anew
) STRICT, WITHOUT ROWID;

CREATE TABLE counts (
	day  TEXT NOT NULL,
	kind TEXT NOT NULL, -- event_type, canvas, camera, label, hour, transition, learning_event, color, explanation
	name TEXT NOT NULL,
	n    INTEGER NOT NULL,
	PRIMARY KEY (kind, day, name)
) STRICT, WITHOUT ROWID;

-- What an event says about the learner, by the palette. It has the id of the event.
CREATE TABLE learned (
	id         INTEGER PRIMARY KEY,
	from_code  TEXT,            -- NULL: the event is no change of colour
	to_code    TEXT,
	from_color TEXT,
	to_color   TEXT,
	step       TEXT,            -- NULL: none
	misclick   INTEGER NOT NULL -- 1: it was taken back within a minute, or took something back
) STRICT;

CREATE VIEW canvas_changes AS
SELECT event_id AS change_id, canvas_id,
	CASE event_type
		WHEN 'canvas_created' THEN 'create' WHEN 'node_added' THEN 'create' WHEN 'edge_added' THEN 'create'
		WHEN 'canvas_deleted' THEN 'delete' WHEN 'node_removed' THEN 'delete' WHEN 'edge_removed' THEN 'delete'
		WHEN 'canvas_renamed' THEN 'rename' WHEN 'node_moved' THEN 'move' ELSE 'update'
	END AS change_type,
	coalesce(node_id, line ->> '$.details.edge_id') AS node_id,
	coalesce(line ->> '$.details.node_type', CASE WHEN event_type LIKE 'edge#_%' ESCAPE '#' THEN 'edge' END) AS node_type,
	CASE event_type
		WHEN 'node_color_change' THEN line ->> '$.details.old_color'
		WHEN 'node_text_change' THEN line ->> '$.details.old_text'
		WHEN 'node_removed' THEN line -> '$.details.node'
		WHEN 'edge_removed' THEN line -> '$.details.edge'
		WHEN 'canvas_renamed' THEN line ->> '$.details.old_canvas_id'
		ELSE line -> '$.details.old'
	END AS old_content,
	CASE event_type
		WHEN 'node_color_change' THEN line ->> '$.details.new_color'
		WHEN 'node_text_change' THEN line ->> '$.details.new_text'
		WHEN 'node_added' THEN line -> '$.details.node'
		WHEN 'edge_added' THEN line -> '$.details.edge'
		WHEN 'canvas_renamed' THEN canvas_id
		ELSE line -> '$.details.new'
	END AS new_content,
	timestamp, canvas_id AS file_path, event_type, day
FROM events
WHERE canvas_id IS NOT NULL AND event_type IN (
	'canvas_created', 'canvas_renamed', 'canvas_deleted', 'node_added', 'node_removed', 'node_color_change',
	'node_text_change', 'node_moved', 'node_changed', 'edge_added', 'edge_removed', 'edge_changed');

CREATE VIEW learning_events AS
SELECT e.event_id, e.canvas_id, l.step AS event_type, e.node_id, e.line -> '$.details' AS details, e.timestamp, e.day
FROM learned l JOIN events e USING (id)
WHERE l.step IS NOT NULL AND l.misclick = 0;

CREATE VIEW color_transitions AS
SELECT e.canvas_id, e.node_id, l.from_color, l.to_color, l.from_color || '_to_' || l.to_color AS transition_type,
	e.timestamp, l.from_code, l.to_code, e.event_id, e.day
FROM learned l JOIN events e USING (id)
WHERE l.from_code IS NOT NULL AND l.misclick = 0;

CREATE VIEW daily_stats AS
SELECT day AS stat_date, boards AS total_canvas_files, changes AS total_changes, active_seconds AS total_learning_seconds,
	nodes_not_understood AS nodes_red, nodes_partial AS nodes_purple, nodes_mastered AS nodes_green, understanding_rate
FROM days;

CREATE VIEW objects AS
SELECT e.event_id, e.camera_id, e.timestamp, o.key AS position, CASE json_type(o.value, '$.label') WHEN 'text' THEN o.value ->> '$.label' END AS label,
	o.value ->> '$.confidence' AS confidence, o.value ->> '$.bbox.x' AS x, o.value ->> '$.bbox.y' AS y,
	o.value ->> '$.bbox.width' AS width, o.value ->> '$.bbox.height' AS height, e.day, e.id
FROM events e, json_each(e.line, '$.detected_objects') o
WHERE o.type = 'object';

