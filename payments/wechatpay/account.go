package wechatpay

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// Kind names a merchant's credentials among others; KindCertificates those certificates of WeChat's that were fetched since.
const (
	Kind             = "wechatpay"
	KindCertificates = "wechatpay_certificates"
)

// Credentials are a merchant's, sealed as one.
type Credentials struct {
	MchID string `json:"mchid"`
	AppID string `json:"appid"`
	// AppSecret belongs to the Official Account of AppID. Without it customers inside WeChat cannot be told apart, and pay by QR code.
	AppSecret string `json:"app_secret,omitempty"`
	// Serial and PrivateKey are the merchant's certificate.
	Serial     string `json:"serial"`
	PrivateKey string `json:"private_key"`
	APIv3Key   string `json:"apiv3_key"`
	// PlatformKeys are WeChat's: public keys with their PUB_KEY_ID_…, or certificates. While one follows another there are two.
	PlatformKeys []PlatformKey `json:"platform_keys"`
}

// PlatformKey is one of WeChat's keys as PEM. ID is needed for a public key; a certificate tells its own.
type PlatformKey struct {
	ID  string `json:"id,omitempty"`
	PEM string `json:"pem"`
}

// publicKeyPrefix begins the ids of WeChat's public keys, which live without an end.
const publicKeyPrefix = "PUB_KEY_ID_"

// Account is opened credentials.
type Account struct {
	Credentials
	private *rsa.PrivateKey
	keys    map[string]platformKey
	// preferred is the key that WeChat is asked to sign with.
	preferred string
}

type platformKey struct {
	public       *rsa.PublicKey
	since, until time.Time // zero for a public key
}

// Open checks credentials as far as that goes without WeChat. What is wrong is named by field; nothing of a secret is.
func (c Credentials) Open() (*Account, error) {
	a := &Account{Credentials: c, keys: map[string]platformKey{}}
	bad := ErrCredentials
	complain := func(field, what string) { bad = bad.At("wechatpay."+field, what) }
	if c.MchID == "" || len(c.MchID) > 32 || strings.Trim(c.MchID, "0123456789") != "" {
		complain("mchid", "must be digits")
	}
	if c.AppID == "" || len(c.AppID) > 32 {
		complain("appid", "is needed, e.g. wx8888888888888888")
	}
	if _, err := hex.DecodeString(even(c.Serial)); c.Serial == "" || err != nil {
		complain("serial", "must be the serial number of the merchant's certificate, in hex")
	}
	if len(c.APIv3Key) != 32 {
		complain("apiv3_key", "must be 32 characters")
	}
	var err error
	if a.private, err = privateKey(c.PrivateKey); err != nil {
		complain("private_key", err.Error())
	}
	for i, k := range c.PlatformKeys {
		if err := a.Add(k); err != nil {
			complain("platform_keys["+strconv.Itoa(i)+"]", err.Error())
		}
	}
	if len(c.PlatformKeys) == 0 {
		complain("platform_keys", "needs WeChat Pay's public key with its id, or a platform certificate")
	}
	if len(bad.Fields) > 0 {
		return nil, bad
	}
	return a, nil
}

// Add makes one more of WeChat's keys believed.
func (a *Account) Add(k PlatformKey) error {
	id, key, err := readPlatformKey(k)
	if err != nil {
		return err
	}
	a.keys[id] = key
	better := a.preferred == "" || strings.HasPrefix(id, publicKeyPrefix) ||
		!strings.HasPrefix(a.preferred, publicKeyPrefix) && key.until.After(a.keys[a.preferred].until)
	if better {
		a.preferred = id
	}
	return nil
}

type wrong string

func (w wrong) Error() string { return string(w) }

func readPlatformKey(k PlatformKey) (string, platformKey, error) {
	block, _ := pem.Decode([]byte(k.PEM))
	if block == nil {
		return "", platformKey{}, wrong("must be PEM")
	}
	if block.Type == "CERTIFICATE" {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return "", platformKey{}, wrong("is not a certificate that can be read")
		}
		public, ok := cert.PublicKey.(*rsa.PublicKey)
		if !ok {
			return "", platformKey{}, wrong("must be an RSA certificate")
		}
		return serialOf(cert.SerialNumber), platformKey{public, cert.NotBefore, cert.NotAfter}, nil
	}
	any, err := x509.ParsePKIXPublicKey(block.Bytes)
	public, ok := any.(*rsa.PublicKey)
	if err != nil || !ok {
		return "", platformKey{}, wrong("must be an RSA public key or a certificate")
	}
	if !strings.HasPrefix(k.ID, publicKeyPrefix) || len(k.ID) > 80 {
		return "", platformKey{}, wrong("a public key needs its id, which begins with " + publicKeyPrefix)
	}
	return k.ID, platformKey{public: public}, nil
}

func privateKey(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, wrong("must be PEM, as in apiclient_key.pem")
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		any, _ := x509.ParsePKCS8PrivateKey(block.Bytes) // nil says it
		key, _ = any.(*rsa.PrivateKey)
	}
	if key == nil || key.N.BitLen() < 2048 {
		return nil, wrong("must be an RSA key of 2048 bits or more")
	}
	return key, nil
}

// serialOf writes a certificate's serial number as WeChat does.
func serialOf(n *big.Int) string { return strings.ToUpper(n.Text(16)) }

// even puts a zero before hex of odd length.
func even(s string) string {
	if len(s)%2 == 1 {
		return "0" + s
	}
	return s
}

// keyNamed finds a key by the serial or id that a message names.
func (a *Account) keyNamed(serial string, now time.Time) (*rsa.PublicKey, bool) {
	if !strings.HasPrefix(serial, publicKeyPrefix) {
		serial = strings.TrimLeft(strings.ToUpper(serial), "0")
	}
	k, ok := a.keys[serial]
	if !ok || !k.until.IsZero() && (now.Before(k.since) || now.After(k.until)) {
		return nil, false
	}
	return k.public, true
}

// byCertificate tells whether WeChat's certificates are in use, which end and are followed by others.
func (a *Account) byCertificate() bool { return !strings.HasPrefix(a.preferred, publicKeyPrefix) }
