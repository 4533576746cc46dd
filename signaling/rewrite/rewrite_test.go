package rewrite

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

var (
	france = DefaultPlan("33")
	usa    = Plan{Country: "1", NationalPrefix: "1", InternationalPrefix: "011"}
	norway = Plan{Country: "47", InternationalPrefix: "00"}
)

// cases are rules, and pairs of a number and what becomes of it; "" is an error.
var cases = []struct {
	name    string
	rules   []Rule
	numbers map[string]string
}{
	{"none", nil, map[string]string{"0123": "0123", "": ""}},
	{"a prefix goes", []Rule{{Prefix: "9"}}, map[string]string{"90123": "0123", "8": "8", "99": "9", "9": ""}},
	{"a prefix is another", []Rule{{Prefix: "00", Replace: "+"}}, map[string]string{"0044": "+44", "044": "044"}},
	{"a prefix comes", []Rule{{Any: true, Replace: "*31#"}}, map[string]string{"0123": "*31#0123"}},
	{"in order", []Rule{{Prefix: "0", Replace: "+33"}, {Prefix: "+33", Replace: "00"}, {Prefix: "00", Replace: "x"}},
		map[string]string{"01": "x1", "+332": "x2"}},
	{"the last", []Rule{{Prefix: "0", Replace: "+33", Last: true}, {Any: true, Replace: "7"}}, map[string]string{"01": "+331", "2": "72"}},
	{"pattern", []Rule{{Pattern: `0([1-9]\d{8})`, Replace: "+33$1"}},
		map[string]string{"0123456789": "+33123456789", "01234567890": "01234567890", "x0123456789": "x0123456789"}},
	{"groups", []Rule{{Pattern: `(?P<a>\d{2})(\d*)`, Replace: "${2}-${a}"}}, map[string]string{"12345": "345-12"}},
	{"alternatives are whole", []Rule{{Pattern: "1|12", Replace: "x"}}, map[string]string{"12": "x", "123": "123"}},
	{"what cannot be dialled", []Rule{{Pattern: `(\d+)`, Replace: "$1@elsewhere"}}, map[string]string{"1": "", "a": "a"}},
	{"nothing is left", []Rule{{Pattern: `.*`, Replace: ""}}, map[string]string{"1": ""}},
	{"too long", []Rule{{Pattern: `(.*)`, Replace: "$1$1$1$1$1$1$1$1$1$1"}}, map[string]string{"1234567": "", "12": strings.Repeat("12", 10)}},
	{"to e164", []Rule{{To: E164, Plan: france}}, map[string]string{
		"0123456789": "+33123456789", "+33123456789": "+33123456789", "0033123456789": "+33123456789", "33123456789": "+33123456789",
		"00442079460000": "+442079460000", "+1-212-555-0100": "+12125550100", "15": "15", "112": "112", "1001": "1001",
		"+0123456789": "+0123456789", "+1234567890123456": "+1234567890123456", "alice": "alice", "+": "+", "*31": "*31",
	}},
	{"to digits", []Rule{{To: Digits, Plan: france}}, map[string]string{"0123456789": "33123456789", "+442079460000": "442079460000", "18": "18"}},
	{"to national", []Rule{{To: National, Plan: france}}, map[string]string{
		"+33123456789": "0123456789", "0033123456789": "0123456789", "0123456789": "0123456789", "+442079460000": "00442079460000",
	}},
	{"to international", []Rule{{To: International, Plan: france}}, map[string]string{"0123456789": "0033123456789", "+442079460000": "00442079460000"}},
	{"in the USA", []Rule{{To: E164, Plan: usa}}, map[string]string{
		"2125550100": "+12125550100", "12125550100": "+12125550100", "011442079460000": "+442079460000", "911": "911", "+12125550100": "+12125550100",
	}},
	{"without a national prefix", []Rule{{To: E164, Plan: norway}}, map[string]string{"22334455": "+4722334455", "004722334455": "+4722334455", "113": "113"}},
	{"what it writes it reads", []Rule{{To: National, Plan: norway}, {To: E164, Plan: norway}}, map[string]string{"+4722334455": "+4722334455"}},
}

func TestApply(t *testing.T) {
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			rules, err := Compile(tt.rules)
			if err != nil {
				t.Fatal(err)
			}
			for number, want := range tt.numbers {
				got, err := rules.Apply(number)
				if got != want || (err != nil) != (want == "" && number != "") {
					t.Errorf("%q becomes %q (%v), want %q", number, got, err, want)
				}
				if err != nil && fault.Of(err) != fault.Invalid {
					t.Errorf("%q: kind %v", number, fault.Of(err))
				}
			}
		})
	}
}

func TestCompile(t *testing.T) {
	for name, r := range map[string]Rule{
		"nothing":            {},
		"two at once":        {Prefix: "0", Pattern: "1"},
		"no expression":      {Pattern: "("},
		"a long expression":  {Pattern: strings.Repeat("a", 257)},
		"an odd replacement": {Prefix: "0", Replace: "a@b"},
		"an odd prefix":      {Prefix: "a b"},
		"no form":            {To: "e163", Plan: france},
		"no country":         {To: E164, Plan: DefaultPlan("")},
		"a plus":             {To: E164, Plan: DefaultPlan("+33")},
		"a long country":     {To: E164, Plan: DefaultPlan("3333")},
		"an odd country":     {To: E164, Plan: DefaultPlan("0")},
		"an odd prefix 2":    {To: E164, Plan: Plan{Country: "33", NationalPrefix: "x", InternationalPrefix: "00"}},
		"no international":   {To: E164, Plan: Plan{Country: "33"}},
	} {
		if _, err := Compile([]Rule{{Prefix: "0"}, r}); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "rule 2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Compile(make([]Rule, 101)); fault.Of(err) != fault.Invalid {
		t.Errorf("too many: %v", err)
	}
}

// Whatever comes in, what comes out can be dialled; and a number in the form it is to
// have stays as it is.
func FuzzApply(f *testing.F) {
	for _, tt := range cases {
		for number := range tt.numbers {
			f.Add(number)
		}
	}
	var all []Rules
	for _, tt := range cases {
		rules, err := Compile(tt.rules)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, rules)
	}
	f.Fuzz(func(t *testing.T, number string) {
		for i, rules := range all {
			got, err := rules.Apply(number)
			if err != nil {
				if got != "" || fault.Of(err) != fault.Invalid {
					t.Errorf("%s: %q: %q, %v", cases[i].name, number, got, err)
				}
				continue
			}
			if len(rules.rules) > 0 && number != "" && (got == "" || !dialable(got)) {
				t.Errorf("%s: %q becomes %q", cases[i].name, number, got)
			}
			if len(cases[i].rules) == 1 && cases[i].rules[0].To != "" {
				if again, err := rules.Apply(got); err != nil || again != got && cases[i].rules[0].To == E164 {
					t.Errorf("%s: %q becomes %q, and that %q (%v)", cases[i].name, number, got, again, err)
				}
			}
		}
	})
}
