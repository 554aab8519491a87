package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Caps against a hostile or broken caller; Stripe's own are not published.
const (
	maxBody   = 1 << 20
	maxParams = 4000
	maxDepth  = 8
)

var paramShape = regexp.MustCompile(`^([^\[\]]+)((?:\[[^\[\]]*\])*)$`)

// form is a request's parameters, flat, under Stripe's bracketed names with every list index written out.
type form map[string]string

// parseForm reads `a[b][0][c]=v` parameters from a raw query or body.
func parseForm(raw string) (form, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, badRequest("", "", "The request's parameters could not be read: "+err.Error())
	}
	f := form{}
	for _, name := range slices.Sorted(maps.Keys(values)) { // in one order: of line_items[] and line_items[0], always the same one stands
		all := values[name]
		if len(f)+len(all) > maxParams {
			return nil, badRequest("", "", fmt.Sprintf("A request takes at most %d parameters.", maxParams))
		}
		if !paramShape.MatchString(name) || strings.Count(name, "[") > maxDepth {
			return nil, badRequest("parameter_unknown", name, "Received unknown parameter: "+name)
		}
		if list, ok := strings.CutSuffix(name, "[]"); ok && !strings.Contains(list, "[]") {
			for i, v := range all {
				f[fmt.Sprintf("%s[%d]", list, i)] = v
			}
			continue
		}
		if strings.Contains(name, "[]") {
			return nil, badRequest("", name, "The sandbox wants list indexes written out, as in line_items[0][quantity].")
		}
		f[name] = all[len(all)-1]
	}
	return f, nil
}

// pattern replaces list indexes: line_items[3][quantity] → line_items[][quantity].
func pattern(name string) string {
	parts := strings.Split(name, "[")
	for i, p := range parts[1:] {
		if _, err := strconv.ParseUint(strings.TrimSuffix(p, "]"), 10, 16); err == nil {
			parts[i+1] = "]"
		}
	}
	return strings.Join(parts, "[")
}

// allow refuses every parameter that is not in known. A known name ending in [*] takes any one key below it, in [**] anything.
func (f form) allow(known ...string) error {
	var strange []string
	for name, value := range f {
		p := pattern(name)
		under, _, _ := cutLast(name)
		free := slices.Contains(known, pattern(under)+"[*]")
		root, _, _ := strings.Cut(name, "[")
		if !free && !slices.Contains(known, p) && !slices.Contains(known, root+"[**]") && p != "expand[]" {
			strange = append(strange, name)
			continue
		}
		if value == "" && !free {
			return badRequest("parameter_invalid_empty", name, fmt.Sprintf("You passed an empty string for '%s'. We assume empty values are an "+
				"attempt to unset a parameter; however '%s' cannot be unset. You should remove '%s' from your request or supply a non-empty value.", name, name, name))
		}
	}
	if len(strange) == 0 {
		return nil
	}
	slices.Sort(strange)
	word := "parameter"
	if len(strange) > 1 {
		word = "parameters"
	}
	return badRequest("parameter_unknown", strange[0], "Received unknown "+word+": "+strings.Join(strange, ", "))
}

// cutLast parts metadata[order] into metadata and order.
func cutLast(name string) (under, key string, ok bool) {
	at := strings.LastIndex(name, "[")
	if at < 0 {
		return name, "", false
	}
	return name[:at], strings.TrimSuffix(name[at+1:], "]"), true
}

func (f form) need(names ...string) error {
	for _, name := range names {
		if _, ok := f[name]; !ok {
			return badRequest("parameter_missing", name, "Missing required param: "+name+".")
		}
	}
	return nil
}

// number reads an integer; ok is false when the parameter is absent.
func (f form) number(name string) (n int64, ok bool, err error) {
	raw, ok := f[name]
	if !ok {
		return 0, false, nil
	}
	n, err = strconv.ParseInt(raw, 10, 64)
	if err != nil {
		return 0, true, badRequest("parameter_invalid_integer", name, "Invalid integer: "+raw)
	}
	return n, true, nil
}

func (f form) flag(name string) (bool, error) {
	switch raw := f[name]; raw {
	case "true", "false", "":
		return raw == "true", nil
	default:
		return false, badRequest("", name, "Invalid boolean: "+raw)
	}
}

// among reads one of a few words; absent gives the first of them.
func (f form) among(name string, words ...string) (string, error) {
	raw, ok := f[name]
	if !ok {
		return words[0], nil
	}
	if !slices.Contains(words, raw) {
		return "", badRequest("", name, fmt.Sprintf("Invalid %s: must be one of %s", name, strings.Join(words, ", ")))
	}
	return raw, nil
}

// short reads a text of at most limit characters.
func (f form) short(name string, limit int) (string, error) {
	raw := f[name]
	if len([]rune(raw)) > limit {
		return "", badRequest("", name, fmt.Sprintf("Invalid string: %s…; must be at most %d characters", string([]rune(raw)[:20]), limit))
	}
	return raw, nil
}

// link reads an absolute http(s) URL; absent gives "".
func (f form) link(name string) (string, error) {
	raw, ok := f[name]
	if !ok {
		return "", nil
	}
	u, err := url.Parse(strings.ReplaceAll(raw, sessionMark, "x"))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || len(raw) > 5000 {
		return "", badRequest("url_invalid", name, "Not a valid URL")
	}
	return raw, nil
}

// list reads name[0], name[1] … without gaps.
func (f form) list(name string) []string {
	var out []string
	for i := 0; ; i++ {
		v, ok := f[fmt.Sprintf("%s[%d]", name, i)]
		if !ok {
			return out
		}
		out = append(out, v)
	}
}

// indexes lists the i for which any name[i][…] is given, in order.
func (f form) indexes(name string) []int {
	var out []int
	for k := range f {
		rest, ok := strings.CutPrefix(k, name+"[")
		if !ok {
			continue
		}
		raw, _, _ := strings.Cut(rest, "]")
		if i, err := strconv.Atoi(raw); err == nil && i >= 0 && !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return out
}

// metadata reads name[key]=value pairs within Stripe's limits: 50 keys of 40 characters, values of 500 (docs.stripe.com/api/metadata).
func (f form) metadata(name string) (map[string]string, error) {
	out := map[string]string{}
	for k, v := range f {
		under, key, ok := cutLast(k)
		if !ok || under != name {
			continue
		}
		if len([]rune(key)) > 40 {
			return nil, badRequest("", k, "Metadata keys can have up to 40 characters.")
		}
		if len([]rune(v)) > 500 {
			return nil, badRequest("", k, "Metadata values can have up to 500 characters.")
		}
		out[key] = v
	}
	if len(out) > 50 {
		return nil, badRequest("", name, "Metadata can have up to 50 keys.")
	}
	return out, nil
}

// print is the same for two requests that ask for the same thing.
func (f form) print(method, path string) string {
	names := make([]string, 0, len(f))
	for k := range f {
		names = append(names, k)
	}
	slices.Sort(names)
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%q %q\n", method, path)
	for _, k := range names {
		_, _ = fmt.Fprintf(sum, "%q=%q\n", k, f[k])
	}
	return hex.EncodeToString(sum.Sum(nil))
}
