package report

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	shots = flag.String("shots", "", "write pictures of the report, and its PDF, into this folder, to look at")
	of    = flag.String("of", "", "the report that -shots is to show, in the place of the sample")
)

func save(t *testing.T, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBrowser looks at reports in a real browser, started once.
func TestBrowser(t *testing.T) {
	b := startBrowser(t)
	dir := t.TempDir()
	page := save(t, dir, "sample.html", []byte(page1(t, sample())))

	// With its script.
	b.open(page, 1280, 900, true)
	if *shots != "" {
		takePictures(t, b, page)
		b.open(page, 1280, 900, true)
	}
	rows := "[...document.querySelectorAll('#findings-table tbody tr')]"
	shown := func() string {
		return eval[string](b, rows+".filter(r => !r.hidden).map(r => r.querySelector('code').textContent).join(' ')")
	}
	all := shown()
	if n := len(strings.Fields(all)); n != len(sample().Findings) {
		t.Fatalf("%d findings in the table: %s", n, all)
	}
	click := func(selector string) { eval[bool](b, "document.querySelector("+quoteJS(selector)+").click(), true") }
	choose := func(name, value string) {
		eval[bool](b, fmt.Sprintf("{const e = document.getElementById('filter-%s'); e.value = %s; e.dispatchEvent(new Event(e.tagName === 'INPUT' ? 'input' : 'change')); true}", name, quoteJS(value)))
	}
	for _, c := range []struct{ name, value, want string }{
		{"severity", "medium", "console_no_mfa recon_burst denied_burst"},
		{"sources", "waf", "waf_block_then_api"},
		{"tactics", "exfiltration", "s3_mass_read"},
		{"text", "SQLMAP", "waf_block_then_api"},
		{"text", "no such words", ""},
	} {
		choose(c.name, c.value)
		if got := shown(); got != c.want {
			t.Errorf("%s %s shows %q, want %q", c.name, c.value, got, c.want)
		}
		open := eval[int](b, "[...document.querySelectorAll('#evidence > details')].filter(d => !d.hidden).length")
		if want := len(strings.Fields(c.want)); open != want {
			t.Errorf("%s %s: %d pieces of evidence, want %d", c.name, c.value, open, want)
		}
		click("#findings .tools button")
		if got := shown(); got != all {
			t.Errorf("show all shows %q", got)
		}
	}
	// Hits are numbers in groups of three, and sort as numbers.
	click("#findings-table th:nth-child(3) button")
	if got := eval[string](b, rows+".map(r => r.cells[2].textContent).join(' ')"); got != "1 1 2 2 3 44 61 1,240 1,902" {
		t.Errorf("sorted by hits: %s", got)
	}
	click("#findings-table th:nth-child(3) button")
	if got := eval[string](b, rows+"[0].cells[2].textContent + document.querySelector('#findings-table th:nth-child(3)').ariaSort"); got != "1,902descending" {
		t.Errorf("sorted the other way: %s", got)
	}
	// Rows of evidence keep the line with their record.
	mass := "document.getElementById('finding-4').querySelector('table')"
	click("#finding-4 th:nth-child(7) button")
	click("#finding-4 th:nth-child(7) button")
	if got := eval[string](b, mass+".tBodies[0].rows[0].cells[6].textContent + ' ' + "+mass+".tBodies[0].rows[1].textContent"); !strings.HasPrefix(got, "101 record 12 of file 7, ") {
		t.Errorf("sorted evidence begins with %q", got)
	}
	// A link to what is closed opens it.
	closed := "document.getElementById('finding-5').closest('details').open"
	if eval[bool](b, closed) {
		t.Error("findings that are not critical are open from the start")
	}
	eval[bool](b, "new Promise(r => { addEventListener('hashchange', () => r(true)); location.hash = '#finding-5'; })")
	if !eval[bool](b, closed) {
		t.Error("a link into a closed finding does not open it")
	}
	click("#evidence .tools button:nth-child(2)")
	if n := eval[int](b, "document.querySelectorAll('#evidence > details[open]').length"); n != 0 {
		t.Errorf("close all leaves %d open", n)
	}
	b.quiet("sample")

	// Nothing is wider than the screen but what scrolls by itself, also on a telephone.
	for _, width := range []int{1280, 420} {
		b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
		if got := eval[int](b, "document.documentElement.scrollWidth"); got > width {
			t.Errorf("at %d the page is %d wide: %s", width, got, eval[string](b, fmt.Sprintf("[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll') && e.getBoundingClientRect().right > %d).map(e => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40)).join('; ')", width)))
		}
	}
	contrast(t, b, "light")
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": "dark"}}}, nil)
	contrast(t, b, "dark")

	// What is hostile in a log stays text.
	hostile := save(t, dir, "hostile.html", []byte(page1(t, hostileData())))
	b.open(hostile, 1280, 900, true)
	if n := eval[int](b, "document.scripts.length + document.images.length"); n != 1 {
		t.Errorf("%d scripts and images, want our script alone", n)
	}
	if !eval[bool](b, "document.body.innerText.includes('<script>alert(1)</script>')") {
		t.Error("the script in a log is not shown as text")
	}
	b.quiet("hostile")

	// Without script it is whole, and offers nothing that would not work.
	b.open(page, 1280, 900, false)
	if n := eval[int](b, "document.querySelectorAll('.tools, th button').length"); n != 0 {
		t.Errorf("%d controls that only a script serves", n)
	}
	if n := eval[int](b, rows+".length"); n != len(sample().Findings) {
		t.Errorf("without script there are %d findings", n)
	}
	pdf := b.pdf()
	if pages := bytes.Count(pdf, []byte("/Type /Page\n")); !bytes.HasPrefix(pdf, []byte("%PDF-")) || pages < 5 {
		t.Errorf("%d pages in %d bytes that begin with %.8q", pages, len(pdf), pdf)
	}
	b.quiet("without script")
}

func quoteJS(s string) string { return fmt.Sprintf("%q", s) }

// pdf prints the page.
func (b *browser) pdf() []byte {
	var r struct{ Data []byte }
	b.call("Page.printToPDF", map[string]any{"preferCSSPageSize": true, "printBackground": true}, &r)
	return r.Data
}

// contrast holds every text to the 4.5 to 1 of WCAG 2.2, 1.4.3; large ones to 3 to 1.
func contrast(t *testing.T, b *browser, scheme string) {
	t.Helper()
	faults := eval[[]string](b, `(() => {
		const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
		const rgba = c => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
		const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
		const ground = e => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; } return [255, 255, 255, 255]; };
		const bad = new Set();
		for (const e of document.querySelectorAll('body *')) {
			if (e.closest('svg') || !e.checkVisibility() || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
			const s = getComputedStyle(e), a = light(rgba(s.color)), z = light(ground(e));
			const ratio = (Math.max(a, z) + .05) / (Math.min(a, z) + .05), size = parseFloat(s.fontSize);
			if (ratio < (size >= 24 || size >= 18.6 && s.fontWeight >= 700 ? 3 : 4.5)) bad.add(e.tagName + '.' + e.className + ' ' + ratio.toFixed(2));
		}
		return [...bad];
	})()`)
	if len(faults) > 0 {
		t.Errorf("%s: too little contrast: %s", scheme, strings.Join(faults, ", "))
	}
}

// takePictures are for people to look at.
func takePictures(t *testing.T, b *browser, page string) {
	t.Helper()
	if *of != "" {
		page = *of
	}
	shot := func(name, selector string, width, most int, dark bool) {
		scheme := "light"
		if dark {
			scheme = "dark"
		}
		b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
		b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
		box := eval[[]float64](b, "(e => e ? (r => [r.top + scrollY, r.height])(e.getBoundingClientRect()) : [0, 0])(document.querySelector("+quoteJS(selector)+"))")
		if box[1] == 0 {
			t.Logf("%s: nothing is %s", name, selector)
			return
		}
		var r struct{ Data []byte }
		b.call("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true,
			"clip": map[string]any{"x": 0, "y": box[0], "width": width, "height": min(box[1], float64(most)), "scale": 1}}, &r)
		save(t, *shots, name+".png", r.Data)
	}
	start := time.Now()
	b.load(page)
	t.Logf("loaded in %v, %d elements", time.Since(start), eval[int](b, "document.querySelectorAll('*').length"))
	shot("top", "body", 1280, 1500, false)
	shot("top_dark", "body", 1280, 1500, true)
	shot("top_420", "body", 420, 2400, false)
	for _, section := range []string{"timeline", "findings", "attack", "who", "chains", "traffic", "kept", "missing", "verification", "loaded", "evidence", "queries"} {
		shot(section, "#"+section, 1280, 1700, false)
	}
	shot("attack_dark", "#attack", 1280, 1500, true)
	shot("chains_dark", "#chains", 1280, 1500, true)
	shot("evidence_420", "#evidence", 420, 2000, false)
	save(t, *shots, "print.pdf", b.pdf())
}
