// Package odds tells how likely a reading is right, from what it shows of itself.
//
// The likelihood is a logistic function of a few signs. Its numbers are data, odds.json, which scripts/reliability fits
// to public messages of many shops and languages and holds against sets that it has not seen.
package odds

import (
	_ "embed" // the numbers
	"encoding/json"
	"fmt"
	"math"
)

// Sign names one thing that a reading shows of itself.
type Sign int

// The signs. Shares are of the message's words; what is counted grows slower the more there is of it.
const (
	Unknown      Sign = iota // share of words that nobody knows, of a message that asks for no goods
	UnknownOrder             // the same of an order
	Strange                  // how many such words there are in an order
	Doubt                    // what the grammar itself found doubtful in an order
	Mended                   // words of it whose spelling was mended
	Part                     // names of which only a part was said
	Several                  // names that several products have
	Left                     // goods that were understood and not acted on
	Idle                     // names of the catalog that nothing was made of
	Pointed                  // goods that were not named: "that one"
	Narrowed                 // words that nobody knows right before the name of a product, which may tell it from others
	Asking                   // it asks something, too
	Close                    // how near the next way to cut it comes, from 0 to 1
	Torn                     // how near the next way to tell which choice belongs to which product comes, from 0 to 1
	Noted                    // words were kept as a note
	Orders                   // it adds goods
	Edits                    // it changes what is in the cart
	Yes
	WordyYes   // words of a yes
	StrangeYes // those of them that nobody knows
	No
	WordyNo
	Serves // it is about an order, the way it takes or the customer's data
	Looks
	Open   // a question that nothing answers
	Asks   // one of the merchant's own questions
	Alike  // how like its examples the message is
	Ahead  // how much more than those of the next question
	Beside // how near a question of the merchant's comes that was not taken
	Mixed  // kinds of action beyond the first, beside an order or a yes
	signs
)

// names are the signs in the data.
func names() [signs]string {
	return [signs]string{"unknown", "unknown in an order", "strange words", "doubt", "mended", "part", "several", "left", "idle", "pointed",
		"narrowed", "asking", "close", "torn", "noted", "orders", "edits", "yes", "wordy yes", "strange yes", "no", "wordy no", "serves", "looks",
		"open", "asks", "alike", "ahead", "beside", "mixed"}
}

// Signs are what one reading shows.
type Signs [signs]float64

// Named gives the signs by their names, without those that are absent.
func (s *Signs) Named() map[string]float64 {
	out := map[string]float64{}
	for i, name := range names() {
		if s[i] != 0 {
			out[name] = s[i]
		}
	}
	return out
}

// Model is what signs are worth.
type Model struct {
	bias    float64
	weights Signs
}

//go:embed odds.json
var fitted []byte

// Fitted gives the model that the program comes with. It is part of the program, so a broken one is a panic that any
// test finds.
func Fitted() *Model {
	m, err := parse(fitted)
	if err != nil {
		panic(err)
	}
	return m
}

func parse(raw []byte) (*Model, error) {
	var file struct {
		Bias    float64            `json:"bias"`
		Weights map[string]float64 `json:"weights"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, fmt.Errorf("odds: %w", err)
	}
	m := &Model{bias: file.Bias}
	for i, name := range names() {
		w, ok := file.Weights[name]
		if !ok {
			return nil, fmt.Errorf("odds: no weight of %q", name)
		}
		m.weights[i] = w
	}
	if len(file.Weights) != int(signs) {
		return nil, fmt.Errorf("odds: %d weights for %d signs", len(file.Weights), signs)
	}
	return m, nil
}

// Right is the likelihood that a reading with these signs is right as a whole.
func (m *Model) Right(s *Signs) float64 {
	z := m.bias
	for i, w := range m.weights {
		z += w * s[i]
	}
	return 1 / (1 + math.Exp(-z))
}

// Moved tells by name what each sign of a reading did to its likelihood, in log odds; what did hardly anything is left out.
func (m *Model) Moved(s *Signs) map[string]float64 {
	out := map[string]float64{}
	for i, name := range names() {
		if by := m.weights[i] * s[i]; math.Abs(by) >= 0.1 {
			out[name] = by
		}
	}
	return out
}
