package wechat

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"

	"sotto.chat/channels"
)

// envelope is a sealed message. What stands in plain beside it is not believed.
type envelope struct {
	XMLName xml.Name `xml:"xml"`
	Encrypt string   `xml:"Encrypt"`
}

func envelopeOf(raw []byte) (envelope, bool) {
	var e envelope
	err := xml.Unmarshal(raw, &e)
	return e, err == nil && e.Encrypt != ""
}

// Unseal opens a message that Verify has let in; false where it cannot be opened, or is another account's.
func (p *Platform) Unseal(c channels.Credentials, raw []byte) ([]byte, bool) {
	if c[aesKey] == "" {
		return raw, true
	}
	e, ok := envelopeOf(raw)
	if !ok {
		return nil, false
	}
	return open(c[aesKey], c[appID], e.Encrypt)
}

const (
	randomBytes = 16
	padTo       = 32 // WeChat pads to this, and not to AES's own block
)

// open unseals: AES-256-CBC with the key's first half as the vector; inside stand 16 random bytes, the length, the message and the app id.
func open(key, app, sealed string) ([]byte, bool) {
	k, err := base64.StdEncoding.DecodeString(key + "=") // some keys have stray bits at their end
	if err != nil || len(k) != 32 {
		return nil, false
	}
	text, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(text) == 0 || len(text)%aes.BlockSize != 0 {
		return nil, false
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, false
	}
	cipher.NewCBCDecrypter(block, k[:aes.BlockSize]).CryptBlocks(text, text)
	pad := int(text[len(text)-1])
	if pad < 1 || pad > padTo || pad > len(text) || !bytes.Equal(text[len(text)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, false
	}
	text = text[:len(text)-pad]
	if len(text) < randomBytes+4 {
		return nil, false
	}
	n, text := uint64(binary.BigEndian.Uint32(text[randomBytes:])), text[randomBytes+4:]
	if n > uint64(len(text)) || string(text[n:]) != app {
		return nil, false
	}
	return text[:n], true
}
