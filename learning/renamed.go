package learning

// OldName returns the name that the board of a canvas_renamed had before, "" if the event is none or does not say it.
func OldName(e Event) string {
	if e.Type != "canvas_renamed" {
		return ""
	}
	name, _ := text(members(e.Details, "old_canvas_id")[0])
	return name
}
