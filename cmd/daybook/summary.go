package main

import (
	"fmt"
	"strings"
	"time"

	"daybook/source/vault"
)

// summarize tells a person what watching came to. Consumers are mentioned when something went wrong with them.
func summarize(s vault.Summary, took time.Duration) string {
	text := fmt.Sprintf("recorded %s of %s on %s in %s",
		count(s.Events, "event"), count(s.Saves, "save"), count(s.Boards, "board"), duration(took))
	boards := "boards"
	if s.Unsettled == 1 {
		boards = "board"
	}
	for _, more := range counts([]counted{
		{s.Late, "of them while nobody watched"},
		{s.Unreadable, "could not be read"},
		{s.Unsettled, boards + " still to be recorded"},
		{s.Retries, "tried again"},
		{s.Lost, "refused by the book"},
	}) {
		text += "; " + more
	}
	for _, c := range s.Consumers {
		if more := troubled(c); more != "" {
			text += "; " + c.Name + ": " + more
		}
	}
	return text
}

// longestList is how many boards are named.
const longestList = 10

// waiting names the boards whose latest state is not recorded.
func waiting(boards []vault.Waiting) []string {
	var list []string
	for i, w := range boards {
		if i == longestList {
			list = append(list, fmt.Sprintf("not recorded yet: %d more", len(boards)-i))
			break
		}
		list = append(list, fmt.Sprintf("not recorded yet: %s: %s", w.CanvasID, w.Reason))
	}
	return list
}

// troubled tells what went wrong with a consumer; "" if nothing did.
func troubled(c vault.ConsumerSummary) string {
	list := counts([]counted{
		{c.Failed, "failed"},
		{c.Panicked, "panicked"},
		{c.Unfinished, "left behind"},
		{c.Missed, "missed"},
	})
	if c.Slow > 0 {
		list = append(list, fmt.Sprintf("%d slow, the longest %s", c.Slow, duration(c.Longest)))
	}
	return strings.Join(list, ", ")
}

type counted struct {
	n    int
	what string
}

// counts names what there is any of.
func counts(of []counted) []string {
	var list []string
	for _, c := range of {
		if c.n > 0 {
			list = append(list, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	return list
}

// watchSummary is what watch --json says at its end.
type watchSummary struct {
	Events     int               `json:"events"`
	Saves      int               `json:"saves"`
	Boards     int               `json:"boards"`
	Late       int               `json:"late"`
	Unreadable int               `json:"unreadable"`
	Unsettled  int               `json:"unsettled"`
	Retries    int               `json:"retries"`
	Lost       int               `json:"lost"`
	Seconds    float64           `json:"seconds"`
	Waiting    []waitingBoard    `json:"waiting"`
	Consumers  []consumerSummary `json:"consumers"`
}

type waitingBoard struct {
	CanvasID string `json:"canvas_id"`
	Reason   string `json:"reason"`
}

type consumerSummary struct {
	Name       string  `json:"name"`
	Calls      int     `json:"calls"`
	Failed     int     `json:"failed"`
	Panicked   int     `json:"panicked"`
	Unfinished int     `json:"unfinished"`
	Slow       int     `json:"slow"`
	Missed     int     `json:"missed"`
	Total      float64 `json:"total_seconds"`
	Longest    float64 `json:"longest_seconds"`
}

func newWatchSummary(s vault.Summary, took time.Duration) watchSummary {
	out := watchSummary{
		Events: s.Events, Saves: s.Saves, Boards: s.Boards, Late: s.Late, Unreadable: s.Unreadable,
		Unsettled: s.Unsettled, Retries: s.Retries, Lost: s.Lost, Seconds: seconds(took),
		Waiting: []waitingBoard{}, Consumers: []consumerSummary{},
	}
	for _, w := range s.Waiting {
		out.Waiting = append(out.Waiting, waitingBoard(w))
	}
	for _, c := range s.Consumers {
		out.Consumers = append(out.Consumers, consumerSummary{
			Name: c.Name, Calls: c.Calls, Failed: c.Failed, Panicked: c.Panicked, Unfinished: c.Unfinished,
			Slow: c.Slow, Missed: c.Missed, Total: seconds(c.Total), Longest: seconds(c.Longest),
		})
	}
	return out
}

// seconds is d in seconds, to the microsecond: the number that has no more digits than that.
func seconds(d time.Duration) float64 { return float64(d.Round(time.Microsecond).Microseconds()) / 1e6 }
