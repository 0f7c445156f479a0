package course

import (
	"bytes"
	"encoding/gob"
	"time"

	"daybook/learning"
)

// saved is a Course as MarshalBinary writes it.
type saved struct {
	Colors learning.Colors
	Days   map[string]savedDay
}

type savedDay struct {
	Events int
	Active time.Duration
	Cards  map[learning.Role]int
	Told   bool // Cards are known: gob knows no difference between none and nil
}

// MarshalBinary returns the Course for UnmarshalBinary of one with the same palette, made of the same program: it is for who
// goes on later, with days behind these, and no format. The day that was begun last ends.
func (c *Course) MarshalBinary() ([]byte, error) {
	c.end()
	s := saved{c.colors, make(map[string]savedDay, len(c.days))}
	for name, d := range c.days {
		s.Days[name] = savedDay{d.events, d.active + d.study.Active(), d.cards, d.cards != nil}
	}
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(s)
	return b.Bytes(), err
}

// UnmarshalBinary makes the Course, of which no day has begun, the one that MarshalBinary wrote. After an error it is of no
// use.
func (c *Course) UnmarshalBinary(data []byte) error {
	var s saved
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&s); err != nil {
		return err
	}
	if s.Colors != nil {
		c.colors = s.Colors
	}
	for name, from := range s.Days {
		d := c.day(name)
		d.events, d.active, d.cards = from.Events, from.Active, from.Cards
		if from.Told && d.cards == nil {
			d.cards = map[learning.Role]int{}
		}
	}
	return nil
}
