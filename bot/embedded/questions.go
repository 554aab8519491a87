package embedded

import (
	"sotto.chat/bot/reading"
	"sotto.chat/catalog"
)

type questionIndex struct{ examples []int }

func compileQuestions(qs []catalog.FileQuestion, langs []*language) *questionIndex {
	return &questionIndex{}
}

func (r *reader) askMerchant() {
	if r.open && len(r.out) == 0 {
		r.out = append(r.out, reading.Action{Kind: reading.Ask})
	}
}
