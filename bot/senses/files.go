package senses

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"mime"
	"strings"
)

// sound is a kind of recording that endpoints take.
type sound struct {
	ending, mime string
	names        []string // how senders call it
}

// soundOf tells by its bytes what a recording is. What the sender called it may be missing, and must fit where it is there.
func soundOf(raw []byte, called string) (sound, bool) {
	k, ok := soundIn(raw)
	if !ok || called == "" {
		return k, ok
	}
	name, _, err := mime.ParseMediaType(called)
	if err != nil {
		return sound{}, false
	}
	for _, n := range k.names {
		if name == "audio/"+n {
			return k, true
		}
	}
	return sound{}, false
}

func soundIn(raw []byte) (sound, bool) {
	begins := func(head string) bool { return bytes.HasPrefix(raw, []byte(head)) }
	at := func(offset int, what string) bool {
		return len(raw) >= offset+len(what) && string(raw[offset:offset+len(what)]) == what
	}
	switch {
	case begins("OggS"):
		return sound{"ogg", "audio/ogg", []string{"ogg", "opus", "x-opus+ogg", "vorbis"}}, true
	case begins("ID3"), len(raw) > 1 && raw[0] == 0xff && raw[1]&0xe6 == 0xe2: // the last is a frame of layer III
		return sound{"mp3", "audio/mpeg", []string{"mpeg", "mp3", "mpeg3", "x-mpeg", "x-mp3"}}, true
	case begins("RIFF") && at(8, "WAVE"):
		return sound{"wav", "audio/wav", []string{"wav", "x-wav", "wave", "vnd.wave"}}, true
	case at(4, "ftyp"):
		return sound{"m4a", "audio/mp4", []string{"mp4", "m4a", "x-m4a", "aac"}}, true
	case begins("\x1a\x45\xdf\xa3"):
		return sound{"webm", "audio/webm", []string{"webm"}}, true
	case begins("fLaC"):
		return sound{"flac", "audio/flac", []string{"flac", "x-flac"}}, true
	}
	return sound{}, false
}

const (
	// maxPhoto is what a photo may weigh, as WhatsApp has it.
	maxPhoto = 5 << 20
	// maxPixels bounds what is unpacked: a small file can hold a very large picture.
	maxPixels = 13 << 20
	// unpackedAtOnce bounds how many are: each may take some hundred megabytes.
	unpackedAtOnce = 2
	// photoSide is the longer side of what is shown to the model, in pixels.
	photoSide    = 768
	photoQuality = 80
)

// picture makes a photo anew, smaller: so it is a picture for certain, and nothing of where and with what it was taken is left.
func picture(raw []byte, called string) ([]byte, error) {
	kind, decode := "jpeg", jpeg.Decode
	size, err := jpeg.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		kind, decode = "png", png.Decode
		size, err = png.DecodeConfig(bytes.NewReader(raw))
	}
	if err != nil || size.Width < 1 || size.Height < 1 || size.Width > maxPixels/size.Height {
		return nil, ErrFile
	}
	if name, _, _ := mime.ParseMediaType(called); called != "" && strings.Replace(name, "jpg", "jpeg", 1) != "image/"+kind {
		return nil, ErrFile
	}
	img, err := decode(bytes.NewReader(raw))
	if err != nil {
		return nil, ErrFile
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, smaller(img), &jpeg.Options{Quality: photoQuality}); err != nil {
		return nil, ErrFile
	}
	return out.Bytes(), nil
}

// smaller gives a picture whose longer side is photoSide at most; each of its points is the mean of some of those that it stands for.
func smaller(img image.Image) image.Image {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if long := max(w, h); long > photoSide {
		w, h = max(1, w*photoSide/long), max(1, h*photoSide/long)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	const looks = 2 // in each direction
	for y := range h {
		for x := range w {
			var r, g, bl uint32
			for i := range looks * looks {
				cr, cg, cb, ca := img.At(b.Min.X+((2*x+i%looks)*b.Dx())/(looks*w), b.Min.Y+((2*y+i/looks)*b.Dy())/(looks*h)).RGBA()
				white := 0xffff - ca // what is transparent stands on white
				r, g, bl = r+cr+white, g+cg+white, bl+cb+white
			}
			const n = looks * looks
			out.SetRGBA(x, y, color.RGBA{uint8(r / n >> 8), uint8(g / n >> 8), uint8(bl / n >> 8), 0xff})
		}
	}
	return out
}
