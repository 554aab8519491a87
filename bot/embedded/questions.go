package embedded

import (
	"cmp"
	"math"
	"slices"

	"sotto.chat/bot/reading"
	"sotto.chat/catalog"
	"sotto.chat/catalog/search"
)

// How alike a message and an example must be before the merchant's question is taken as asked; beside another reading
// the likeness must be plainer.
const (
	alikeEnough = 0.45
	alikeBeside = 0.58
	// What the bot can answer by itself, and what is a yes, is left to the merchant's question only where that is nearly the same.
	alikeOwn = 0.8
	// A question with several examples that are alike is more likely than one with a single one.
	weightNearest = 0.7
	weightMean    = 0.3
	nearestCount  = 3
	weightJudge   = 0.5
	trustedFrom   = 0.25
)

// plainFrom is the length from which a letter changed for another is a slip rather than another word.
const plainFrom = 7

// Weights of what is compared: whole words say most, pieces of words bridge typos and endings.
const (
	weightWord  = 1.0
	weightPair  = 0.6
	weightPiece = 0.35
	pieceLength = 4
	weightTopic = 0.5 // what a phrase of the language is about, so that "track" and "where is" are alike
	weightSmall = 0.5 // of a small word's features: "the", "would"
)

// questionIndex holds the merchant's questions with their examples, findable by words and pieces of words.
type questionIndex struct {
	ids      []string
	owner    []int32 // example → question
	features map[string]int32
	idf      []float64
	postings [][]posting
	rare     float64 // the weight of what stands in no example
	typos    *search.Spelling
	written  map[string]bool // the words of the examples
	judge    *classifier
}

// posting is an entry of a list: an example that has a feature, or a feature that an example has.
type posting struct {
	example int32
	weight  float32
}

func (l *Lexicon) compileQuestions(questions []catalog.FileQuestion) *questionIndex {
	ix := &questionIndex{features: map[string]int32{}, written: map[string]bool{}}
	var examples [][]feature
	for i, q := range questions {
		ix.ids = append(ix.ids, q.ID)
		for _, text := range q.Examples {
			tokens := tokenise(text)
			for i := range tokens {
				ix.written[tokens[i].word] = true
			}
			lang, _, _ := l.detect(text, tokens, "")
			if f := features(tokens, lang, lang.find(tokens, nil)); len(f) > 0 {
				examples = append(examples, f)
				ix.owner = append(ix.owner, int32(i))
			}
		}
	}
	ix.typos = search.NewSpelling(ix.written, plainFrom)
	ix.weigh(examples)
	vectors := make([]example, len(examples))
	for e, f := range examples {
		vectors[e].class = ix.owner[e]
		norm := 0.0
		for _, x := range f {
			w := x.weight * ix.idf[ix.features[x.name]]
			norm += w * w
		}
		norm = math.Sqrt(norm)
		for _, x := range f {
			id := ix.features[x.name]
			weight := float32(x.weight * ix.idf[id] / norm)
			ix.postings[id] = append(ix.postings[id], posting{int32(e), weight})
			vectors[e].features = append(vectors[e].features, posting{id, weight})
		}
		slices.SortFunc(vectors[e].features, func(a, b posting) int { return cmp.Compare(a.example, b.example) })
	}
	ix.judge = trainClassifier(vectors, len(ix.idf), len(ix.ids))
	return ix
}

// weigh gives every feature its weight: what stands in few examples tells more.
func (ix *questionIndex) weigh(examples [][]feature) {
	var count []int
	for _, f := range examples {
		for _, x := range f {
			id, ok := ix.features[x.name]
			if !ok {
				id = int32(len(count))
				ix.features[x.name] = id
				count = append(count, 0)
			}
			count[id]++
		}
	}
	n := float64(len(examples))
	ix.idf = make([]float64, len(count))
	ix.postings = make([][]posting, len(count))
	for id, k := range count {
		ix.idf[id] = math.Log(1 + n/float64(k))
	}
	ix.rare = math.Log(1 + n)
}

// feature is a word, a pair of words, a piece of a word, or what some words are about.
type feature struct {
	name   string
	weight float64
}

