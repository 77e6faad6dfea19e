package indicator

import (
	"regexp"
	"strings"
)

var (
	dots    = strings.NewReplacer("[.]", ".", "(.)", ".", "{.}", ".", "[dot]", ".", "(dot)", ".", "[DOT]", ".", "[:]", ":", "[://]", "://", "[@]", "@", "[at]", "@", "(at)", "@", "[/]", "/", `\.`, ".", "[.", ".", ".]", ".")
	schemes = regexp.MustCompile(`^(?i)(?:h[tx]{2}p|meow|h\*\*p)(s?)(?:://|\[://\]|:/+|__)`)
	fxp     = regexp.MustCompile(`^(?i)fxp(s?)://`)
)

// refang undoes what keeps a value from being clicked: hxxp://, 192.0.2[.]1,
// evil[.]example, user[@]example.com. Other values stay as they are.
func refang(v string) string {
	if len(v) > 4 && (v[0]|0x20 == 'h' || v[0]|0x20 == 'm') && (strings.IndexByte(v, '/') >= 0 || strings.Contains(v, "__")) {
		v = schemes.ReplaceAllString(v, "http$1://")
	}
	if len(v) > 4 && v[0]|0x20 == 'f' {
		v = fxp.ReplaceAllString(v, "ftp$1://")
	}
	// A user agent may have brackets; a defanged value has no blank.
	if strings.ContainsAny(v, `[({\`) && !strings.ContainsAny(v, " ") {
		if strings.HasPrefix(v, "[") && strings.Count(v, ":") > 2 {
			return v // [2001:db8::1]:443
		}
		return dots.Replace(v)
	}
	return v
}
