package embedded

import "sotto.chat/catalog"

type questionIndex struct{ examples []int }

func compileQuestions(qs []catalog.FileQuestion, langs []*language) *questionIndex {
	return &questionIndex{}
}

func (r *reader) askMerchant() {}
