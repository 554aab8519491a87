package llm_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sotto.chat/bot/llm"
	"sotto.chat/bot/shelf"
	"sotto.chat/catalog"
)

// given is a message of somebody of whom the session knows nothing: what it must not give away, and what must stay.
type given struct {
	text   string
	hidden []string
	kept   []string
}

func givenAway() map[string][]given {
	return map[string][]given{
		"en": {
			{"send a cola to my sister Maria Lopez, 555-0134-221, please", []string{"Maria", "Lopez", "0134"}, []string{"send a cola", "sister"}},
			{"my name is ada and i want two colas", []string{"ada"}, []string{"i want two colas"}},
			{"two colas for Zebulon, deliver to 12 Mill Lane, Flat 4, Oxford please", []string{"Zebulon", "Mill", "Flat 4", "Oxford"}, []string{"two colas", "please"}},
			{"a large margherita to 48b Fernhill road and a water", []string{"48b", "Fernhill"}, []string{"a large margherita", "and a water"}},
			{"Hi, this is Siobhan Kelly. One green tea to mr. Okafor", []string{"Siobhan", "Kelly", "Okafor"}, []string{"green tea"}},
			{"see https://example.org/u/zq or pay from GB33 BUKB 2020 1555 5555 55", []string{"example.org", "BUKB", "5555"}, []string{"see", "pay from"}},
			{"Could I have a Margherita Pizza with Ham and no Onion?", nil, []string{"Could I have a Margherita Pizza with Ham and no Onion?"}},
			{"two colas to 119 main street, and a T-Shirt in L from North Lodge", []string{"119", "main"}, []string{"two colas to", "and a T-Shirt in L from North Lodge"}},
			{"I am hungry. Is the Green Tea hot? My Cola was warm", nil, []string{"I am hungry. Is the Green Tea hot? My Cola was warm"}},
		},
		"es": {
			{"me llamo Begoña y quiero una cola", []string{"Begoña"}, []string{"y quiero una cola"}},
			{"mándalo a mi hermana María José, calle Mayor 8, 3 izquierda, una cola", []string{"María", "José", "Mayor 8"}, []string{"hermana", "una cola"}},
			{"es para el señor Iturriaga, avenida de la Constitución 14, Málaga", []string{"Iturriaga", "Constitución", "14", "Málaga"}, []string{"es para el"}},
			{"mi nombre es xochitl, dos cola por favor", []string{"xochitl"}, []string{"dos cola por favor"}},
		},
		"pt": {
			{"meu nome é joão e quero uma cola", []string{"joão"}, []string{"quero uma cola"}},
			{"manda pra minha irmã Conceição na rua das Flores, 21, apto 4, Recife", []string{"Conceição", "Flores", "21", "Recife"}, []string{"minha irmã"}},
			{"aqui é a Jussara Teixeira, duas cola", []string{"Jussara", "Teixeira"}, []string{"duas cola"}},
		},
		"de": {
			{"ich bin Jürgen und hätte gern zwei cola", []string{"Jürgen"}, []string{"hätte gern zwei cola"}},
			{"Ich heiße Größ, bitte in die Lindenstraße 5, 10969 Berlin", []string{"Größ", "Lindenstraße", "10969", "Berlin"}, nil},
			{"eine cola an Frau Schnitzler, Am Mühlenweg 12a", []string{"Schnitzler", "Mühlenweg", "12a"}, []string{"eine cola an"}},
			{"Für meine Freundin Katharina Wöhrle eine Cola und ein Wasser", []string{"Katharina", "Wöhrle"}, []string{"meine Freundin", "eine Cola und ein Wasser"}},
			{"Ich hätte gern eine Cola für die Kinder und zum Mittagessen ein Wasser, ich bin Vegetarier", nil,
				[]string{"Ich hätte gern eine Cola für die Kinder und zum Mittagessen ein Wasser, ich bin Vegetarier"}},
		},
		"fr": {
			{"je m'appelle Éloïse et je voudrais un cola", []string{"Éloïse"}, []string{"et je voudrais un cola"}},
			{"livrez au 3 rue de la Paix, Lyon pour madame Lefèvre", []string{"Paix", "Lyon", "Lefèvre"}, []string{"pour"}},
			{"un cola pour mon frère Thibault, 12 bis avenue Foch", []string{"Thibault", "12 bis", "Foch"}, []string{"un cola pour mon frère"}},
		},
		"id": {
			{"nama saya siti rahayu, mau pesan dua cola", []string{"siti", "rahayu"}, []string{"mau pesan dua cola"}},
			{"kirim ke Jalan Melati No. 9, Bandung untuk pak Budiman", []string{"Melati", "9", "Bandung", "Budiman"}, []string{"untuk"}},
		},
		"hi": {
			{"mera naam aarav hai, do cola chahiye", []string{"aarav"}, []string{"do cola chahiye"}},
			{"Priyanka ke liye ek cola, 14 Gandhi Nagar, Jaipur bhejo", []string{"Priyanka", "Gandhi", "Jaipur"}, []string{"ke liye ek cola"}},
			{"behen Sunita ko bhejo, ramesh ji ka cola", []string{"Sunita", "ramesh"}, []string{"cola"}},
		},
		"zh": {
			{"我叫王伟，要两杯cola", []string{"王伟"}, []string{"要两杯cola"}},
			{"请送给李小龙，地址是南京路100号3楼，一杯cola", []string{"李小龙", "南京路", "100"}, []string{"请送给", "一杯cola"}},
			{"张先生的cola送到人民大道8号", []string{"张", "人民大道", "8号"}, []string{"cola"}},
		},
		"ar": {
			{"اسمي أحمد وأريد cola", []string{"أحمد"}, []string{"وأريد cola"}},
			{"أرسلها لأختي فاطمة في شارع النيل رقم 7", []string{"فاطمة", "النيل", "7"}, []string{"لأختي"}},
			{"للسيد خالد المنصوري cola واحدة", []string{"خالد", "المنصوري"}, []string{"cola"}},
		},
	}
}

