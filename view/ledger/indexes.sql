-- Each index of some events only costs nobody who has none of them. Those of boards and cameras have the timestamp, for the newest
-- of one; a card has few events.
CREATE INDEX IF NOT EXISTS events_of_canvas ON events (canvas_id, timestamp) WHERE canvas_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS events_of_camera ON events (camera_id, timestamp) WHERE camera_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS events_of_node ON events (node_id) WHERE node_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS events_of_day ON events (day);
