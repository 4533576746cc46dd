package app

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/check"
	"github.com/skygenesisenterprise/skybridge/signaling/feature"
)

func TestDialOptions(t *testing.T) {
	for text, want := range map[string]struct {
		dialOptions
		missed string
	}{
		"":     {},
		"g":    {dialOptions: dialOptions{goOn: true}},
		"tkKg": {dialOptions{goOn: true, calleeKeys: feature.Keys{Transfer: true}}, "kK"},
		"hTH": {dialOptions: dialOptions{
			callerKeys: feature.Keys{Transfer: true, HangUp: true}, calleeKeys: feature.Keys{HangUp: true},
		}},
		"wxWX": {dialOptions: dialOptions{
			callerKeys: feature.Keys{Monitor: true, MixMonitor: true}, calleeKeys: feature.Keys{Monitor: true, MixMonitor: true},
		}},
		"r":                       {dialOptions: dialOptions{ring: true}},
		"r(busy)":                 {dialOptions: dialOptions{ring: true, tone: "busy"}},
		"R":                       {dialOptions: dialOptions{ringUntil: true}},
		"aIC":                     {},
		"gi":                      {dialOptions: dialOptions{goOn: true, stays: true}},
		"L(60000:10000)":          {dialOptions: dialOptions{limit: time.Minute}},
		"S(5)L(60000)":            {dialOptions: dialOptions{limit: 5 * time.Second}},
		"L(1000)S(5)g":            {dialOptions: dialOptions{goOn: true, limit: time.Second}},
		"S(0)":                    {},
		"L(x)S(-1)":               {},
		"U(greeting^g)b(r^g(S)1)": {dialOptions{sub: "greeting^g"}, "b"},
		"M(never-closed(g)":       {missed: "M"},
		")g":                      {dialOptions: dialOptions{goOn: true}},
		"F":                       {dialOptions: dialOptions{calleeGoesOn: true}},
		"F(a^b^1)G(s^2)":          {dialOptions: dialOptions{calleeGoesOn: true, calleeTo: "a,b,1", both: "s,2"}},
	} {
		got := parseDialOptions(text)
		var missed strings.Builder
		for _, m := range got.missed {
			missed.WriteByte(m.letter)
		}
		got.missed = nil
		if !reflect.DeepEqual(got, want.dialOptions) || missed.String() != want.missed {
			t.Errorf("%q gives %+v and misses %q, want %+v, %q", text, got, missed.String(), want.dialOptions, want.missed)
		}
	}
}

func FuzzDialOptions(f *testing.F) {
	for _, s := range []string{"tTg", "L(60000:1:2)", "U((x)", "S(1e9)S(99999999999999)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if o := parseDialOptions(s); o.limit < 0 || len(o.missed) > len(s) {
			t.Errorf("%q gives %+v", s, o)
		}
	})
}

// What is not served is named with its line when a directory is read.
func TestArgumentsAreCheckedWithTheFiles(t *testing.T) {
	apps, err := dialplan.NewApps(dialplan.Builtins(), Applications(&Services{}))
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := check.Load(asterisk.Loader{FS: fstest.MapFS{
		"confbridge.conf": {Data: []byte("[secret]\ntype=user\npin=12\n")},
		"extensions.conf": {Data: []byte(`[a]
exten => 1,1,Dial(PJSIP/1,20,gkKwWxXm(default)M(x))
 same => n,ExecIf($[1]?Dial(PJSIP/1,,p))
 same => n,Dial(PJSIP/1,,g${OPTIONS}m)
 same => n,Dial(PJSIP/1,20,rgF(a^1^1)G(1^1)U(x)S(5)L(1000)aCi)
 same => n,ConfBridge(9000,,secret)
 same => n,ConfBridge(9000,${B},secrt)
 same => n,ConfBridge(9000, big,${U})
`)},
	}}, check.Options{Apps: apps, Arguments: ArgumentChecks})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range loaded.Warnings {
		if !strings.Contains(w.Text, "function") {
			got = append(got, w.String())
		}
	}
	want := []string{
		"extensions.conf:2: Dial: option k is not served by this version; here: calls cannot be parked by keys",
		"extensions.conf:2: Dial: option K is not served by this version; here: calls cannot be parked by keys",
		"extensions.conf:2: Dial: option m is not served by this version; here: the caller hears ringing",
		"extensions.conf:2: Dial: option M is not served by this version; here: no macro runs on the called channel; U does",
		"extensions.conf:3: Dial: option p is not served by this version; here: the called party is not asked whether to take the call",
		`extensions.conf:7: ConfBridge: there is no user profile "secrt" in confbridge.conf; here: nobody is let in`,
		`extensions.conf:8: ConfBridge: there is no bridge profile "big" in confbridge.conf; here: nobody is let in`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("warnings:\n%s", strings.Join(got, "\n"))
	}
}
