package wechatpay

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// signatureType is the only one that is made and believed here.
const signatureType = "WECHATPAY2-SHA256-RSA2048"

// clockSkew is how far a message's time may be from ours, both ways.
const clockSkew = 5 * time.Minute

// probe begins the signatures of messages that WeChat sends to see whether a shop checks at all.
const probe = "WECHATPAY/SIGNTEST/"

func nonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails
	return hex.EncodeToString(b[:])
}

func sign(key *rsa.PrivateKey, text string) (string, error) {
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	return base64.StdEncoding.EncodeToString(sig), err
}

// authorization is the header of a request. path holds the query too.
func (a *Account) authorization(method, path string, body []byte, now time.Time, nonce string) (string, error) {
	at := strconv.FormatInt(now.Unix(), 10)
	sig, err := sign(a.private, method+"\n"+path+"\n"+at+"\n"+nonce+"\n"+string(body)+"\n")
	return fmt.Sprintf(`%s mchid="%s",nonce_str="%s",timestamp="%s",serial_no="%s",signature="%s"`,
		signatureType, a.MchID, nonce, at, a.Serial, sig), err
}

// Verify tells whether WeChat signed these bytes, not long ago and not in time to come.
func (a *Account) Verify(h http.Header, raw []byte, now time.Time) error {
	if t := h.Get("Wechatpay-Signature-Type"); t != "" && t != signatureType {
		return ErrSignature
	}
	given := h.Get("Wechatpay-Signature")
	if strings.HasPrefix(given, probe) {
		return ErrSignature
	}
	at, err := strconv.ParseInt(h.Get("Wechatpay-Timestamp"), 10, 64)
	if err != nil {
		return ErrSignature
	}
	if d := now.Sub(time.Unix(at, 0)); d > clockSkew || d < -clockSkew {
		return ErrSignature
	}
	sig, err := base64.StdEncoding.DecodeString(given)
	if err != nil || len(sig) == 0 {
		return ErrSignature
	}
	key, ok := a.keyNamed(h.Get("Wechatpay-Serial"), now)
	if !ok {
		return ErrSignature.Because(errors.New("a serial that is not known"))
	}
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%s\n%s\n", h.Get("Wechatpay-Timestamp"), h.Get("Wechatpay-Nonce")) // a hash takes all
	_, _ = sum.Write(raw)
	_, _ = sum.Write([]byte{'\n'})
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum.Sum(nil), sig) != nil {
		return ErrSignature
	}
	return nil
}

// Box is what WeChat seals with the APIv3 key.
type Box struct {
	Algorithm      string `json:"algorithm"`
	Ciphertext     string `json:"ciphertext"`
	Nonce          string `json:"nonce"`
	AssociatedData string `json:"associated_data"`
	OriginalType   string `json:"original_type"`
}

// Unseal opens a box.
func Unseal(apiv3Key string, b Box) ([]byte, error) {
	if b.Algorithm != "AEAD_AES_256_GCM" {
		return nil, ErrNotReadable
	}
	sealed, err := base64.StdEncoding.DecodeString(b.Ciphertext)
	if err != nil {
		return nil, ErrNotReadable
	}
	block, err := aes.NewCipher([]byte(apiv3Key))
	if err != nil {
		return nil, ErrNotReadable
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil || len(b.Nonce) != gcm.NonceSize() {
		return nil, ErrNotReadable
	}
	plain, err := gcm.Open(nil, []byte(b.Nonce), sealed, []byte(b.AssociatedData))
	if err != nil {
		return nil, ErrNotReadable.Because(errors.New("sealed with another key"))
	}
	return plain, nil
}

// Bridge is what a page inside WeChat hands to WeixinJSBridge to ask for the money.
type Bridge struct {
	AppID     string `json:"appId"`
	TimeStamp string `json:"timeStamp"`
	NonceStr  string `json:"nonceStr"`
	Package   string `json:"package"`
	SignType  string `json:"signType"`
	PaySign   string `json:"paySign"`
}

// Bridge signs the parameters for a prepared order.
func (a *Account) Bridge(prepayID string, now time.Time) (Bridge, error) {
	b := Bridge{AppID: a.AppID, TimeStamp: strconv.FormatInt(now.Unix(), 10), NonceStr: nonce(), Package: "prepay_id=" + prepayID, SignType: "RSA"}
	var err error
	b.PaySign, err = sign(a.private, b.AppID+"\n"+b.TimeStamp+"\n"+b.NonceStr+"\n"+b.Package+"\n")
	return b, err
}
