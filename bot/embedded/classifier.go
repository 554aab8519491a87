package embedded

import "math"

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