// features lists what a text is compared by, each once and in the order of the text, so that sums never depend on chance.
func features(tokens []token, lang *language, hits []hit) []feature {
	out := make([]feature, 0, 12*len(tokens))
	seen := make(map[string]bool, 12*len(tokens))
	put := func(name string, weight float64) {
		if !seen[name] {
			seen[name] = true
			out = append(out, feature{name, weight})
		}
	}
	before := ""
	for i := range tokens {
		w := search.Stem(tokens[i].word)
		if unspaced(w) { // a letter says what a piece of a word does, two together what a word does
			put("w"+w, weightPiece)
			if before != "" && tokens[i].start == tokens[i-1].end {
				put("p"+before+" "+w, weightWord)
			}
			before = w
			continue
		}
		share := 1.0
		if lang.minor[tokens[i].word] {
			share = weightSmall
		}
		put("w"+w, weightWord*share)
		if before != "" {
			put("p"+before+" "+w, weightPair)
		}
		before = w
		if len(w) > pieceLength-2 {
			padded := "^" + w + "$"
			for j := 0; j+pieceLength <= len(padded); j++ {
				put("c"+padded[j:j+pieceLength], weightPiece*share)
			}
		}
	}
	for i := range hits {
		for _, s := range hits[i].senses {
			if topical.has(s.concept) {
				put(string([]byte{'k', byte(s.concept)}), weightTopic)
			}
		}
	}
	return out
}

// find gives the question that a text is most like, and how alike they are from 0 to 1. The second value is how much
// better it fits than the next one. One question may be barred.
func (ix *questionIndex) find(tokens []token, lang *language, hits []hit, bar string) (id string, alike, margin float64) {
	if len(ix.owner) == 0 {
		return "", 0, 0
	}
	scores := make([]float32, len(ix.owner))
	var vector []posting
	norm := 0.0
	for _, x := range features(ix.mended(tokens), lang, hits) {
		f, ok := ix.features[x.name]
		w := x.weight
		if !ok {
			norm += w * w * ix.rare * ix.rare
			continue
		}
		w *= ix.idf[f]
		norm += w * w
		vector = append(vector, posting{f, float32(w)})
		for _, p := range ix.postings[f] {
			scores[p.example] += p.weight * float32(w)
		}
	}
	if norm == 0 {
		return "", 0, 0
	}
	norm = math.Sqrt(norm)
	for i := range vector {
		vector[i].weight /= float32(norm)
	}
	slices.SortFunc(vector, func(a, b posting) int { return cmp.Compare(a.example, b.example) })
	best, second, which := ix.rank(scores, float32(norm), vector, bar)
	return ix.ids[which], best, best - second
}

// mended takes apart what lost the space between two words of the examples, and corrects what is nearly one of them.
func (ix *questionIndex) mended(tokens []token) []token {
	out := make([]token, 0, len(tokens)+2)
	for _, t := range tokens {
		if len(t.word) < search.MinTypo || t.word[0] < 'a' || ix.written[t.word] {
			out = append(out, t)
			continue
		}
		if cut := ix.seam(t.word); cut > 0 {
			out = append(out, token{word: t.word[:cut]}, token{word: t.word[cut:]})
			continue
		}
		if near, d := ix.typos.Nearest(t.word); d == 1 && len(t.word) >= plainFrom {
			t.word = near
		}
		out = append(out, t)
	}
	return out
}

// seam is where a word falls into two words of the examples, 0 for nowhere.
func (ix *questionIndex) seam(w string) int {
	if len(w) < plainFrom {
		return 0
	}
	for cut := minStem; cut <= len(w)-minGlued; cut++ {
		if ix.written[w[:cut]] && ix.written[w[cut:]] {
			return cut
		}
	}
	return 0
}

// rank sums up the scores of the examples by question, together with what the classifier says.
func (ix *questionIndex) rank(scores []float32, norm float32, vector []posting, bar string) (best, second float64, which int32) {
	top := make([][nearestCount]float32, len(ix.ids))
	for e, s := range scores {
		t := &top[ix.owner[e]]
		for k := range t {
			if s > t[k] {
				s, t[k] = t[k], s
			}
		}
	}
	judged := make([]float32, len(ix.ids))
	ix.judge.predict(vector, judged)
	for q := range top {
		if bar != "" && ix.ids[q] == bar {
			continue
		}
		sum := float32(0)
		for _, s := range top[q] {
			sum += s
		}
		likeness := float64(weightNearest*top[q][0]+weightMean*sum/nearestCount) / float64(norm)
		score := likeness
		if chance := 1 / float64(len(ix.ids)); chance < 1 {
			trust := min(1, likeness/trustedFrom) // what is like no example is not the least unlikely one either
			above := max(0, (float64(judged[q])-chance)/(1-chance))
			score = likeness*(1-weightJudge) + weightJudge*trust*above
		}
		if score > best {
			best, second, which = score, best, int32(q)
		} else if score > second {
			second = score
		}
	}
	return best, second, which
}

