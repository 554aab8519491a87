package llm_test

import (
	"strings"
	"testing"

	"sotto.chat/bot"
	"sotto.chat/bot/llm"
	"sotto.chat/bot/words"
	"sotto.chat/channels"
	"sotto.chat/customers"
	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

// whispered is a message that holds everything that is private, in one language, and what must not leave of it.
type whispered struct {
	name, address, text string
	secrets             []string
}

func private() map[string]whispered {
	return map[string]whispered{
		"en": {"Ada Lovelace", "12 Mill Lane, Oxford", "send it to ADA at 12 Mill Lane near Oxford, call (020) 7946 0958, write a.l+shop@example.org, card 4242-4242-4242-4242, order 7K3M9QXA", []string{"ADA", "Mill Lane", "Oxford", "7946", "example.org", "4242", "7K3M9QXA"}},
		"es": {"Begoña Núñez", "Calle Mayor 8, Málaga", "para Begoña Núñez en calle mayor 8, tel. 612 345 678, correo begoña@ejemplo.es, tarjeta 4242 4242 4242 4242, pedido 7k3m9qxa", []string{"Begoña", "Núñez", "calle mayor", "345", "ejemplo.es", "4242", "7k3m9qxa"}},
		"pt": {"João Conceição", "Rua das Flores 21, Recife", "para o João, Rua das Flores 21, fone 81 98765-4321, e-mail joao@exemplo.com.br, cartão 4242424242424242, pedido 7K3M9QXA", []string{"João", "Flores", "98765", "exemplo", "4242", "7K3M9QXA"}},
		"de": {"Jürgen Größ", "Lindenstraße 5, 10969 Berlin", "an Herrn Größ, Lindenstraße 5, Telefon 030/1234567, Mail j.groess@beispiel.de, Karte 4242 4242 4242 4242, Bestellung 7K3M9QXA", []string{"Größ", "Lindenstraße", "1234567", "beispiel", "4242", "7K3M9QXA"}},
		"fr": {"Éloïse Lefèvre", "3 rue de la Paix, Lyon", "pour Éloïse, 3 rue de la Paix, tél. 06.12.34.56.78, courriel eloise@exemple.fr, carte 4242 4242 4242 4242, commande 7K3M9QXA", []string{"Éloïse", "Paix", "06.12", "exemple.fr", "4242", "7K3M9QXA"}},
		"id": {"Siti Rahayu", "Jalan Melati 9, Bandung", "untuk Siti Rahayu di Jalan Melati 9, telepon 0812-3456-7890, surel siti@contoh.id, kartu 4242 4242 4242 4242, pesanan 7K3M9QXA", []string{"Siti", "Rahayu", "Melati", "3456", "contoh", "4242", "7K3M9QXA"}},
		"hi": {"Aarav Sharma", "14 Gandhi Nagar, Jaipur", "aarav ke liye Gandhi Nagar mein, phone 98765 43210, email aarav@udaharan.in, card 4242 4242 4242 4242, order 7K3M9QXA", []string{"aarav", "Gandhi", "43210", "udaharan", "4242", "7K3M9QXA"}},
		"zh": {"王伟", "南京路 100 号", "请送给王伟，地址南京路 100 号，电话13812345678，邮箱wang@lizi.cn，卡号4242 4242 4242 4242，订单 7K3M9QXA", []string{"王伟", "南京路", "13812345678", "lizi", "4242", "7K3M9QXA"}},
		"ar": {"أحمد حسن", "شارع النيل 7", "أرسلها لأحمد في شارع النيل، الهاتف ٠٥٠١٢٣٤٥٦٧، البريد ahmad@mithal.ae، البطاقة ٤٢٤٢ ٤٢٤٢ ٤٢٤٢ ٤٢٤٢، الطلب 7K3M9QXA", []string{"أحمد", "النيل", "٠٥٠١٢٣", "mithal", "٤٢٤٢", "7K3M9QXA"}},
	}
}

// Nothing private is in a captured request, in any language that the bot speaks.
func TestNothingPrivateLeavesInAnyLanguage(t *testing.T) {
	b, err := words.Open()
	if err != nil {
		t.Fatal(err)
	}
	all := private()
	for _, language := range b.Languages() {
		for _, provider := range []string{llm.OpenAI, llm.Anthropic} {
			t.Run(language+" "+provider, func(t *testing.T) {
				c, ok := all[language]
				if !ok {
					t.Fatal("there is no private message in this language")
				}
				s := serve(t, says(openAI("tool_calls", call{"simple", `{"kind":"help"}`})))
				if provider == llm.Anthropic {
					s = serve(t, says(anthropic("tool_use", call{"simple", `{"kind":"help"}`})))
				}
				q := question(t, c.text)
				q.Locale, q.Known = language, []bot.Known{{Kind: "name", Value: c.name}, {Kind: "address", Value: c.address}}
				if _, err := reader(t, provider, s.URL, nil, llm.Limits{}).Read(t.Context(), q); err != nil {
					t.Fatal(err)
				}
				sent := unescaped(t, s.body(0))
				for _, secret := range c.secrets {
					if !strings.Contains(c.text, secret) {
						t.Errorf("%q is not in the message", secret)
					}
					if strings.Contains(strings.ToLower(sent), strings.ToLower(secret)) {
						t.Errorf("%q left the house: %s", secret, sent[strings.LastIndex(sent, "<message>"):])
					}
				}
			})
		}
	}
}

// unescaped gives every text of a request as it was meant, so that an escape hides nothing from the test.
func unescaped(t *testing.T, body string) string {
	var b strings.Builder
	var walk func(v any)
	walk = func(v any) {
		switch x := v.(type) {
		case string:
			b.WriteString(x + "\n")
		case []any:
			for _, e := range x {
				walk(e)
			}
		case map[string]any:
			for _, e := range x {
				walk(e)
			}
		}
	}
	walk(parse(t, []byte(body)))
	return b.String()
}

// What the session knows of a customer, the numbers of the orders among it, is hidden at the door; what the model copies
// comes back as it was.
func TestWhatTheSessionKnowsStaysHome(t *testing.T) {
	testkit.Both(t, func(t *testing.T, db *database.DB, clock *testkit.Clock) {
		model := serve(t, says(openAI("tool_calls", call{"order", `{"kind":"order_status","order":"[ORDER_1]"}`})))
		st := stage(t, db, clock, model.URL, false)
		for _, text := range []string{"a cola", "checkout", "yes"} {
			st.says(channels.Incoming{Text: text})
		}
		ord := st.orders()[0]
		c, err := st.Inbox.Get(t.Context(), st.Merchant.ID, st.Conversation)
		st.must(err)
		st.must(db.InTx(t.Context(), func(tx database.Tx) error {
			cus, _, err := st.People.Find(tx, st.Merchant.ID, c.CustomerID)
			if err == nil {
				_, err = st.People.Update(tx, st.Merchant.ID, c.CustomerID, customers.Details{Name: "Zebulon Quist", Email: "zq@example.org"}, cus.Version)
			}
			return err
		}))
		st.says(channels.Incoming{Text: "zibble wobblefrotz for Zebulon fnord " + ord.Number})
		if model.calls() != 1 || !strings.Contains(st.last().Text, ord.Number) {
			t.Fatal(model.calls(), st.last().Text)
		}
		for _, secret := range []string{"Zebulon", ord.Number, ord.ID, c.CustomerID, "zq@"} {
			if strings.Contains(model.body(0), secret) {
				t.Errorf("%q left the house", secret)
			}
		}
	})
}
