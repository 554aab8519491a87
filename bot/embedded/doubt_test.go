package embedded_test

import (
	"reflect"
	"testing"

	"sotto.chat/bot/reading"
)

// What speaks against a reading makes it less likely.
func TestConfidenceFallsWithWhatSpeaksAgainstIt(t *testing.T) {
	l := openMenu(t)
	for _, c := range []struct{ sure, less string }{
		{"two teas please", "two teas zorp glimmer frand"},
		{"a scone with jam", "florp a scone blint with jam"},
		{"two teas please", "two tees plaese grumf"},
	} {
		sure, less := l.Read(c.sure, reading.State{}, "en"), l.Read(c.less, reading.State{}, "en")
		if sure.Confidence <= less.Confidence || sure.Confidence > 0.99 {
			t.Errorf("%q %.2f, %q %.2f", c.sure, sure.Confidence, c.less, less.Confidence)
		}
	}
	if r := l.Read("zorp glimmer", reading.State{}, "en"); len(r.Actions) == 0 && r.Confidence != 0 {
		t.Error(r)
	}
}

// What else a message could mean is something else, the likeliest first, and all of it leaves room for what nobody thought of.
func TestOtherReadings(t *testing.T) {
	l, found := openMenu(t), 0
	for _, b := range ownBatches(t) {
		for _, line := range b.lines {
			won := b.lexicon.Read(line.Text, line.State, b.locale)
			sum, last := won.Confidence, 1.0
			for _, o := range b.lexicon.Others(line.Text, line.State, b.locale) {
				found++
				if reflect.DeepEqual(o.Reading.Actions, won.Actions) || len(o.Reading.Actions) == 0 || o.Weight > last || o.Weight < 0 {
					t.Errorf("%q: %+v beside %+v", line.Text, o, won.Actions)
				}
				sum, last = sum+o.Weight, o.Weight
			}
			if sum > 1.001 {
				t.Errorf("%q: the readings weigh %.3f together", line.Text, sum)
			}
		}
	}
	if found < 100 {
		t.Error(found, "other readings were found in all")
	}
	if l.Others("", reading.State{}, "en") != nil || l.Others("zorp", reading.State{}, "en") != nil {
		t.Error("what means nothing means something else")
	}
	const milky = "two teas with milk"
	e := l.Explain(milky, reading.State{}, "en")
	if len(e.Others) == 0 || len(e.Signs) == 0 || !reflect.DeepEqual(e.Understood, l.Read(milky, reading.State{}, "en")) {
		t.Errorf("%+v", e)
	}
}

// Of this or that, one is asked for, and the bot cannot know which: each is a reading. What is left out is no such question.
func TestThisOrThat(t *testing.T) {
	l := openMenu(t)
	for text, want := range map[string]int{"an orange juice or an apple juice": 2, "a scone with jam or butter": 2, "a scone and an apple juice": 0,
		"a scone without jam or butter": 0} {
		r, likely := l.Read(text, reading.State{}, "en"), 0
		for _, o := range l.Others(text, reading.State{}, "en") {
			if o.Weight >= 0.2 {
				likely++
			}
		}
		if likely != want || want > 0 != (r.Confidence < 0.5) {
			t.Errorf("%q: %d others are likely beside %.2f for %+v", text, likely, r.Confidence, r.Actions)
		}
	}
}
