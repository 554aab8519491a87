package llm

import (
	"github.com/tmc/langchaingo/llms"

	"sotto.chat/bot/reading"
)

type object = map[string]any

// tools is the closed set of what a model can propose. Lists that are empty for this merchant take their tool away.
func tools(s *menu) []llms.Tool {
	sku := oneOf(s.skus)
	options := object{"type": "array", "items": schema(object{
		"group": text("option group"), "choice": text("choice in that group"),
		"amount": oneOf([]string{reading.Extra, reading.Light, reading.None}), "count": whole(1, 20),
	}, "group", "choice")}
	order := text("order number, if the customer wrote one")
	all := []llms.Tool{
		tool("simple", "anything that needs no detail", schema(object{"kind": oneOf(simple())}, "kind")),
		tool(reading.Search, "look for products", schema(object{"query": text("words to search for")}, "query")),
		tool("order", "about an order made before", schema(object{"kind": oneOf(orderKinds()), "order": order}, "kind")),
		tool(reading.SetDelivery, "how to get the order", schema(object{
			"method": oneOf([]string{reading.Delivery, reading.Pickup, reading.EatIn})}, "method")),
		tool(reading.SetAddress, "where to deliver to", schema(object{"text": text("the address, copied")}, "text")),
		tool(reading.SetLanguage, "speak another language", schema(object{"language": text("two-letter code")}, "language")),
		tool(reading.ApplyCode, "use a voucher", schema(object{"code": text("the code, copied")}, "code")),
		tool(reading.Privacy, "own data", schema(object{"about": oneOf(privacyKinds())}, "about")),
		tool(reading.Rate, "give a score", schema(object{"score": whole(0, 10)}, "score")),
	}
	if len(s.skus) > 0 {
		all = append(all,
			tool(reading.Add, "put into the cart", schema(object{"sku": sku, "quantity": whole(1, 999), "options": options,
				"note": text("a wish for the kitchen or shop, copied")}, "sku")),
			tool(reading.ShowProduct, "tell about one product", schema(object{"sku": sku}, "sku")))
	}
	if len(s.lines) > 0 {
		line := oneOf(s.lines)
		all = append(all,
			tool(reading.Change, "change a line of the cart", schema(object{"line": line, "quantity": whole(1, 999),
				"options": options, "note": text("copied")}, "line")),
			tool(reading.Remove, "take a line out of the cart; quantity only for a part of it",
				schema(object{"line": line, "quantity": whole(1, 999)}, "line")))
	}
	if s.shown > 0 {
		all = append(all, tool(reading.Choose, "pick from what was shown", schema(object{"number": whole(1, s.shown)}, "number")))
	}
	if len(s.shelves) > 0 {
		all = append(all, tool(reading.Browse, "look through a category", schema(object{"category": oneOf(s.shelves)})))
	}
	if len(s.texts) > 0 {
		all = append(all, tool(word, "say one of the shop's texts in other words, warmly and briefly, in its language, with every {placeholder} of it once; beside the other calls",
			schema(object{"outcome": oneOf(s.texts), "text": text("the words")}, "outcome", "text")))
	}
	if len(s.questions) > 0 {
		all = append(all, tool(reading.Ask, "one of the questions that the shop has an answer to",
			schema(object{"question": oneOf(s.questions)}, "question")))
	}
	return all
}

func orderKinds() []string {
	return []string{reading.OrderStatus, reading.CancelOrder, reading.Reorder, reading.ReturnOrder, reading.ReportProblem}
}

func privacyKinds() []string {
	return []string{reading.Export, reading.Erase, reading.Stop, reading.Start, reading.Private, reading.WhoRead}
}

func tool(name, description string, parameters object) llms.Tool {
	return llms.Tool{Type: "function", Function: &llms.FunctionDefinition{Name: name, Description: description, Parameters: parameters}}
}

func schema(properties object, required ...string) object {
	s := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

func text(what string) object      { return object{"type": "string", "description": what} }
func oneOf(values []string) object { return object{"type": "string", "enum": values} }
func whole(least, most int) object {
	return object{"type": "integer", "minimum": least, "maximum": most}
}
