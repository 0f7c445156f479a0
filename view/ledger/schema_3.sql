-- Version 3. What the files of days look like of which all is posted, so that nobody has to open them to see that.
CREATE TABLE glances (
	day    TEXT PRIMARY KEY,
	looks  TEXT NOT NULL,    -- size, time and number of each file
	posted INTEGER NOT NULL, -- what the cursor said then
	sum    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
