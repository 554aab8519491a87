// Package standin is WeChat Pay for tests and the demo: a server that checks requests, holds orders, and signs what it says with keys of its own.
//
// It is written from WeChat's documentation and shares no code with the shop, so that a mistake there is not repeated here.
package standin

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Config is the one merchant that the stand-in knows.
type Config struct {
	MchID, AppID, AppSecret string
	Now                     func() time.Time
	// PublicKeyID and Key sign what the stand-in says; made when empty.
	PublicKeyID string
	Key         *rsa.PrivateKey
	// Merchant is the merchant's key; made when empty.
	Merchant *rsa.PrivateKey
	// APIv3Key seals; made when empty.
	APIv3Key string
	// Serial is that of the merchant's certificate; made when empty.
	Serial string
}

// Server is the stand-in.
type Server struct {
	Config
	client *http.Client

	mu      sync.Mutex
	signer  string // the serial or id under which is signed
	certs   []certificate
	orders  map[string]*order
	refunds map[string]*refund
	codes   map[string]string // OAuth code to openid
	notices []notice
	nonces  map[string]bool
	faults  []Fault
	calls   []Call
	next    int64
}

type certificate struct {
	serial string
	pem    []byte
	key    *rsa.PrivateKey
	until  time.Time
}

// Call is one request that came, for tests that look at it.
type Call struct {
	Method, Path string
	Header       http.Header
	Body         []byte
}

// Fault is what goes wrong with the next call.
type Fault struct {
	// Status and Code are answered in place of success.
	Status int
	Code   string
	// Lost does the work and cuts the answer off. Unsigned leaves the signature out; Forged spoils it.
	Lost, Unsigned, Forged bool
}

// New makes a stand-in.
func New(cfg Config) (*Server, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	for _, k := range []**rsa.PrivateKey{&cfg.Key, &cfg.Merchant} {
		if *k == nil {
			made, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				return nil, err
			}
			*k = made
		}
	}
	for to, n := range map[*string]int{&cfg.APIv3Key: 16, &cfg.Serial: 20} {
		if *to == "" {
			*to = strings.ToUpper(hexText(n))
		}
	}
	if cfg.PublicKeyID == "" {
		cfg.PublicKeyID = "PUB_KEY_ID_0114" + strconv.FormatInt(time.Now().UnixNano(), 10)
	}
	return &Server{Config: cfg, client: &http.Client{Timeout: 20 * time.Second}, signer: cfg.PublicKeyID, orders: map[string]*order{},
		refunds: map[string]*refund{}, codes: map[string]string{}, nonces: map[string]bool{}}, nil
}

func hexText(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // crypto/rand never fails
	return hex.EncodeToString(b)
}

// PublicKeyPEM is the key with which what the stand-in says is verified.
func (s *Server) PublicKeyPEM() string {
	der, _ := x509.MarshalPKIXPublicKey(&s.Key.PublicKey) // an RSA key always can
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// MerchantPEM is the merchant's private key.
func (s *Server) MerchantPEM() string {
	der, _ := x509.MarshalPKCS8PrivateKey(s.Merchant) // an RSA key always can
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// Rotate makes a new platform certificate and signs with it from now on; it gives its serial and PEM.
func (s *Server) Rotate() (serial, text string, err error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", "", err
	}
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 156))
	if err != nil {
		return "", "", err
	}
	now := s.Now()
	from := &x509.Certificate{SerialNumber: n, Subject: pkix.Name{CommonName: "Tenpay.com sign"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(5 * 365 * 24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, from, from, &key.PublicKey, key)
	if err != nil {
		return "", "", err
	}
	c := certificate{serial: strings.ToUpper(n.Text(16)), pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), key: key, until: from.NotAfter}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.certs, s.signer = append(s.certs, c), c.serial
	return c.serial, string(c.pem), nil
}

// Break has a fault hit the next call.
func (s *Server) Break(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
}

func (s *Server) fault() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) == 0 {
		return Fault{}
	}
	f := s.faults[0]
	s.faults = s.faults[1:]
	return f
}

// Calls lists the requests that came, oldest first.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// sign gives the headers of what the stand-in says.
func (s *Server) sign(body []byte) http.Header {
	s.mu.Lock()
	serial, key := s.signer, s.Key
	for _, c := range s.certs {
		if c.serial == serial {
			key = c.key
		}
	}
	s.mu.Unlock()
	at, once := strconv.FormatInt(s.Now().Unix(), 10), hexText(16)
	sum := sha256.Sum256([]byte(at + "\n" + once + "\n" + string(body) + "\n"))
	sig, _ := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:]) // the sum has the right length
	return http.Header{"Wechatpay-Timestamp": {at}, "Wechatpay-Nonce": {once}, "Wechatpay-Serial": {serial}, "Request-Id": {hexText(16)},
		"Wechatpay-Signature": {base64.StdEncoding.EncodeToString(sig)}, "Wechatpay-Signature-Type": {"WECHATPAY2-SHA256-RSA2048"}}
}
