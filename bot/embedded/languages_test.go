package embedded_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sotto.chat/bot/embedded"
	"sotto.chat/bot/reading"
	"sotto.chat/catalog"
)

// tables are the languages with a table of messages in testdata.
var tables = map[string]string{"en": "english", "es": "spanish", "pt": "portuguese", "de": "german", "fr": "french", "id": "indonesian",
	"zh": "chinese", "ar": "arabic", "hi": "hindi"}

// openMenuIn compiles the small shop with the names that it has in a language.
func openMenuIn(t testing.TB, locale string) *embedded.Lexicon {
	t.Helper()
	raw, err := os.ReadFile("testdata/names.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]map[string][]string
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	if all[locale] == nil {
		return openMenu(t)
	}
	file, err := os.Open("testdata/menu.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	f, problems, err := catalog.DecodeFile(file)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	rename(&f, all[locale])
	return embedded.Compile(f)
}

func rename(f *catalog.File, names map[string][]string) {
	call := func(id string, name *string, synonyms *[]string) {
		if n := names[id]; len(n) > 0 {
			*name, *synonyms = n[0], n[1:]
		}
	}
	for i := range f.Products {
		p := &f.Products[i]
		call(p.SKU, &p.Name, &p.Synonyms)
		for j := range p.Options {
			g := &p.Options[j]
			call(g.ID, &g.Name, new([]string))
			for k := range g.Choices {
				call(g.Choices[k].ID, &g.Choices[k].Name, &g.Choices[k].Synonyms)
			}
		}
		for _, v := range p.Variants {
			for key := range v.Attributes {
				v.Attributes[key] = names[v.SKU][0]
			}
		}
	}
	for i := range f.Categories {
		call(f.Categories[i].ID, &f.Categories[i].Name, &f.Categories[i].Synonyms)
	}
	for i := range f.Questions {
		f.Questions[i].Examples = names[f.Questions[i].ID]
	}
}

// Every language knows every concept, and every language that is spoken by its name.
func TestLanguagesKnowTheSame(t *testing.T) {
	files, err := filepath.Glob("lang/*.json")
	if err != nil || len(files) != len(tables) {
		t.Fatal(files, err)
	}
	type language struct {
		Code      string
		Concepts  map[string][]string
		Numbers   map[string]int
		Ordinals  map[string]int
		Languages map[string][]string
	}
	known := map[string]language{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var l language
		if err := json.Unmarshal(raw, &l); err != nil {
			t.Fatal(f, err)
		}
		known[l.Code] = l
	}
	want := slices.Sorted(maps.Keys(known["en"].Concepts))
	for code, l := range known {
		if got := slices.Sorted(maps.Keys(l.Concepts)); !slices.Equal(got, want) {
			t.Errorf("%s has the concepts %v, English %v", code, got, want)
		}
		for name, phrases := range l.Concepts {
			if len(phrases) == 0 {
				t.Errorf("%s: %s has no phrase", code, name)
			}
		}
		for other := range known {
			if len(l.Languages[other]) == 0 {
				t.Errorf("%s has no name for %s", code, other)
			}
		}
		values := slices.Collect(maps.Values(l.Numbers))
		for n := 1; n <= 20; n++ {
			if !slices.Contains(values, n) {
				t.Errorf("%s cannot count to %d", code, n)
			}
		}
		if places := slices.Collect(maps.Values(l.Ordinals)); !slices.Contains(places, 3) || !slices.Contains(places, -1) {
			t.Errorf("%s lacks a place in the order", code)
		}
	}
}

// A message is in the language of its words; the locale holds where they do not tell.
func TestDetection(t *testing.T) {
	lexicon := openMenu(t)
	for code, messages := range map[string][]string{
		"en": {"I would like two of them please", "where is my order?", "thank you very much", "no thanks", "in English please"},
		"es": {"quiero dos por favor", "¿dónde está mi pedido?", "muchas gracias", "en español por favor"},
		"pt": {"queria dois por favor", "onde está meu pedido?", "muito obrigado", "não, obrigado", "em português por favor"},
		"de": {"ich hätte gern zwei bitte", "wo ist meine Bestellung?", "vielen Dank", "nein danke", "auf Deutsch bitte"},
		"fr": {"j'en voudrais deux s'il vous plaît", "où est ma commande ?", "merci beaucoup", "non merci", "en français s'il vous plaît"},
		"id": {"saya mau dua ya", "di mana pesanan saya?", "terima kasih banyak", "tidak, terima kasih", "pakai bahasa indonesia"},
		"zh": {"我要两杯，谢谢", "我的订单在哪？", "非常感谢", "不用了，谢谢", "请说中文", "要2杯latte"},
		"ar": {"أريد اثنين من فضلك", "أين طلبي؟", "شكرا جزيلا", "لا شكرا", "بالعربي من فضلك"},
		"hi": {"mujhe do chahiye bhaiya", "mera order kahan hai?", "bahut shukriya", "nahi, shukriya", "hindi mein baat karo", "do de do aur ek aur"},
	} {
		for locale := range tables {
			for _, m := range messages {
				if got := lexicon.Read(m, reading.State{}, locale).Language; got != code {
					t.Errorf("%q in a talk in %s: %s", m, locale, got)
				}
			}
			for _, m := range []string{"ok", "OK!", "👍", "2", "x", "???"} {
				if got := lexicon.Read(m, reading.State{}, locale).Language; got != locale {
					t.Errorf("%q in a talk in %s: %s", m, locale, got)
				}
			}
		}
	}
}

// A no is never a yes, in any language and in every talk.
func TestNoIsNeverYes(t *testing.T) {
	for _, m := range []string{"no", "no thanks", "not yet", "no gracias", "todavía no", "não", "não, obrigado", "ainda não", "agora não", "nein", "nein danke",
		"noch nicht", "lieber nicht", "auf keinen Fall", "bitte nicht", "non", "non merci", "pas encore", "surtout pas", "tidak", "tidak, terima kasih", "belum",
		"jangan", "nggak", "jangan dulu", "ja nein", "sim não", "oui non", "claro que não", "natürlich nicht", "bien sûr que non", "tentu tidak", "ok não", "ok non",
		"ok nein", "ok tidak", "ok belum", "不", "不是", "不要", "不用", "不用了", "不了", "不行", "不对", "不可以", "不好", "不必", "不需要", "先不", "先不要", "先别", "别下单",
		"不要下单", "还没", "还没有", "没有", "暂时不要", "算了", "不想要了", "不确认", "不同意", "当然不", "好不好", "行不行", "是不是", "要不要", "可不可以", "对不对", "好像不对", "不太好", "是的不对",
		"好的，先不要", "可以不下单吗", "ok不要", "等一下", "我想想", "不是不行", "لا", "لا شكرا", "كلا", "ليس الآن", "لسه", "ليس بعد", "مش عايز",
		"مو الحين", "لا أريد", "غير موافق", "لا أوافق", "طبعا لا", "نعم لا", "أكيد لا", "تمام لا", "ok لا", "مش تمام", "مو صحيح", "غير صحيح", "هل هذا صحيح؟", "نعم ولكن انتظر",
		"لا تؤكد الطلب", "ربما نعم", "يمكن", "nahi", "nahin", "nhi", "ji nahi", "nahi ji", "abhi nahi", "abhi mat karo", "mat karo", "rehne do", "baad mein",
		"nahi chahiye", "galat hai", "sahi nahi hai", "theek nahi hai", "bilkul nahi", "haan nahi", "ok nahi", "confirm mat karo", "order mat karo", "theek hai kya", "haan ya nahi?",
		"haan lekin ruko", "nel", "no espera", "mejor no", "pode ser que não", "não pode ser", "agora n", "nö lass mal", "ja aber moment noch", "nan merci",
		"c'est pas bon", "oui mais attends", "ntar dulu", "gak dulu deh", "ya udah ga jadi", "ya sudah batal saja", "nhi yaar", "abhi rehne do", "先不要了", "好的等会儿", "不下单了", "لا استنى", "مو الحين", "لا مش كده",
		"yes i am not sure", "shayad", "pata nahi", "na", "nahi nahi", "confirm nahi karna"} {
		for locale := range tables {
			state := reading.State{Asked: reading.AskedConfirm, Cart: []reading.CartLine{{Line: "l1", SKU: "TEA", Quantity: 1}}}
			for _, a := range openMenuIn(t, locale).Read(m, state, locale).Actions {
				if a.Kind == reading.Confirm {
					t.Errorf("%q in a talk in %s is a yes", m, locale)
				}
			}
		}
	}
}

// The data of languages names no shop's goods.
func TestLanguagesNameNoGoods(t *testing.T) {
	files, err := filepath.Glob("lang/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"pizza", "burger", "coffee", "café", "kaffee", "nasi", "kopi", "teh", "cola"} {
			if strings.Contains(string(raw), "\""+word+"\"") {
				t.Errorf("%s names %s", f, word)
			}
		}
	}
}
