package learning_test

import (
	"strings"
	"testing"

	"daybook/learning"
)

func TestProfiles(t *testing.T) {
	for _, c := range []struct{ profile, names, roles string }{
		{
			"story", "red green purple 4 blue yellow",
			"not_understood mastered partial - explanation own_words",
		},
		{
			"jsoncanvas", "red orange yellow green cyan purple",
			"not_understood - own_words mastered explanation partial",
		},
		{
			"underwater", "grey green purple red blue yellow",
			"- mastered partial not_understood explanation own_words",
		},
	} {
		p, err := learning.Profile(c.profile)
		if err != nil {
			t.Fatal(err)
		}
		var names, roles []string
		for _, code := range []string{"1", "2", "3", "4", "5", "6"} {
			names = append(names, p.ColorName(code))
			role := string(p.Role(code))
			if role == "" {
				role = "-"
			}
			roles = append(roles, role)
		}
		if got := strings.Join(names, " "); got != c.names {
			t.Errorf("%s: names\n got %s\nwant %s", c.profile, got, c.names)
		}
		if got := strings.Join(roles, " "); got != c.roles {
			t.Errorf("%s: roles\n got %s\nwant %s", c.profile, got, c.roles)
		}
		if p.Name != c.profile {
			t.Errorf("name: got %q, want %q", p.Name, c.profile)
		}
	}
}

func TestUnknownProfile(t *testing.T) {
	if _, err := learning.Profile("solarized"); err == nil || !strings.Contains(err.Error(), `"solarized"`) {
		t.Errorf("got %v, want an error that names it", err)
	}
}

func TestTransition(t *testing.T) {
	story, err := learning.Profile("story")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		palette        learning.Palette
		old, new, want string
	}{
		{story, "1", "3", "red_to_purple"},
		{story, "", "1", "none_to_red"},
		{story, "2", "", "green_to_none"},
		{story, "4", "2", "4_to_green"},
		{story, "#ff0000", "0", "#ff0000_to_0"},
		{learning.Palette{}, "1", "", "1_to_none"},
	} {
		if got := c.palette.Transition(c.old, c.new); got != c.want {
			t.Errorf("%s: %q to %q: got %s, want %s", c.palette.Name, c.old, c.new, got, c.want)
		}
	}
	if got := story.Role(""); got != "" {
		t.Errorf("role of no colour: got %q, want none", got)
	}
}
