// Package function is the functions of the dialplan: ${NAME(args)} and
// Set(NAME(args)=value). A function is a file and a line in All; what it works on is
// the Call it is given. Values have no limit of their own but substitute.MaxBytes.
package function

import (
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// All are the functions that need nothing but the call itself, one line each.
func All() []dialplan.Function {
	return []dialplan.Function{
		readable("ABS", "The absolute value of a number", readAbs),
		writable("ARRAY", "Set several variables at once", writeArray),
		pure("BASE64_DECODE", "Decode base64", base64Decode),
		pure("BASE64_ENCODE", "Encode as base64", base64Encode),
		both("CALLERID", "Who is calling: num, name or all", readCallerID, writeCallerID),
		both("CHANNEL", "An attribute of the channel", readChannel, writeChannel),
		pure("CSV_QUOTE", "Quote a text as a field of CSV", csvQuote),
		readable("CUT", "Fields of a variable", readCut),
		readable("DEC", "Take one from a variable", readDec),
		readable("DIALPLAN_EXISTS", "Whether a context, extension or priority exists", readDialplanExists),
		readable("EVAL", "Substitute a text again", readEval),
		readable("EXCEPTION", "Why the call came to the e extension", readException),
		pure("EXISTS", "1 for a text that is not empty", exists),
		readable("FIELDNUM", "The place of a field in a variable", readFieldNum),
		readable("FIELDQTY", "The number of fields in a variable", readFieldQty),
		readable("FILTER", "The allowed characters of a text", readFilter),
		both("GLOBAL", "A global variable", readGlobal, writeGlobal),
		both("HASH", "A value by its key", readHash, writeHash),
		readable("HASHKEYS", "The keys of a hash", readHashKeys),
		readable("IF", "One of two texts by a condition", readIf),
		readable("IFTIME", "One of two texts by the time", readIfTime),
		readable("INC", "Add one to a variable", readInc),
		pure("ISNULL", "1 for an empty text", isNull),
		pure("KEYPADHASH", "The keys that spell a text", keypadHash),
		pure("LEN", "The length of a text in bytes", length),
		readable("LISTFILTER", "A list without an item", readListFilter),
		both("LOCAL", "A variable of the subroutine", readLocal, writeLocal),
		pure("LTRIM", "A text without the spaces before it", trimLeft),
		readable("MATH", "One operation on two numbers", readMath),
		readable("MAX", "The larger of two numbers", readMax),
		readable("MD5", "The MD5 of a text, in hexadecimal", readMD5),
		readable("MIN", "The smaller of two numbers", readMin),
		pure("PASSTHRU", "The text itself", passThrough),
		readable("POP", "Take the last item off a list", readPop),
		writable("PUSH", "Add an item at a list's end", writePush),
		pure("QUOTE", "Quote a text", quote),
		readable("RAND", "A random number", readRand),
		readable("REGEX", "Whether a text matches a regular expression", readRegex),
		readable("REPLACE", "Replace a set of characters in a variable", readReplace),
		pure("RTRIM", "A text without the spaces behind it", trimRight),
		readable("SET", "Set a variable and give its value", readSet),
		readable("SHA1", "The SHA-1 of a text, in hexadecimal", readSHA1),
		readable("SHIFT", "Take the first item off a list", readShift),
		readable("STRFTIME", "A time as text", readStrftime),
		readable("STRREPLACE", "Replace a text in a variable", readStrReplace),
		both("TIMEOUT", "The timeouts of the call", readTimeout, writeTimeout),
		pure("TOLOWER", "A text in lower case", lower),
		pure("TOUPPER", "A text in upper case", upper),
		pure("TRIM", "A text without the spaces around it", trimBoth),
		writable("UNSHIFT", "Add an item at a list's beginning", writeUnshift),
		pure("URIDECODE", "Decode %XX", uriDecode),
		pure("URIENCODE", "Encode as %XX what a URI cannot hold", uriEncode),
		readable("VALID_EXTEN", "Whether an extension exists", readValidExten),
	}
}

type (
	reader = func(c *dialplan.Call, args string) (string, error)
	writer = func(c *dialplan.Call, args, value string) error
)

func readable(name, synopsis string, read reader) dialplan.Function {
	return dialplan.Function{Name: name, Synopsis: synopsis, Read: read}
}

func writable(name, synopsis string, write writer) dialplan.Function {
	return dialplan.Function{Name: name, Synopsis: synopsis, Write: write}
}

func both(name, synopsis string, read reader, write writer) dialplan.Function {
	return dialplan.Function{Name: name, Synopsis: synopsis, Read: read, Write: write}
}

// pure is a function of nothing but its text.
func pure(name, synopsis string, of func(string) string) dialplan.Function {
	return readable(name, synopsis, func(_ *dialplan.Call, args string) (string, error) { return of(args), nil })
}

// named is the value of what a function's first argument names: a variable, or
// another function. An error stands beside what Asterisk goes on with.
func named(c *dialplan.Call, name string) (string, error) { return c.Eval("${" + name + "}") }

func bad(name, args, usage string) error {
	return fault.New(fault.Invalid, "%s(%s): use %s", name, args, usage)
}

func bit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
