package pay

import (
	"embed"
	"encoding/json"
	"strings"

	"github.com/gin-gonic/gin"

	"sotto.chat/web/assets"
)

//go:embed *.json
var texts embed.FS

// languages are those that the page is written in, the fallback first.
var languages = []string{"en", "es", "pt", "de", "fr", "id", "hi", "zh", "ar"}

// remembered is the cookie of a visitor who has chosen a language: he keeps it on the way back from the checkout.
const remembered = "sotto_pay_language"

func wordsOf(language string) (map[string]string, error) {
	raw, err := texts.ReadFile(language + ".json")
	if err != nil {
		return nil, err
	}
	w := map[string]string{}
	return w, json.Unmarshal(raw, &w)
}

// tongue is the language of a page, with the tag that shapes its amounts.
type tongue struct{ language, tag string }

// tongueOf takes what the visitor chose, else the payment's language, else the browser's.
func tongueOf(c *gin.Context, payment string) tongue {
	kept, _ := c.Cookie(remembered)
	accepted := c.GetHeader("Accept-Language")
	language, ok := assets.Choose(languages, c.Query("lang"), kept, payment, accepted)
	if !ok {
		language = languages[0]
	}
	first, _, _ := strings.Cut(accepted, ",")
	first, _, _ = strings.Cut(first, ";")
	for _, tag := range []string{payment, strings.TrimSpace(first)} {
		if of, ok := assets.Choose(languages, tag); ok && of == language && len(tag) < 20 {
			return tongue{language, tag}
		}
	}
	return tongue{language, language}
}

// remember keeps a language that the visitor chose by the link.
func remember(c *gin.Context) {
	if chosen, ok := assets.Choose(languages, c.Query("lang")); ok {
		c.SetSameSite(2) // lax: it comes along when the checkout leads back
		c.SetCookie(remembered, chosen, 24*60*60, "/pay/", "", false, true)
	}
}

// choice is a link to the page in another language.
type choice struct {
	Language, Name string
	Current        bool
}

func choices(now string) (list []choice) {
	for _, l := range languages {
		w, err := wordsOf(l)
		if err == nil {
			list = append(list, choice{l, w["name"], l == now})
		}
	}
	return list
}
