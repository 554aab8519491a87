package merchants

import "testing"

func TestSlugs(t *testing.T) {
	for name, want := range map[string]string{"Café Zürich!": "cafe-zurich", "  A  &  B ": "a-b", "中文": "shop", "": "shop", "Ångström 2": "angstrom-2"} {
		if got := slugOf(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func FuzzSlug(f *testing.F) {
	f.Add("Café Zürich!")
	f.Add("ﬃ-ß-Ω")
	f.Add("0000000000000000000000000000000000000000000000000 00")
	f.Fuzz(func(t *testing.T, name string) {
		if s := slugOf(name); len(s) > maxSlug-10 || !slugForm.MatchString(s) {
			t.Errorf("%q gives %q", name, s)
		}
	})
}
