package dialplan

import "github.com/skygenesisenterprise/skybridge/internal/fault"

// BuiltinFunctions are the functions that need nothing but the call itself.
func BuiltinFunctions() []Function {
	return []Function{
		{"ABS", "The absolute value of a number", readAbs, nil},
		{"ARRAY", "Set several variables at once", nil, writeArray},
		{"BASE64_DECODE", "Decode base64", pure(base64Decode), nil},
		{"BASE64_ENCODE", "Encode as base64", pure(base64Encode), nil},
		{"CALLERID", "Who is calling: num, name or all", readCallerID, writeCallerID},
		{"CHANNEL", "An attribute of the channel", readChannel, writeChannel},
		{"CSV_QUOTE", "Quote a text as a field of CSV", pure(csvQuote), nil},
		{"CUT", "Fields of a variable", readCut, nil},
		{"DEC", "Take one from a variable", readDec, nil},
		{"DIALPLAN_EXISTS", "Whether a context, extension or priority exists", readDialplanExists, nil},
		{"EVAL", "Substitute a text again", readEval, nil},
		{"EXCEPTION", "Why the call came to the e extension", readException, nil},
		{"EXISTS", "1 for a text that is not empty", pure(exists), nil},
		{"FIELDNUM", "The place of a field in a variable", readFieldNum, nil},
		{"FIELDQTY", "The number of fields in a variable", readFieldQty, nil},
		{"FILTER", "The allowed characters of a text", readFilter, nil},
		{"GLOBAL", "A global variable", readGlobal, writeGlobal},
		{"HASH", "A value by its key", readHash, writeHash},
		{"HASHKEYS", "The keys of a hash", readHashKeys, nil},
		{"IF", "One of two texts by a condition", readIf, nil},
		{"IFTIME", "One of two texts by the time", readIfTime, nil},
		{"INC", "Add one to a variable", readInc, nil},
		{"ISNULL", "1 for an empty text", pure(isNull), nil},
		{"KEYPADHASH", "The keys that spell a text", pure(keypadHash), nil},
		{"LEN", "The length of a text in bytes", pure(length), nil},
		{"LISTFILTER", "A list without an item", readListFilter, nil},
		{"LOCAL", "A variable of the subroutine", readLocal, writeLocal},
		{"LTRIM", "A text without the spaces before it", pure(trimLeft), nil},
		{"MATH", "One operation on two numbers", readMath, nil},
		{"MAX", "The larger of two numbers", readMax, nil},
		{"MD5", "The MD5 of a text, in hexadecimal", pure(md5Hex), nil},
		{"MIN", "The smaller of two numbers", readMin, nil},
		{"PASSTHRU", "The text itself", pure(passThrough), nil},
		{"POP", "Take the last item off a list", readPop, nil},
		{"PUSH", "Add an item at a list's end", nil, writePush},
		{"QUOTE", "Quote a text", pure(quote), nil},
		{"RAND", "A random number", readRand, nil},
		{"REGEX", "Whether a text matches a regular expression", readRegex, nil},
		{"REPLACE", "Replace a set of characters in a variable", readReplace, nil},
		{"RTRIM", "A text without the spaces behind it", pure(trimRight), nil},
		{"SET", "Set a variable and give its value", readSet, nil},
		{"SHA1", "The SHA-1 of a text, in hexadecimal", pure(sha1Hex), nil},
		{"SHIFT", "Take the first item off a list", readShift, nil},
		{"STRFTIME", "A time as text", readStrftime, nil},
		{"STRREPLACE", "Replace a text in a variable", readStrReplace, nil},
		{"TIMEOUT", "The timeouts of the call", readTimeout, writeTimeout},
		{"TOLOWER", "A text in lower case", pure(lower), nil},
		{"TOUPPER", "A text in upper case", pure(upper), nil},
		{"TRIM", "A text without the spaces around it", pure(trimBoth), nil},
		{"UNSHIFT", "Add an item at a list's beginning", nil, writeUnshift},
		{"URIDECODE", "Decode %XX", pure(uriDecode), nil},
		{"URIENCODE", "Encode as %XX what a URI cannot hold", pure(uriEncode), nil},
		{"VALID_EXTEN", "Whether an extension exists", readValidExten, nil},
	}
}

// pure makes a Function's Read of a function of its text.
func pure(f func(string) string) func(*Call, string) (string, error) {
	return func(_ *Call, args string) (string, error) { return f(args), nil }
}

// named is the value of what a function's first argument names: a variable, or
// another function.
func (c *Call) named(name string) string { return c.Substitute("${" + name + "}") }

func bad(name, args, usage string) error {
	return fault.New(fault.Invalid, "%s(%s): use %s", name, args, usage)
}

func bit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
