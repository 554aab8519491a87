package channels

import "sotto.chat/privacy/cards"

// masked takes the numbers of payment cards out of what came in. It comes before everything that keeps or logs: nothing behind it has
// ever seen one.
func masked(in Incoming) Incoming {
	in.Text = in.hide(in.Text)
	if !offered(in.Tap) {
		in.Tap = in.hide(in.Tap)
	}
	if len(in.Media) > 0 {
		in.Media = append([]Media(nil), in.Media...)
		for i := range in.Media {
			in.Media[i].Name = in.hide(in.Media[i].Name)
		}
	}
	if form, found := cards.MaskJSON(in.Form); found {
		in.Form, in.Card = form, true
	}
	in.Name, _ = cards.Mask(in.Name)
	raw, found := cards.MaskJSON(in.Raw)
	if in.Card && !found {
		raw = nil // it is written there in a way that only the platform's translator reads
	}
	in.Raw = raw
	return in
}

func (in *Incoming) hide(text string) string {
	text, found := cards.Mask(text)
	in.Card = in.Card || found
	return text
}

// offered tells whether a tap has the form of those that our own buttons send: nobody types them, and the numbers of articles in them
// must come back as they went.
func offered(tap string) bool {
	for _, r := range tap {
		switch {
		case r == ':':
			return true
		case (r < 'a' || r > 'z') && r != '_':
			return false
		}
	}
	return false
}
