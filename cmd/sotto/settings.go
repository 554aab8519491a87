package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"sotto.chat/internal/logs"
	"sotto.chat/privacy"
)

// settings are the operator's, from the environment. Each is checked by sotto doctor.
type settings struct {
	DatabaseURL string `env:"SOTTO_DATABASE_URL" hidden:"" help:"sqlite:FILE or postgres://…; by default a file under SOTTO_DATA."`
	Listen      string `env:"SOTTO_LISTEN" hidden:"" default:"127.0.0.1:8080" help:"Address to serve on."`
	PublicURL   string `env:"SOTTO_PUBLIC_URL" hidden:"" help:"The address under which customers reach the shop; by default the one it listens on."`
	DataDir     string `env:"SOTTO_DATA" hidden:"" default:"data" help:"Folder for the embedded database and the master key."`
	MasterKey   string `env:"SOTTO_MASTER_KEY" hidden:"" help:"32 bytes in base64 or hex, or the path of a file with them."`
	LogLevel    string `env:"SOTTO_LOG_LEVEL" hidden:"" default:"info" enum:"debug,info,warn,error" help:"How much to log."`

	StripeURL     string `env:"SOTTO_STRIPE_API_URL" hidden:"" help:"Stripe's API; the real one by default."`
	StripeKey     string `env:"SOTTO_STRIPE_KEY" hidden:"" help:"The installation's own Stripe key, for merchants without one; while keys rotate two, the new one first, separated by a comma."`
	StripeSecrets string `env:"SOTTO_STRIPE_WEBHOOK_SECRETS" hidden:"" help:"Webhook signing secrets of the installation's own Stripe account, separated by commas."`
	WhatsAppURL   string `env:"SOTTO_WHATSAPP_API_URL" hidden:"" help:"Meta's Graph API; the real one by default."`
	TelegramURL   string `env:"SOTTO_TELEGRAM_API_URL" hidden:"" help:"Telegram's Bot API; the real one by default."`
	WeChatURL     string `env:"SOTTO_WECHAT_API_URL" hidden:"" help:"WeChat's API; the real one by default."`
	WeChatPayURL  string `env:"SOTTO_WECHATPAY_API_URL" hidden:"" help:"WeChat Pay's API; the real one by default."`
	LLMProvider   string `env:"SOTTO_LLM_PROVIDER" hidden:"" enum:",openai,anthropic" default:"" help:"openai or anthropic; empty for the embedded understander alone."`
	LLMURL        string `env:"SOTTO_LLM_URL" hidden:"" help:"The model's API."`
	LLMModel      string `env:"SOTTO_LLM_MODEL" hidden:"" help:"The model's name."`
	LLMKey        string `env:"SOTTO_LLM_KEY" hidden:"" help:"The key for the model's API."`
	SensesURL     string `env:"SOTTO_LLM_SENSES_URL" hidden:"" help:"Another API in OpenAI's format for voice notes and photos; that of the model where it is openai."`
	SensesKey     string `env:"SOTTO_LLM_SENSES_KEY" hidden:"" help:"The key for that API."`
	VoiceModel    string `env:"SOTTO_LLM_VOICE_MODEL" hidden:"" help:"The model that hears voice notes; empty: the bot says that it cannot hear."`
	PhotoModel    string `env:"SOTTO_LLM_PHOTO_MODEL" hidden:"" help:"The model that looks at photos; empty: the bot says that it cannot see."`
	// serving is set by the commands that listen.
	serving bool

	TrustedProxies string `env:"SOTTO_TRUSTED_PROXIES" hidden:"" help:"Addresses of proxies whose X-Forwarded-For is believed, separated by commas."`
}

// databaseURL is where the rows are.
func (s *settings) databaseURL() string {
	if s.DatabaseURL != "" {
		return s.DatabaseURL
	}
	return "sqlite:" + filepath.Join(s.DataDir, "sotto.db")
}

// publicURL is where customers reach the shop, without a slash at the end.
func (s *settings) publicURL() string {
	if s.PublicURL != "" {
		return strings.TrimRight(s.PublicURL, "/")
	}
	return "http://" + s.Listen
}

// logger writes to stderr: stdout belongs to what a command prints.
func (s *settings) logger() *slog.Logger {
	info, err := os.Stderr.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return logs.New(os.Stderr, s.LogLevel, !terminal)
}

// Mistakes in the settings.
var (
	errMasterForm = errors.New("SOTTO_MASTER_KEY: want 32 bytes in base64 or hex, or the path of a file that holds them; make one with: head -c 32 /dev/urandom | base64")
	errPublicURL  = errors.New("SOTTO_PUBLIC_URL: want an address like https://shop.example, without a path")
)

// check refuses settings that cannot work.
func (s *settings) check() error {
	u, err := url.Parse(s.publicURL())
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return errPublicURL
	}
	return nil
}

// master gives the master key. Without a setting it is kept in SOTTO_DATA, made at the first start.
func (s *settings) master() ([]byte, error) {
	if s.MasterKey == "" {
		return masterFile(filepath.Join(s.DataDir, "master.key"))
	}
	if key, ok := decodeKey(s.MasterKey); ok {
		return key, nil
	}
	text, err := os.ReadFile(s.MasterKey)
	if err != nil {
		return nil, errMasterForm // the error of ReadFile would print the setting
	}
	if key, ok := decodeKey(string(text)); ok {
		return key, nil
	}
	return nil, errMasterForm
}

func decodeKey(text string) ([]byte, bool) {
	text = strings.TrimSpace(text)
	if b, err := hex.DecodeString(text); err == nil && len(b) == privacy.MasterLength {
		return b, true
	}
	b, err := base64.StdEncoding.DecodeString(text)
	return b, err == nil && len(b) == privacy.MasterLength
}

// masterFile reads the key, or makes it. Two that start at once agree: only one can link the file into place.
func masterFile(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeMaster(path); err != nil {
			return nil, fmt.Errorf("keep the master key in %s: %w", path, err)
		}
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, err
	}
	key, ok := decodeKey(string(text))
	if !ok {
		return nil, fmt.Errorf("%s holds no master key: %w", path, errMasterForm)
	}
	return key, nil
}

func makeMaster(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "master-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	var key [privacy.MasterLength]byte
	_, _ = rand.Read(key[:]) // crypto/rand never fails
	_, err = tmp.WriteString(base64.StdEncoding.EncodeToString(key[:]) + "\n")
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
