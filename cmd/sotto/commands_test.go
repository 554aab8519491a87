package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sotto.chat/internal/database"
	"sotto.chat/internal/testkit"
)

// Each command does what it says and ends as it should, without a server.
func TestCommands(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		env := []string{"SOTTO_DATABASE_URL=" + testkit.URL(t, engine), "SOTTO_DATA=" + t.TempDir(), "SOTTO_MASTER_KEY=" + testMasterKey,
			"SOTTO_PUBLIC_URL=https://shop.example", "SOTTO_LISTEN=127.0.0.1:0", "SOTTO_STRIPE_API_URL=http://127.0.0.1:1", "SOTTO_WHATSAPP_API_URL=http://127.0.0.1:1",
			"SOTTO_TELEGRAM_API_URL=http://127.0.0.1:1", "SOTTO_WECHAT_API_URL=http://127.0.0.1:1", "SOTTO_WECHATPAY_API_URL=http://127.0.0.1:1"}
		var m struct {
			Merchant string `json:"merchant"`
			APIKey   string `json:"api_key"`
		}
		line(t, must(t, env, "", "merchant", "create", "--name", "Corner", "--json"), &m)
		if !strings.HasPrefix(m.Merchant, "mer_") || !strings.HasPrefix(m.APIKey, "sk_") {
			t.Errorf("merchant create gave %+v", m)
		}
		says(t, must(t, env, "", "merchant", "create", "--name", "Harbour", "--currency", "eur"), "mer_", "sk_", "https://shop.example/chat/")
		line(t, must(t, env, "", "key", "create", "--merchant", m.Merchant, "--name", "till", "--role", "agent", "--json"), &m)
		if !strings.HasPrefix(m.APIKey, "sk_") {
			t.Errorf("key create gave %+v", m)
		}
		credentials := `{"app_secret":"a-secret-of-theirs","access_token":"a-token","phone_number_id":"106540352242922","waba_id":"102290129340398"}`
		made := must(t, env, credentials, "channel", "create", "--merchant", m.Merchant, "--platform", "whatsapp", "--name", "WhatsApp", "--json")
		says(t, made, "https://shop.example/hooks/whatsapp/chn_", "verify_token")
		if strings.Contains(made, "a-secret-of-theirs") {
			t.Error("channel create prints credentials")
		}
		fails(t, env, "not json", []string{"channel", "create", "--merchant", m.Merchant, "--platform", "whatsapp"}, "one JSON object")
		fails(t, env, "", []string{"key", "create", "--merchant", "mer_nobody", "--name", "x"}, "no such merchant")

		goods, err := filepath.Abs("testdata/goods.json")
		if err != nil {
			t.Fatal(err)
		}
		fails(t, env, "", []string{"import", goods}, "--merchant")
		says(t, must(t, env, "", "import", "--dry-run", "--merchant", m.Merchant, goods), "3 to create")
		says(t, must(t, env, "", "import", "--dry-run", "--merchant", m.Merchant, goods), "3 to create") // a dry run changed nothing
		says(t, must(t, env, "", "import", "--merchant", m.Merchant, goods), "3 created")
		says(t, must(t, env, "", "import", "--merchant", m.Merchant, goods), "3 unchanged")
		says(t, must(t, env, "", "export", "--merchant", m.Merchant), "VASE", "Blue vase", "USD")
		bad := filepath.Join(t.TempDir(), "bad.json")
		if err := os.WriteFile(bad, []byte(`{"currency":"USD","products":[{"sku":"X","name":"X","price":-5},{"sku":"Y","name":"Y","price":5}]}`), 0o600); err != nil {
			t.Fatal(err)
		}
		fails(t, env, "", []string{"import", "--merchant", m.Merchant, bad}, "products[0].price")
		if out := must(t, env, "", "export", "--merchant", m.Merchant); strings.Contains(out, `"Y"`) {
			t.Error("an import with a bad row brought in the others")
		}

		says(t, must(t, env, "", "migrate", "status"), "applied")
		says(t, must(t, env, "", "migrate", "up"), "up to date")
		says(t, must(t, env, "", "audit"), "agree")
		says(t, must(t, env, "", "doctor"), "SOTTO_DATABASE_URL", "SOTTO_MASTER_KEY", "SOTTO_STRIPE_API_URL", "does not answer")
		everySetting := must(t, append(slices.Clone(env), "SOTTO_LLM_PROVIDER=openai", "SOTTO_LLM_KEY=key", "SOTTO_LLM_MODEL=model"), "", "doctor")
		for f := range reflect.TypeFor[settings]().Fields() {
			if name := f.Tag.Get("env"); name != "" {
				says(t, everySetting, name)
			}
		}
		says(t, must(t, env, "", "version"), "sotto ")
	})
}

// line reads the one line of JSON that a command prints.
func line(t *testing.T, out string, into any) {
	t.Helper()
	if strings.Count(out, "\n") != 1 || json.Unmarshal([]byte(out), into) != nil {
		t.Errorf("not one line of JSON: %q", out)
	}
}

func says(t *testing.T, out string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(out, w) {
			t.Errorf("the command does not say %q:\n%s", w, out)
		}
	}
}

func fails(t *testing.T, env []string, stdin string, args []string, words string) {
	t.Helper()
	out, problems, code := run(t, env, stdin, args...)
	if code == 0 || !strings.Contains(out+problems, words) {
		t.Errorf("sotto %v ended with %d and does not say %q:\n%s%s", args, code, words, out, problems)
	}
}

// A wrong master key shows before a customer writes, with what to do; and wrong settings do too.
func TestWrongSettingsRefuseToStart(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		s := startServe(t, engine)
		s.process.kill()
		with := func(setting string) []string { return append(append([]string{}, s.env...), setting) }
		other := "SOTTO_MASTER_KEY=" + strings.Repeat("ab", 32)
		for _, command := range []string{"serve", "work", "audit", "doctor"} {
			fails(t, with(other), "", []string{command}, "SOTTO_MASTER_KEY")
		}
		fails(t, with("SOTTO_MASTER_KEY=short"), "", []string{"serve"}, "head -c 32 /dev/urandom | base64")
		if _, problems, _ := run(t, with("SOTTO_MASTER_KEY=short-and-secret"), "", "serve"); strings.Contains(problems, "short-and-secret") {
			t.Error("a master key that is none is printed")
		}
		fails(t, with("SOTTO_PUBLIC_URL=shop.example/x"), "", []string{"serve"}, "SOTTO_PUBLIC_URL")
		fails(t, with("SOTTO_DATABASE_URL=mysql://x"), "", []string{"serve"}, "sqlite:FILE or postgres://")
		fails(t, with("SOTTO_LOG_LEVEL=loud"), "", []string{"serve"}, "debug")
		s.serve(t) // with the right ones it starts
		audit(t, s.env)
	})
}

// A fresh folder is all that a first start needs.
func TestAFirstStartNeedsNothing(t *testing.T) {
	t.Parallel()
	dir, listen := t.TempDir(), freePort(t)
	env := []string{"SOTTO_DATA=" + dir, "SOTTO_LISTEN=" + listen}
	p := start(t, env, "serve")
	p.ready(t, "http://"+listen)
	if err := p.stop(t); err != nil {
		t.Errorf("it ends badly: %v", err)
	}
	for _, file := range []string{"sotto.db", "master.key"} {
		info, err := os.Stat(filepath.Join(dir, file))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, or others may read it", file, err)
		}
	}
	must(t, append(env, "SOTTO_DATABASE_URL="+database.SQLite+":"+filepath.Join(dir, "sotto.db")), "", "audit")
}
