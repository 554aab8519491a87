package customers

import (
	"testing"
	"unicode/utf8"
)

func TestPhoneDigits(t *testing.T) {
	for in, want := range map[string]string{
		"+49 (30) 12-34.56": "4930123456", "0049 30 123456": "4930123456", "15551234567": "15551234567", "+1/555/1234567": "15551234567",
		"": "", "+": "", "1234": "", "030 123456": "", "+1234567890123456": "", "12345x": "", "٤٩٣٠١٢٣٤٥٦": "",
	} {
		got, ok := phoneDigits(in)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q %v", in, got, ok)
		}
	}
}

func FuzzPhoneDigits(f *testing.F) {
	f.Add("+49 (30) 12-34.56")
	f.Add("00")
	f.Fuzz(func(t *testing.T, in string) {
		d, ok := phoneDigits(in)
		if !ok {
			return
		}
		if again, ok := phoneDigits("+" + d); !ok || again != d || len(d) < 5 || len(d) > 15 {
			t.Errorf("%q gives %q and then %q", in, d, again)
		}
	})
}

func FuzzCleanName(f *testing.F) {
	f.Add(" Ann\x00 \xff")
	f.Fuzz(func(t *testing.T, in string) {
		if name := cleanName(in); !utf8.ValidString(name) || !plainLine(name, maxName) || cleanName(name) != name {
			t.Errorf("%q gives %q", in, name)
		}
	})
}