// says tells whether the reading holds an action of a kind.
func (r *reader) says(kind string) bool {
	return slices.ContainsFunc(r.out, func(a reading.Action) bool { return a.Kind == kind })
}

// askMerchant adds the merchant's own question that the message asks. A question that nothing answers is said to be one.
func (r *reader) askMerchant() {
	id, alike, margin := r.lex.questions.find(r.tokens, r.lang, r.hits, r.bar.question)
	r.asked, r.alike, r.apart = id, alike, margin
	enough := alikeEnough
	if r.acts() || r.says(reading.ShowProduct) || r.hinted {
		enough = alikeBeside
	}
	if r.says(reading.Ask) || r.says(reading.Confirm) {
		enough = alikeOwn
	}
	switch {
	case id != "" && alike >= enough:
		// The merchant's own words on a thing stand before what is read of it in general.
		r.out = slices.DeleteFunc(r.out, func(a reading.Action) bool { return a.Kind == reading.Search || a.Kind == reading.Ask })
		r.out = append(r.out, reading.Action{Kind: reading.Ask, Question: id})
		if margin < 0.05 {
			r.doubt += 0.2
		}
	case r.open && (r.onlyCourteous() || r.wonders && (r.says(reading.Add) || r.says(reading.Change) || r.says(reading.Remove))):
		r.out = append(r.out, reading.Action{Kind: reading.Ask})
	}
}

// classifier is a multinomial logistic regression, trained on a merchant's examples when the catalog is compiled. It
// tells which question fits best; whether any fits is for the likeness to the examples to say.
type classifier struct {
	classes int
	weights [][]float32 // by feature, then class
}

// example is a text as features with weights of length one.
type example struct {
	features []posting // feature and weight
	class    int32
}

const (
	learningRate = 1.2
	mostEpochs   = 24
	trainBudget  = 4_000_000 // examples × classes × epochs, so that many questions do not hold up the start
)

func trainClassifier(examples []example, features, classes int) *classifier {
	c := &classifier{classes: classes, weights: make([][]float32, features)}
	if len(examples) == 0 || classes < 2 {
		return c
	}
	flat := make([]float32, features*classes)
	for f := range c.weights {
		c.weights[f] = flat[f*classes : (f+1)*classes]
	}
	epochs := min(mostEpochs, max(3, trainBudget/(len(examples)*classes)))
	p := make([]float32, classes)
	for epoch := range epochs {
		rate := float32(learningRate / (1 + 0.2*float64(epoch)))
		for step := range examples {
			c.learn(&examples[(step*stride(len(examples))+epoch)%len(examples)], p, rate)
		}
	}
	return c
}

// stride mixes the order of the examples, which come sorted by question, the same way each time.
func stride(n int) int {
	for s := n*5/8 + 1; ; s++ {
		if gcd(s, n) == 1 {
			return s
		}
	}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func (c *classifier) learn(e *example, p []float32, rate float32) {
	c.predict(e.features, p)
	p[e.class]--
	for _, f := range e.features {
		row, step := c.weights[f.example], rate*f.weight
		for k := range row {
			row[k] -= step * p[k]
		}
	}
}

// predict fills p with the probability of each class.
func (c *classifier) predict(features []posting, p []float32) {
	clear(p)
	for _, f := range features {
		for k, w := range c.weights[f.example] {
			p[k] += sharpness * w * f.weight
		}
	}
	top, sum := p[0], float32(0)
	for _, v := range p {
		top = max(top, v)
	}
	for k, v := range p {
		p[k] = float32(math.Exp(float64(v - top)))
		sum += p[k]
	}
	for k := range p {
		p[k] /= sum
	}
}

// sharpness makes up for texts being of length one, whose raw scores are small.
const sharpness = 3
