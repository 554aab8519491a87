// Package lessons keeps what the bot could not read, what staff and customers say that it meant, and what merchants may teach it from that.
package lessons

import "math"

// Trial is one message that somebody typed to see what the bot makes of it. Nothing of it is kept, and nothing is done.
type Trial struct {
	Language   string      `json:"language"`
	Languages  []Weighed   `json:"languages"`
	Words      []string    `json:"words"`
	Stretches  []Stretch   `json:"stretches"`
	Question   *Weighed    `json:"nearest_question,omitempty"`
	Confidence float64     `json:"confidence"`
	Actions    []TrialDeed `json:"actions"`
	Unread     []string    `json:"unread"`
	Others     []TrialDeed `json:"others"` // what else the whole message could mean, the likeliest first
	Asks       bool        `json:"asks"`   // the bot would ask what was meant
	Why        []string    `json:"why"`
}

// Weighed is a name with what speaks for it.
type Weighed struct {
	Name   string  `json:"name"`
	Weight float64 `json:"weight"`
}

// Stretch is some words of a message with one thing that they may mean.
type Stretch struct {
	Text    string  `json:"text"`
	Meaning string  `json:"meaning"`
	Weight  float64 `json:"weight"`
	Chosen  bool    `json:"chosen"`
}

// TrialDeed is one thing that the bot would do, in words and as it is.
type TrialDeed struct {
	Kind string `json:"kind"`
	Deed string `json:"deed"` // the action as JSON; of a whole reading, the list of them
	// Weight is how likely a whole reading is, of one.
	Weight float64 `json:"weight,omitempty"`
}

// Round keeps two digits, so that weights can be read.
func Round(w float64) float64 { return math.Round(w*100) / 100 }