// hear is what a model hears of a message, and what its copy of that comes back as.
func hear(t *testing.T, g *shelf.Goods, locale, text string) (heard, back string) {
	t.Helper()
	q := question(t, text)
	q.Goods, q.Locale = g, locale
	return llm.Hear(q)
}

func TestWhatTheSessionDoesNotKnowIsHiddenToo(t *testing.T) {
	shop := goods(t)
	shop.File.Products[0].Brand = "North Lodge"
	for locale, list := range givenAway() {
		for _, c := range list {
			heard, back := hear(t, shop, locale, c.text)
			for _, secret := range c.hidden {
				if !strings.Contains(c.text, secret) {
					t.Errorf("%q is not in the message", secret)
				}
				if strings.Contains(heard, secret) {
					t.Errorf("%s: %q is heard: %s", locale, secret, heard)
				}
			}
			for _, word := range c.kept {
				if !strings.Contains(heard, word) {
					t.Errorf("%s: %q is not heard: %s", locale, word, heard)
				}
			}
			if back != c.text {
				t.Errorf("%s: %q came back as %q", locale, c.text, back)
			}
		}
	}
}

// made are names and streets of nobody, by language, and the sentences that they stand in.
type made struct {
	first, last, streets, sentences []string
}

func madeUp() map[string]made {
	return map[string]made{
		"en": {[]string{"Gwendolyn", "Thaddeus", "Marigold", "Oswin", "Philippa", "Tamsin"}, []string{"Ashdown", "Featherstone", "Okonkwo", "Pemberton", "Wycliffe"},
			[]string{"Elmhurst Road", "Thornbury Avenue", "Saddlers Lane", "Quarrymans Street"},
			[]string{"my name is %[1]s %[2]s and i want a cola", "a cola for %[1]s %[2]s please", "send it to my brother %[1]s, %[4]d %[3]s", "deliver to %[4]d %[3]s, a cola", "mrs %[2]s takes a water"}},
		"es": {[]string{"Candelaria", "Eusebio", "Itziar", "Leocadia", "Wenceslao"}, []string{"Arizmendi", "Bustamante", "Etxeberria", "Villaseñor"},
			[]string{"calle Alfarería", "avenida Peñalver", "paseo Zorrilla"},
			[]string{"me llamo %[1]s %[2]s y quiero una cola", "una cola para mi amiga %[1]s %[2]s", "vivo en %[3]s %[4]d, una cola", "es para la señora %[2]s"}},
		"pt": {[]string{"Anderleia", "Genivaldo", "Iracema", "Jurandir"}, []string{"Bitencourt", "Cavalcanti", "Figueiredo", "Nepomuceno"},
			[]string{"rua Jacarandá", "avenida Itapetininga", "travessa Guaianases"},
			[]string{"me chamo %[1]s %[2]s, quero uma cola", "uma cola pro meu irmão %[1]s %[2]s", "moro na %[3]s, %[4]d", "é para o senhor %[2]s"}},
		"de": {[]string{"Adelheid", "Burkhard", "Friederike", "Gottlieb", "Swantje"}, []string{"Achterberg", "Dieckmann", "Hinrichsen", "Rüdesheim"},
			[]string{"Kastanienallee", "Rosmarinweg", "Schlüterstraße", "Hopfengasse"},
			[]string{"ich heiße %[1]s %[2]s und möchte eine cola", "eine cola für meinen Bruder %[1]s %[2]s", "bitte in die %[3]s %[4]d, eine cola", "eine cola an Herrn %[2]s"}},
		"fr": {[]string{"Apolline", "Barnabé", "Clotilde", "Gaëtan", "Ombeline"}, []string{"Beauregard", "Charpentier", "Delacourt", "Vauquelin"},
			[]string{"rue Brézin", "avenue Kléber", "boulevard Voltaire", "impasse Chartière"},
			[]string{"je m'appelle %[1]s %[2]s, un cola", "un cola pour ma sœur %[1]s %[2]s", "livrez au %[4]d %[3]s, un cola", "c'est pour monsieur %[2]s"}},
		"id": {[]string{"Kusnadi", "Lestari", "Ningrum", "Pramudya", "Wulandari"}, []string{"Hutagalung", "Kartawijaya", "Situmorang", "Tjokro"},
			[]string{"Jalan Cendrawasih", "Jalan Kenanga", "Jl. Pahlawan"},
			[]string{"nama saya %[1]s %[2]s, satu cola", "satu cola buat adik %[1]s %[2]s", "antar ke %[3]s %[4]d", "untuk ibu %[2]s"}},
		"hi": {[]string{"Bhavesh", "Chandrika", "Devendra", "Ishwarya", "Lakhan"}, []string{"Agnihotri", "Bhattacharya", "Deshpande", "Trivedi"},
			[]string{"Ashok Marg", "Tilak Nagar", "Shivaji Vihar"},
			[]string{"mera naam %[1]s %[2]s hai, ek cola", "%[1]s %[2]s ke liye ek cola", "mera pata %[4]d %[3]s hai", "behen %[1]s ko ek cola"}},
		"zh": {[]string{"建国", "淑芬", "志强", "雅婷", "晓燕"}, []string{"王", "李", "张", "欧阳", "赵"},
			[]string{"解放路", "朝阳街", "长安大道"},
			[]string{"我叫%[2]s%[1]s，要一杯cola", "请给%[2]s%[1]s，一杯cola", "送到%[3]s%[4]d号，一杯cola", "收件人：%[2]s%[1]s"}},
		"ar": {[]string{"طارق", "ليلى", "يوسف", "منى", "سعاد"}, []string{"الخطيب", "البغدادي", "الشمري", "القحطاني"},
			[]string{"شارع الزيتون", "شارع الرشيد", "حي النخيل"},
			[]string{"اسمي %[1]s %[2]s، أريد cola", "cola لأختي %[1]s %[2]s", "توصيل إلى %[3]s رقم %[4]d", "للسيدة %[2]s cola"}},
	}
}

// Whoever writes, and from wherever: no name and no street reaches the model, and what it copies comes back as it was.
func TestNamesAndStreetsOfNobodyStayHome(t *testing.T) {
	rnd, shop := rand.New(rand.NewPCG(7, 11)), goods(t)
	pick := func(list []string) string { return list[rnd.IntN(len(list))] }
	for locale, m := range madeUp() {
		for range 120 {
			first, last, street, number := pick(m.first), pick(m.last), pick(m.streets), 101+rnd.IntN(240)
			sentence := pick(m.sentences)
			text, _, _ := strings.Cut(fmt.Sprintf(sentence, first, last, street, number), "%!(EXTRA")
			heard, back := hear(t, shop, locale, text)
			for at, secret := range []string{first, last, street} {
				if strings.Contains(sentence, fmt.Sprintf("%%[%d]s", at+1)) && strings.Contains(heard, secret) {
					t.Fatalf("%s: %q is heard in %q", locale, secret, heard)
				}
			}
			if strings.Contains(sentence, "%[3]s") && strings.Contains(heard, fmt.Sprint(number)) {
				t.Fatalf("%s: the number %d is heard in %q", locale, number, heard)
			}
			if back != text || !strings.Contains(heard, "cola") && strings.Contains(text, "cola") {
				t.Fatalf("%s: %q is heard as %q, and came back as %q", locale, text, heard, back)
			}
		}
	}
}

// What customers say in our transcripts reaches the model as it is, but for the few words that name somebody.
func TestOrdersAreHeardWhole(t *testing.T) {
	files, err := filepath.Glob("../testdata/*.chat")
	if err != nil || len(files) < 50 {
		t.Fatal(len(files), err)
	}
	shops, lines, torn := map[string]*shelf.Goods{}, 0, 0
	for _, name := range files {
		locale := filepath.Base(name)[:2]
		if shops[locale] == nil {
			shops[locale] = shopIn(t, locale)
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(string(raw), "\n") {
			text, ok := strings.CutPrefix(line, "customer: ")
			if !ok || strings.HasPrefix(text, "[") {
				continue
			}
			lines++
			if heard, _ := hear(t, shops[locale], locale, text); heard != text {
				torn++
				t.Logf("%s: %q is heard as %q", filepath.Base(name), text, heard)
			}
		}
	}
	if lines < 200 || torn*20 > lines {
		t.Errorf("%d of %d messages were not heard whole", torn, lines)
	}
}

func shopIn(t *testing.T, locale string) *shelf.Goods {
	t.Helper()
	f, err := os.Open("../testdata/shop-" + locale + ".json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	file, problems, err := catalog.DecodeFile(f)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return shelf.Compile(file, 1)
}
